"""The IP pools that are known, and why one that is asked for gives no address."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property

from callint.calico.defaults import DEFAULT_POOLS
from callint.checks.breach import nobody
from callint.checks.objects.reference import listed
from callint.checks.pools.request import ANNOTATIONS, Request
from callint.finding import Witness, witness
from callint.net.address import FAMILIES, Family, Prefix, parse_cidr
from callint.net.overlapping import Networks
from callint.net.read import address
from callint.objects import Cluster
from callint.objects.pool import IPPool
from callint.record import NamedTuple
from callint.source import placeholder
from callint.suggest import DIGITS, Words, distance

_SHORT = 2
_MOST_SHOWN = 5


class Lack(NamedTuple):
    """Why pods or a load balancer get no address: in words, with the pool and field that tell, and what would help."""

    words: str
    pools: tuple[tuple[IPPool, str], ...]
    proof: Witness
    cure: str = ""


class Pools:
    """The pools that are known, by name and by network."""

    def __init__(self, cluster: Cluster) -> None:
        readable = [pool for pool in cluster.pools if not pool.unreadable and placeholder(pool.name) is None]
        self._networks = [(net, pool) for pool in readable if (net := pool.net) is not None]
        self._names = {pool.name: (net, pool) for net, pool in self._networks}
        self._known = sorted(self._names)
        self._of = {family: _OfFamily(one for one in self._networks if one[0].family == family) for family in FAMILIES}
        self._readable = not cluster.incomplete and len(self._networks) == len(cluster.pools)
        self._complete = "IPPool" in cluster.intent.complete
        self._all = self._complete or any(
            pool.name in DEFAULT_POOLS.values() or pool.resource.kind == "Installation" for _, pool in self._networks
        )

    def useless(self, request: Request) -> Lack | None:
        """Why a load balancer gets nothing of what it asks for."""
        wanted = request.wanted
        if wanted is None:
            return _no_list(request.text)
        found = [self._useless(request.text, one, request.family) for one in wanted]
        return found[0] if found and all(found) else None

    def _useless(self, text: str, wanted: str, family: Family) -> Lack | None:
        net = _slashed(wanted)
        known = [self._names[wanted]] if wanted in self._names else self._of[net.family].equal(net) if net else []
        if not known and self._readable and (net is None or net.family == family):
            lack = self._unknown("it asks", wanted, net, family)
            balancing = lack is not None and any("LoadBalancer" in pool.allowed_uses for pool, _ in lack.pools)
            return lack if balancing or self._complete else None
        if len(known) != 1:
            return None
        ((inside, pool),) = known
        said = f'it asks for IPPool "{pool.name}", which is'
        proof = witness("reference", reference=text, pool=pool.name)
        if "LoadBalancer" not in pool.allowed_uses:
            field = "allowedUses" if pool.plain.get("allowedUses") else "cidr"
            return Lack(f"{said} not for load balancers", ((pool, field),), proof)
        if inside.family != family:
            return Lack(f"{said} of IPv{inside.family}", ((pool, "cidr"),), proof)
        return Lack(f"{said} disabled", ((pool, "disabled"),), proof) if pool.disabled else None

    def outside(self, request: Request) -> Lack | None:
        """Why a load balancer or a pod does not get an address that it asks for.

        A pool for pods may give load balancers theirs as well, and calico-node makes the first pool of each family.
        """
        wanted = request.wanted
        if wanted is None:
            return _no_list(request.text)
        for_pods = request.resource.kind != "Service"
        return next((lack for one in wanted if (lack := self._outside(one, for_pods)) is not None), None)

    def _outside(self, wanted: str, for_pods: bool) -> Lack | None:
        found = address(wanted)
        if found is None:
            return Lack(f'it asks for "{wanted}", which is no address', (), witness("reference", reference=wanted))
        net = found.prefix()
        of_family = self._of[net.family]
        around = of_family.overlapping(net)
        all_known = self._complete or (for_pods and self._all and bool(of_family))
        if not around and all_known and self._readable:
            return Lack(f"it asks for {wanted}, which is in no IPPool", (), nobody(f"IPPool of {wanted}", self._known))
        if not around or not all(pool.disabled for pool in around):
            return None
        words = f'it asks for {wanted} of IPPool "{around[0].name}", which is disabled'
        return Lack(words, ((around[0], "disabled"),), witness("address", address=wanted, pool=around[0].name))

    def lack(self, request: Request) -> Lack | None:
        """Why pods get no addresses of a pool that they ask for by network or name; None if nobody can tell."""
        wanted = request.wanted
        if wanted is not None:
            return next((lack for one in wanted if (lack := self._lack(one, request.family)) is not None), None)
        key, names = ANNOTATIONS[request.family], [pool.name for net, pool in self._networks]
        words = f"their annotation {key} is no list of texts in JSON"
        cure = f"""write it as '["{names[0] if names else "name"}"]'"""
        return Lack(words, (), witness("reference", reference=request.text, known=tuple(names[:_MOST_SHOWN])), cure)

    def _lack(self, wanted: str, family: Family) -> Lack | None:
        net = _slashed(wanted)
        if net is not None:
            found = self._of[net.family].equal(net)
        else:
            found = [self._names[wanted]] if wanted in self._names else []
            net = found[0][0] if found else None
        if net is not None and net.family != family:
            words = f'they ask for "{wanted}" of IPv{net.family} by an annotation for IPv{family}'
            proof = witness("address", address=str(net), family=family)
            return Lack(words, tuple((one, "cidr") for _, one in found[:1]), proof, f"use {ANNOTATIONS[net.family]}")
        if found:
            pool = found[0][1]
            if not all(one.disabled for _, one in found):
                return None
            words = f'they ask for IPPool "{pool.name}", which is disabled'
            proof = witness("address", address=str(net), pool=pool.name)
            return Lack(words, ((pool, "disabled"),), proof, "ask for another pool, or enable this one")
        return self._unknown("they ask", wanted, net, family) if self._readable else None

    def _unknown(self, who: str, wanted: str, net: Prefix | None, family: Family) -> Lack | None:
        """A pool that no manifest holds, where all that there are are known, or one that leaves no room for it."""
        mine = self._of[family]
        near = mine.alike(wanted) if net is None else next(iter(mine.overlapping(net)), None)
        proof = nobody(f"IPPool/{wanted}", self._known)
        if near is not None and net is not None:
            words = f'{who} for {wanted}, which is no IPPool but overlaps "{near.name}" of {near.cidr}'
            return Lack(words, ((near, "cidr"),), proof, f'ask for the whole pool, by its name "{near.name}"')
        words = f'{who} for IPPool "{wanted}", which does not exist'
        if near is not None:
            return Lack(f'{words}, did you mean "{near.name}"', ((near, "cidr"),), proof)
        if not self._all or (wanted in DEFAULT_POOLS.values() and not self._complete):
            return None
        return Lack(f"{words}, {mine.listed}", (), proof)


class _OfFamily:
    """The pools of one family, to be found by network and by name."""

    def __init__(self, pools: Iterable[tuple[Prefix, IPPool]]) -> None:
        self._pools = list(pools)
        self._names = {pool.name: pool for _, pool in self._pools}
        self._near_name = Words(self._names).slip
        self._equal: dict[Prefix, list[tuple[Prefix, IPPool]]] = {}
        for net, pool in self._pools:
            self._equal.setdefault(net, []).append((net, pool))
        self._near = Networks((net, _enabled(several)) for net, several in self._equal.items())
        self.overlapping = cache(self._overlapping)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._pools)

    def equal(self, net: Prefix) -> list[tuple[Prefix, IPPool]]:
        """Those of just this network."""
        return self._equal.get(net, [])

    def _overlapping(self, net: Prefix) -> list[IPPool]:
        """Those that leave no room for a network, one for each of theirs; pools that are taken do not overlap."""
        return [pool for _, pool in self._near.overlapping(net)]

    def alike(self, name: str) -> IPPool | None:
        """The one that was surely meant by a name, for it differs by one letter."""
        found = self._near_name(name)
        if found is None or distance(name, found, 1) != 1 or _apart(name.split("-"), found.split("-")):
            return None
        return self._names[found]

    @cached_property
    def listed(self) -> str:
        """All of them, in words."""
        return listed("IPPool", list(self._names))


def _enabled(several: list[tuple[Prefix, IPPool]]) -> IPPool:
    """The first of pools of one network that is enabled, or the first."""
    return next((pool for _, pool in several if not pool.disabled), several[0][1])


def _no_list(text: str) -> Lack:
    return Lack("its annotation is no list of texts in JSON", (), witness("reference", reference=text))


def _slashed(text: str) -> Prefix | None:
    try:
        return parse_cidr(text, bare=False).masked()
    except ValueError:
        return None


def _apart(words: list[str], others: list[str]) -> bool:
    """Whether names are alike and both meant: they differ in a number, or in a word of a letter or two."""
    pairs = [(one, two) for one, two in zip(words, others, strict=False) if one != two]
    return len(words) == len(others) and all(
        max(len(one), len(two)) <= _SHORT or one.strip(DIGITS) == two.strip(DIGITS) for one, two in pairs
    )
