"""Policies that select every endpoint there is, where some of these were not meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial

from callint.checks.breach import Breach
from callint.checks.hosts.shut_in import denied
from callint.checks.hosts.written import selectable_hosts
from callint.finding import Related, Witness, counted, witness
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy
from callint.policy import Model, model_of
from callint.policy.autohep import made_automatically
from callint.policy.inventory import HostMember
from callint.policy.labels import pod_in
from callint.policy.packet import DIRECTIONS
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector import Selector, parse_or_none
from callint.selector.syntax import ALL, All
from callint.steps import Steps


class _Reach(NamedTuple):
    """The hosts that a policy for everything closes against what is meant, in which directions, and what proves it."""

    hosts: list[HostMember]
    directions: list[str]
    proof: Witness | None


def reaches_hosts(cluster: Cluster) -> Iterator[Breach]:
    """Ordinary policies that close host endpoints, known ones or those that are made for all nodes, by mistake."""
    hosts, selectable = model_of(cluster).inventory.host_endpoints, selectable_hosts(cluster)
    if not cluster.nodes:
        yield from _reaches_unknown_hosts(cluster)
    found = _for_everything(cluster) if hosts else ()
    of_hosts = (one.policy for _, one in model_of(cluster).policies if not one.policy.of_pods) if found else ()
    rules = sum(1 + len(policy.rules) for policy in of_hosts)
    spend = partial(Steps(cluster, "rules with host endpoints").spend, rules)
    proof_at = cache(lambda number, direction: _denied(model_of(cluster), hosts[number], direction, spend))
    for tier, policies in found:
        reach_of = cache(partial(_reach, tier, hosts, selectable, proof_at))
        for policy in policies:
            closed = _closed(tier, policy)
            if not closed or _speaks_of_hosts(policy, selectable):
                continue
            reach = reach_of(tuple(closed))
            if reach.proof is not None:
                selected = counted(len(reach.hosts), "HostEndpoint")
                yield _reaching(policy, reach.directions, selected, shown(reach.hosts, "is selected"), reach.proof)


def _reach(
    tier: PlacedTier,
    hosts: Sequence[HostMember],
    selectable: Selectable[HostMember],
    proof_at: Callable[[int, str], Witness | None],
    closed: tuple[str, ...],
) -> _Reach:
    meant = {direction: _meant(tier, direction, selectable) for direction in closed}
    at = [(number, name) for number, one in enumerate(hosts) for name in closed if one.about.name not in meant[name]]
    numbers, directions = {number for number, _ in at}, {name for _, name in at}
    proof = next((found for number, name in at if (found := proof_at(number, name))), None)
    reached = [hosts[number] for number in sorted(numbers)]
    return _Reach(reached, [name for name in closed if name in directions], proof)


def _meant(tier: PlacedTier, direction: str, hosts: Selectable[HostMember]) -> set[str]:
    """The host endpoints for which another policy of the tier is meant, so that they are closed there on purpose."""
    policies = (placed for placed in tier.policies if placed.policy.tracked)
    selectors = {one.selector for one in policies if direction in one.policy.types and not _unselective(one.policy)}
    return {member.about.name for selector in selectors for member, _ in hosts.all(selector)}


def _reaches_unknown_hosts(cluster: Cluster) -> Iterator[Breach]:
    """Where host endpoints are made for nodes that no manifest shows, and no other policy may be about these."""
    configuration = next((one for one, _ in made_automatically(cluster)), None)
    if configuration is None or cluster.incomplete:
        return
    placed = ((tier, one.policy) for tier, one in model_of(cluster).policies)
    about_hosts = [(tier, policy) for tier, policy in placed if not policy.staged and not policy.of_pods]
    if len(about_hosts) != 1:
        return
    tier, policy = about_hosts[0]
    closed = _closed(tier, policy)
    if closed and tier.closes and not policy.resource.unreadable("spec"):
        made = Related(configuration.span("metadata", "name"), "makes them for every node")
        end = f"end of tier {tier.name}, or a Deny before it"
        proof = witness("packet", direction=closed[0].lower(), node="any", verdict="drop", decided_by=end)
        yield _reaching(policy, closed, "the HostEndpoints of all nodes", (made,), proof)


def _reaching(policy: Policy, closed: list[str], hosts: str, related: tuple[Related, ...], proof: Witness) -> Breach:
    resource = policy.resource
    return Breach.at(
        resource,
        ("spec", "selector") if policy.selector else ("metadata", "name"),
        f'policy "{policy.name}" selects every endpoint, host endpoints too: it closes '
        f"{' and '.join(closed).lower()} of {hosts} to all that neither rules nor failsafe ports allow",
        related,
        proof,
        "for pods alone, add `namespaceSelector: all()`: host endpoints have no namespace",
    )


def _denied(model: Model, host: HostMember, direction: str, spend: Callable[[], None]) -> Witness | None:
    return denied(model, host.about, direction, spend) if host.about.node else None


def _speaks_of_hosts(policy: Policy, hosts: Selectable[HostMember]) -> bool:
    """Whether other fields show that hosts are meant: a rule that selects them."""
    selectors = (parse_or_none(side.selector) for side in policy.sides() if side.selector)
    return any(one is not None and hosts.first(one) is not None for one in selectors)


def reaches_pods(cluster: Cluster) -> Iterator[Breach]:
    """Policies for what hosts forward that allow everything of every pod as well."""
    for policy in (one for _, policies in _for_everything(cluster) for one in policies):
        if not policy.apply_on_forward or policy.early:
            continue
        opened = [name for name in policy.types if _opens(policy, name)]
        if not opened:
            continue
        resource = policy.resource
        yield Breach.at(
            resource,
            ("spec", "applyOnForward"),
            f'policy "{policy.name}" has applyOnForward and no selector, so that it applies to every pod as well and '
            f"allows all their {' and '.join(opened).lower()}, whatever later policies say",
            shown(model_of(cluster).inventory.host_endpoints, "probably meant"),
            witness("selector", selector="all()", pods="every one"),
            "select the host endpoints by a label that they have",
        )


def subject_in_rule(cluster: Cluster) -> Iterator[Breach]:
    """Policies of which each rule of a direction names whom the policy was to select.

    Not those for a namespace whose pods another policy closes without exception, for which it changes nothing.
    """
    of_cluster = [one for tier, policies in _for_everything(cluster) if tier.closes for one in policies]
    policies = [one for one in (*of_cluster, *_for_a_namespace(cluster)) if not one.early]
    for direction in DIRECTIONS:
        found = [(one, side) for one in policies if (side := _subject(one, direction)) is not None]
        closed = _closed_namespaces(
            cluster, direction, {one.namespace for one, _ in found if one.namespace is not None}
        )
        for policy, side in found:
            if policy.namespace in closed:
                continue
            whom = "endpoint" if policy.namespace is None else f'pod of namespace "{policy.namespace}"'
            yield Breach.at(
                policy.resource,
                (*side.path, "selector"),
                f'policy "{policy.name}" selects every {whom}, and each {direction} rule names its subject in '
                f"{side.path[-1]}: all the others get the policy without a rule, and what no other policy allows of "
                f"their {direction} is denied",
                (Related(policy.resource.span("metadata", "name"), "applies to everything"),),
                witness("selector", selector=side.selector, subject="all()"),
                "move the selector to spec.selector",
            )


def _subject(policy: Policy, direction: str) -> Entity | None:
    """The policy's own side of its first rule, if all its rules of a direction narrow it to the same endpoints."""
    own = [rule.ends[0] for rule in policy.governed(direction)]
    texts = {side.selector for side in own}
    narrowing = len(texts) == 1 and parse_or_none(own[0].selector or "") not in (None, ALL)
    return own[0] if narrowing else None


def _closed_namespaces(cluster: Cluster, direction: str, namespaces: Iterable[str]) -> set[str]:
    """Those in which a policy denies a direction to every pod, and allows nothing."""
    inside = Selectable(((pod_in(one), one) for one in namespaces), Steps(cluster, "namespaces with selectors"))
    closing = model_of(cluster).closing(direction) if inside else ()
    denying = {one.selector: None for _, one in closing if _denies_all(one.policy, direction)}
    return {name for selector in denying for name in inside.surely(selector)}


def _denies_all(policy: Policy, direction: str) -> bool:
    return all(rule.unconditional and not rule.opens for rule in policy.rules_of(direction))


def _for_a_namespace(cluster: Cluster) -> Iterator[Policy]:
    for tier in (one for one in model_of(cluster).tiers if one.closes):
        for placed in tier.policies:
            policy = placed.policy
            everybody = policy.namespace is not None and parse_or_none(policy.selector or "") == ALL
            if everybody and not policy.service_account_selector and _legible(placed):
                yield policy


def _unselective(policy: Policy) -> bool:
    """Whether a policy applies to every endpoint there is."""
    return not policy.of_pods and parse_or_none(policy.selector or "") == ALL


def _closed(tier: PlacedTier, policy: Policy) -> list[str]:
    """Where an ordinary policy for every endpoint drops what it does not speak of, itself or at the end of its tier."""
    if policy.apply_on_forward or policy.early or not _unselective(policy):
        return []
    closing = ("Deny", None) if tier.closes else ("Deny",)
    return [direction for direction in policy.types if _left_to(policy, direction) in closing]


def _opens(policy: Policy, direction: str) -> bool:
    """Whether a policy allows everything in a direction."""
    denied = any(rule.action == "Deny" for rule in policy.rules_of(direction.lower()))
    return not denied and _left_to(policy, direction) == "Allow"


def _left_to(policy: Policy, direction: str) -> str | None:
    """The action for everything that is left to it in a direction: Allow, Deny, Pass, or None without any."""
    rules = policy.rules_of(direction.lower())
    return next((rule.action for rule in rules if rule.action != "Log" and rule.unconditional), None)


def _legible(placed: PlacedPolicy) -> bool:
    """Whether it is one of Calico's that is enforced and of which everything can be read."""
    return placed.policy.kind in ("GlobalNetworkPolicy", "NetworkPolicy") and placed.policy.resource.legible


@lru_cache(maxsize=2)
def enforced(cluster: Cluster) -> tuple[tuple[Policy, Selector], ...]:
    """The Calico policies that Felix has and that can be read, with whom they select."""
    return tuple((placed.policy, placed.selector) for _, placed in model_of(cluster).policies if _legible(placed))


@lru_cache(maxsize=2)
def _for_everything(cluster: Cluster) -> tuple[tuple[PlacedTier, tuple[Policy, ...]], ...]:
    """Those of them that apply to every endpoint there is, with their tiers."""
    found = []
    for tier in model_of(cluster).tiers:
        selecting_all = (one for one in tier.policies if isinstance(one.selector, All))
        policies = tuple([one.policy for one in selecting_all if _legible(one) and _unselective(one.policy)])
        if policies:
            found.append((tier, policies))
    return tuple(found)


def shown(hosts: Sequence[HostMember], label: str) -> tuple[Related, ...]:
    """The first few of some host endpoints, as places beside a finding."""
    return tuple(Related(one.about.resource.span("metadata", "name"), label) for one in hosts[:3])
