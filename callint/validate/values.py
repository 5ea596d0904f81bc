"""The classes of texts that Calico's Go validator knows: addresses, names, durations, patterns (validator.go)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

from callint.net import read
from callint.net.address import BITS, Family, Prefix, parse_cidr, parse_ip, parse_peer, surely_v4
from callint.net.community import parse_community
from callint.net.duration import parse_duration
from callint.net.interface import parse_interface
from callint.validate.scope import Flaw, Verdict

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_TWO = "[0-9A-Fa-f]{2}"
_FOUR = "[0-9A-Fa-f]{4}"
_MAC = (
    rf"{_TWO}([:-]){_TWO}(?:\1{_TWO}){{4}}(?:(?:\1{_TWO}){{2}}|(?:\1{_TWO}){{14}})?"
    rf"|{_FOUR}(?:\.{_FOUR}){{2}}(?:\.{_FOUR}|(?:\.{_FOUR}){{7}})?"
    rf"|(?:{_FOUR}){{3,4}}|(?:{_FOUR}){{10}}"
)
"""Six, eight or twenty bytes, as Go's net.ParseMAC has them; without signs between them since 1.26."""
_COMMUNITY_LIKE = r"[0-9]+:[0-9]+(:[0-9]+)?"
_DSCP = frozenset({"DF", "EF", *(f"AF{x}{y}" for x in "1234" for y in "123"), *(f"CS{x}" for x in range(7))})
_CACHE = 512
_LONGEST_PATTERN = 2000


def _network(text: str, *, family: Family | None = None, bare: bool = False, host_bits: bool = False) -> Flaw | None:
    return None if family != 6 and surely_v4(text, host_bits=host_bits) else _any_network(text, family, bare, host_bits)


@lru_cache(maxsize=_CACHE)
def _any_network(text: str, family: Family | None, bare: bool, host_bits: bool) -> Flaw | None:
    try:
        prefix = parse_cidr(text)
    except ValueError as error:
        return Flaw("bad-address", str(error))
    if family is not None and prefix.family != family:
        return Flaw("wrong-family", f'"{text}" is IPv{prefix.family} where IPv{family} was expected')
    if not bare and "/" not in text:
        return Flaw("missing-prefix-length", f'"{text}" has no prefix length; {_with_length(prefix)} was expected')
    if not host_bits and prefix.value != prefix.first:
        return Flaw("cidr-host-bits", f'"{text}" has host bits set; the network is "{prefix.masked()}"')
    return None


def _with_length(host: Prefix) -> str:
    """What is meant by an address: itself, or the network that it is the first one of, as far as it ends in zeros."""
    bits, zeros = BITS[host.family], (host.value & -host.value).bit_length() - 1
    whole = bits - zeros // 8 * 8 if host.family == 4 else 64
    if not host.value or zeros < bits - whole or whole == bits:
        return f'"{host}"'
    return f'a network such as "{host.address}/{whole}", or "{host}" for this one address,'


net: Verdict = partial(_network, bare=True)
"""A network without host bits, or an address (`net`)."""
net_v4: Verdict = partial(_network, family=4, bare=True)
"""The same of IPv4 (`netv4`)."""
net_v6: Verdict = partial(_network, family=6, bare=True)
"""The same of IPv6 (`netv6`)."""
strict_net: Verdict = _network
"""A network without host bits and with its length: what a rule's nets must be (validateRule)."""
cidr: Verdict = partial(_network, bare=True, host_bits=True)
"""A network whose host bits may be set, or an address (`cidr`)."""
cidr_v4: Verdict = partial(_network, family=4, bare=True, host_bits=True)
"""The same of IPv4 (`cidrv4`)."""
cidr_v6: Verdict = partial(_network, family=6, bare=True, host_bits=True)
"""The same of IPv6 (`cidrv6`)."""
sized_cidr: Verdict = partial(_network, host_bits=True)
"""A network with its length, host bits allowed (the schema format `cidr`)."""


@lru_cache(maxsize=_CACHE)
def cel_cidr(text: str) -> Flaw | None:
    """A network that CEL's `cidr()` reads: no IPv4 in the form of IPv6, no leading zeros in the length."""
    prefix = read.cidr(text)
    if prefix is None or (text.rpartition("/")[2] == str(prefix.length) and prefix.family == (6 if ":" in text else 4)):
        return None
    return Flaw("bad-address", f'"{text}" is no network as the rules of the CRD read it; "{prefix}" was expected')


def _address(family: Family | None) -> Verdict:
    @lru_cache(maxsize=_CACHE)
    def verdict(text: str) -> Flaw | None:
        try:
            address = parse_ip(text)
        except ValueError as error:
            return Flaw("bad-address", str(error))
        if family is not None and address.family != family:
            return Flaw("wrong-family", f'"{text}" is IPv{address.family} where IPv{family} was expected')
        return None

    return verdict


ip, ip_v4, ip_v6 = _address(None), _address(4), _address(6)
"""An address without prefix length (`ip`, `ipv4`, `ipv6`)."""


def parsed(kind: str, parse: Callable[[str], object]) -> Verdict:
    """The verdict of what reads a text, or raises ValueError with a sentence."""

    @lru_cache(maxsize=_CACHE)
    def verdict(text: str) -> Flaw | None:
        try:
            parse(text)
        except ValueError as error:
            return Flaw(kind, str(error))
        return None

    return verdict


def interface(extra: str = "") -> Verdict:
    """The verdict on interface names with some more characters allowed."""
    return parsed("bad-interface", partial(parse_interface, extra=extra))


def _read_pattern(text: str) -> None:
    if len(text) <= _LONGEST_PATTERN:
        from callint.net.regexp import check_regexp

        check_regexp(text)


peer = parsed("bad-address", parse_peer)
"""A BGP peer's address with its port, if any (`IPPort`)."""
community = parsed("bad-community", parse_community)
"""A standard or large community, leading zeros allowed (validateCommunities)."""
duration = parsed("bad-duration", parse_duration)
"""A Go duration (metav1.Duration)."""
pattern = parsed("bad-pattern", _read_pattern)
"""A regular expression of Go."""


def looks_like_community(text: str) -> bool:
    """Whether a text is meant as a community's value rather than as a name of one."""
    return re.fullmatch(_COMMUNITY_LIKE, text) is not None


def mac(text: str) -> Flaw | None:
    """A hardware address."""
    return None if re.fullmatch(_MAC, text) else Flaw("bad-address", f'"{text}" is no MAC address')


@lru_cache(maxsize=_CACHE)
def subdomain(text: str) -> Flaw | None:
    """A DNS-1123 subdomain, the form of most names of Kubernetes."""
    if len(text) > 253:
        return Flaw("bad-name", f"the name has {len(text)} characters, at most 253 are allowed")
    if re.fullmatch(_SUBDOMAIN, text):
        return None
    return Flaw(
        "bad-name",
        f'"{text}" is no name; lower-case letters, digits, "-" and "." were expected, letters or digits at both ends',
    )


@lru_cache(maxsize=_CACHE)
def dns_label(text: str) -> Flaw | None:
    """A DNS-1123 label: no dot, at most 63 characters."""
    if len(text) > 63:
        return Flaw("bad-name", f"the name has {len(text)} characters, at most 63 are allowed")
    if re.fullmatch(_LABEL, text):
        return None
    return Flaw(
        "bad-name",
        f'"{text}" is no name of one part; lower-case letters, digits and "-" were expected, '
        "letters or digits at both ends",
    )


@lru_cache(maxsize=_CACHE)
def port_name(text: str) -> Flaw | None:
    """A port's name in Kubernetes: at most 15 lower-case letters, digits and single inner dashes, one letter."""
    fine = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) and re.search("[a-z]", text)
    if fine and len(text) <= 15:
        return None
    return Flaw(
        "bad-name",
        f'"{text}" is no port name; up to 15 lower-case letters, digits and single inner dashes were expected, '
        "one letter among them",
    )


@lru_cache(maxsize=_CACHE)
def label_key(text: str) -> str | None:
    """What is wrong with a label's or annotation's key, None if nothing."""
    prefix, slash, name = text.rpartition("/")
    if slash and (not prefix or len(prefix) > 253 or not re.fullmatch(_SUBDOMAIN, prefix)):
        return f'the prefix "{prefix}" is no DNS name in lower case'
    if len(name) > 63:
        return f"the name has {len(name)} characters, at most 63 are allowed"
    if not re.fullmatch(_QUALIFIED, name):
        return 'letters, digits, "-", "_" and "." were expected, letters or digits at both ends'
    return None


@lru_cache(maxsize=_CACHE)
def label_value(text: str) -> str | None:
    """What is wrong with a label's value, None if nothing."""
    if len(text) > 63:
        return f"it has {len(text)} characters, at most 63 are allowed"
    if text and not re.fullmatch(_QUALIFIED, text):
        return 'letters, digits, "-", "_" and "." were expected, letters or digits at both ends'
    return None


def dscp(text: str) -> Flaw | None:
    """A number of six bits, or the name of one (numorstring/dscp.go)."""
    number = read.decimal(text)
    if text in _DSCP or (number is not None and number <= 63):
        return None
    return Flaw("malformed-text", f'"{text}" is no DSCP value; 0 to 63 or a name such as "EF" or "AF11" was expected')


def wireguard_key(text: str) -> Flaw | None:
    """A WireGuard public key: 32 bytes in base64."""
    from base64 import b64decode

    try:
        if len(b64decode(re.sub("[\r\n]", "", text), validate=True)) == 32:
            return None
    except ValueError:
        pass
    return Flaw("malformed-text", f'"{text}" is no WireGuard key; 32 bytes in base64 were expected')
