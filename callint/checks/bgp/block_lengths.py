"""Export rules about the addresses of pods that leave out the blocks in which nodes announce them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from callint.bgp.filtering import Filters, filtering
from callint.bgp.filters import View
from callint.bgp.network import network
from callint.bgp.pools import block_length, host_local, known_blocks
from callint.bgp.route import Attributes
from callint.bgp.rules import Rule
from callint.bgp.services import listed, ranges
from callint.nat.host_networks import host_addresses
from callint.net.address import BITS, Family, Prefix
from callint.net.overlapping import Networks
from callint.net.prefixes import PrefixSet, exactly, union_all, within
from callint.net.read import network as network_of
from callint.objects import Cluster
from callint.objects.pool import IPPool
from callint.record import NamedTuple
from callint.steps import Steps, counted

# What it takes to ask filters about the blocks of a pool
_OF_FILTERS = 10


class Missed(NamedTuple):
    """A pool whose blocks an accepting rule is about and leaves out, one of these, and what the rule asks for."""

    pool: IPPool
    block: Prefix
    wanted: str
    field: str


def missed(cluster: Cluster, rule: Rule, family: Family, used: Iterable[Filters], steps: Steps) -> Missed | None:
    """The blocks that an export rule misses; None where it lets out something that a node is known to have.

    `used` are the filters of peers, in which the rule is. Raises TooManyStepsError.

    The network of a whole pool is no route: nodes announce their blocks (bird_aggr.cfg.template), and beside these
    a route for each pod may be in the kernel. A rule for one network alone does harm where nothing else lets its
    blocks out; where another rule does, or none keeps them in, it may be there for a route that somebody adds.
    """
    asked, inside = rule.rule, network_of(rule.rule.cidr, family)
    if rule.verdict != "accept" or inside is None or any(one.kind != "peer-type" for one in rule.conditions):
        return None
    lengths = _lengths(rule, inside)
    pool = _pool(cluster, inside, lengths, steps) if lengths is not None else None
    if lengths is None or pool is None or rule.prefixes & _known(cluster, family):
        return None
    about, size = pool
    found = Missed(about, Prefix(family, inside.first, size), _wanted(asked.cidr, lengths, inside), "prefixLength")
    if asked.operator == "In":
        return found
    blocks = within(inside, size)
    kept_in = all(_kept_in(cluster, one, blocks, steps) for one in used)
    return found._replace(field="matchOperator") if kept_in else None


def _lengths(rule: Rule, inside: Prefix) -> tuple[int, int] | None:
    """The shortest and the longest prefixes that the rule takes inside its network."""
    asked, bits = rule.rule, BITS[inside.family]
    given = asked.min_length is not None or asked.max_length is not None
    if asked.operator == "Equal" and not given:
        return inside.length, inside.length
    if asked.operator == "In" and given:
        return max(inside.length, asked.min_length or 0), bits if asked.max_length is None else asked.max_length
    return None


def _wanted(cidr: str | None, lengths: tuple[int, int], inside: Prefix) -> str:
    low, high = lengths
    if low == high == inside.length:
        return f'"{cidr}" itself'
    return f"prefixes of at most /{high}" if low == inside.length else f"prefixes from /{low} to /{high}"


def _pool(cluster: Cluster, inside: Prefix, lengths: tuple[int, int], steps: Steps) -> tuple[IPPool, int] | None:
    """The first pool around a network and the length of its blocks, where no pool may have blocks as they are wanted.

    A disabled pool has at most old blocks: it tells how a network is treated that is not of pods.
    """
    low, high = lengths
    bits = BITS[inside.family]
    if host_local(cluster) or not low <= high < bits:
        return None
    found: tuple[IPPool, int] | None = None
    for net, pool in counted(_pools(cluster).overlapping(inside), steps, 1):
        size = block_length(pool, net)
        if pool.unreadable or size > bits or low <= size <= high:
            return None
        if found is None and net.contains(inside) and pool.for_pods:
            found = pool, size
    return found if found is not None and inside.length <= found[1] else None


@lru_cache(maxsize=8)
def _pools(cluster: Cluster) -> Networks[IPPool]:
    """The pools, found by what overlaps them."""
    return Networks((net, pool) for pool in cluster.pools if (net := pool.net) is not None)


@lru_cache(maxsize=8)
def _known(cluster: Cluster, family: Family) -> PrefixSet:
    """The networks of which it is known that a node has a route of its own."""
    return union_all(family, map(exactly, dict.fromkeys(_networks(cluster, family))))


def _networks(cluster: Cluster, family: Family) -> Iterator[Prefix]:
    model = network(cluster)
    blocks = known_blocks(cluster)
    yield from ranges(listed(cluster, model.settings.default), family).announced
    for several in (*blocks.of_node.values(), blocks.others or ()):
        yield from (one.network for one in several if one.network.family == family)
    yield from (one.prefix.masked() for one in host_addresses(cluster) if one.prefix.family == family)
    for speaker in model.speakers.values():
        net = speaker.networks.get(family)
        if net is not None:
            yield net.masked()
        to = (route.destination for route in (speaker.facts and speaker.facts.routes) or ())
        yield from (one.prefix.masked() for one in to if one.version == family)


def _kept_in(cluster: Cluster, filters: Filters, blocks: PrefixSet, steps: Steps) -> bool:
    """Whether filters reject all routes with these prefixes; they are asked one by one, for many peers share some."""
    left = blocks
    for name in counted(filters, steps, _OF_FILTERS):
        if not left or name not in cluster.bgp_filters:
            break
        parts = filtering(cluster).parts((name,), View("export"), Attributes(), left)
        if any(one.rule is not None and one.rule.verdict != "reject" for one in parts):
            return False
        left = union_all(blocks.family, (one.prefixes for one in parts if one.rule is None))
    return not left
