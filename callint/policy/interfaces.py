"""Which host endpoint governs an interface (felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints)."""

from __future__ import annotations

from functools import cache, cached_property

from callint.calico.defaults import BPF_DATA_INTERFACE_PATTERN, TUNNEL_INTERFACES
from callint.net.address import Address
from callint.net.interface import LONGEST_NAME
from callint.net.read import addresses as addresses_of
from callint.policy.doubt import UndecidedError
from callint.policy.inventory import HostMember, Inventory
from callint.policy.nodes import Interfaces, is_nameless
from callint.policy.settings import Settings
from callint.record import NamedTuple
from callint.schema.patterns import compiled

WILDCARD = "*"


class Governor(NamedTuple):
    """The host endpoint of an interface, or None, and why in a clause.

    `rivals` are those that lost, the nearest first. `unknown` names what one would have to know to be sure.
    """

    endpoint: HostMember | None
    reason: str
    rivals: tuple[HostMember, ...] = ()
    unknown: str | None = None

    @property
    def wildcard(self) -> bool:
        """Whether that is the endpoint of all interfaces."""
        return self.endpoint is not None and self.endpoint.about.interface == WILDCARD


class Governance:
    """The host endpoints of one node over its interfaces."""

    def __init__(self, inventory: Inventory, node: str, settings: Settings, interfaces: Interfaces) -> None:
        """`interfaces` of which only the addresses matter; one that is not listed can be asked for as well."""
        self._settings = settings
        self._interfaces = interfaces
        near = [(one, _hidden(one, node)) for one in inventory.hosts_of(node)]
        self._hidden = [one for one, hidden in near if hidden]
        mine = [one for one, hidden in near if one.about.node == node and not hidden]
        self._wild = [one for one in mine if one.about.interface == WILDCARD]
        self._others = [one for one in mine if one.about.interface != WILDCARD]
        self.of = cache(self._find)

    @property
    def wildcard(self) -> HostMember | None:
        """The endpoint of all interfaces."""
        return self._wild[0] if self._wild else None

    def is_workload(self, interface: str) -> bool:
        """Whether the interface is a workload's by its name; no host endpoint can name one."""
        return interface.startswith(self._settings.workload_prefixes)

    def _find(self, interface: str) -> Governor:
        """The governor of an interface; of a workload's, the one whose forward and preDNAT policy it meets."""
        if self.is_workload(interface):
            return self._fallback(f'"{interface}" is a workload interface')
        doubt = None
        try:
            ignored = self._ignored(interface)
        except UndecidedError as error:
            ignored, doubt = None, str(error)
        if ignored:
            return Governor(None, ignored)
        addresses = self._interfaces.get(interface)
        keys: tuple[str | Address, ...] = (interface, *(addresses or ()))
        claiming = sorted({place for key in keys for place in self._claims.get(key, ())})
        if not claiming:
            found = self._fallback(f"no HostEndpoint on {interface}")
        else:
            winner, *rivals = (self._others[place] for place in claiming)
            why = _claim(winner, interface, addresses)
            found = Governor(winner, f'HostEndpoint "{winner.about.name}" {why}', tuple(rivals))
        return found._replace(unknown=doubt or self._unknown(interface, found, addresses))

    @cached_property
    def _claims(self) -> dict[str | Address, list[int]]:
        """The places of the others by the interface that they name, else by each address that they expect."""
        found: dict[str | Address, list[int]] = {}
        for place, one in enumerate(self._others):
            for key in (one.about.interface,) if one.about.interface else addresses_of(one.about.expected_ips):
                found.setdefault(key, []).append(place)
        return found

    @cached_property
    def _nameless(self) -> HostMember | None:
        """The first of the others that names no interface."""
        return next((one for one in self._others if not one.about.interface), None)

    def _fallback(self, otherwise: str) -> Governor:
        if not self._wild:
            return Governor(None, otherwise)
        winner, *rivals = self._wild
        return Governor(winner, f'HostEndpoint "{winner.about.name}" governs all interfaces', tuple(rivals))

    def _unknown(self, interface: str, found: Governor, addresses: tuple[Address, ...] | None) -> str | None:
        """What could still give the interface to another endpoint: the lowest name wins, a wildcard comes last."""
        limit = found.endpoint.about.name if found.endpoint and not found.wildcard else None
        nameless, hidden = self._nameless, next(iter(self._hidden), None)
        if addresses is None and nameless is not None and (limit is None or nameless.about.name < limit):
            return f'the addresses of interface "{interface}", which HostEndpoint "{nameless.about.name}" may match'
        if hidden is not None and (limit is None or hidden.about.name < limit):
            return f'which interface HostEndpoint "{hidden.about.name}" governs, for it could not be read'
        return None

    def _ignored(self, interface: str) -> str | None:
        """In eBPF mode host endpoints govern only what looks like a real link (bpf_ep_mgr.go OnHEPUpdate)."""
        if not self._settings.ebpf or interface in TUNNEL_INTERFACES or is_nameless(interface):
            return None
        if interface == "lo":
            off = self._settings.word("bpfConnectTimeLoadBalancing", "TCP") == "enabled"
            return 'eBPF attaches nothing to "lo" with this bpfConnectTimeLoadBalancing' if off else None
        defaults = (("bpfDataIfacePattern", BPF_DATA_INTERFACE_PATTERN), ("bpfL3IfacePattern", ""))
        patterns = [self._settings.text(key, default) for key, default in defaults]
        if any(pattern and matches_pattern(pattern, interface) for pattern in patterns):
            return None
        outside = "eBPF ignores interfaces outside bpfDataIfacePattern and bpfL3IfacePattern"
        return f"no HostEndpoint on {interface}: {outside}"


def matches_pattern(pattern: str, interface: str) -> bool:
    """Whether a regular expression of FelixConfiguration accepts an interface; what cannot be read accepts none."""
    matcher = compiled(pattern)
    return matcher is not None and len(interface) <= LONGEST_NAME and matcher.search(interface) is not None


def _claim(one: HostMember, interface: str, addresses: tuple[Address, ...] | None) -> str:
    """Why an endpoint governs the interface, as a clause."""
    if one.about.interface:
        return f'names "{interface}"'
    own = set(addresses or ())
    shared = next(address for address in addresses_of(one.about.expected_ips) if address in own)
    return f'expects {shared}, an address of "{interface}"'


def _hidden(one: HostMember, node: str) -> bool:
    """Whether an endpoint that may be this node's could govern anything, for all that can be read."""
    resource = one.about.resource
    if resource.kind != "HostEndpoint":
        return False
    if not resource.document.complete:
        return one.about.node in (node, "")
    if resource.unreadable("spec", "node"):
        return True
    addresses_matter = not one.about.interface and resource.unreadable("spec", "expectedIPs")
    return one.about.node == node and (resource.unreadable("spec", "interfaceName") or addresses_matter)
