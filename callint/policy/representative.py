"""Workloads that stand for pods that no manifest holds: labels that a selector asks for, at an address of their own.

What is said of one holds of a pod with just its labels; every result that rests on one must say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice

from callint.calico.defaults import (
    INHERITED,
    NAME_LABEL,
    NAMESPACE_LABEL,
    NAMESPACE_NAMES,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_LABEL,
    SERVICE_ACCOUNT_LABEL,
    SERVICE_ACCOUNT_PREFIX,
)
from callint.net import intervals
from callint.net.address import Family, format_address, parse_cidr
from callint.net.intervals import Intervals
from callint.objects import Cluster
from callint.objects.endpoint import Workload
from callint.policy.inventory import Endpoint, Inventory, WorkloadMember
from callint.policy.labels import Labels, holds, inherit
from callint.policy.match import policy_selectors
from callint.policy.model import Model, model_of
from callint.policy.ranges import NO_RANGES, ranges
from callint.policy.settings import workload_prefixes
from callint.selector import Selector, keys_and_values
from callint.selector.rewrite import both, negate
from callint.selector.satisfy import implies, satisfiable
from callint.selector.syntax import Compare, Has

MOST = 16
"""So many stand for one selector at most."""

MOST_OF_POLICIES = 256
"""So many stand for all selectors of a cluster's policies."""

_MOST_SELECTORS = 2_000
_MOST_TRIED = 2_000
_PREFERRED = intervals.from_prefixes((parse_cidr("10.0.0.0/8"),))
_DERIVED = (
    NAMESPACE_LABEL,
    ORCHESTRATOR_LABEL,
    SERVICE_ACCOUNT_LABEL,
    *(prefix + name for prefix in INHERITED for name in NAMESPACE_NAMES),
)


def model_for(cluster: Cluster, selectors: Iterable[Selector | None]) -> Model:
    """The model of a cluster with workloads for those of the selectors that match no endpoint of the manifests."""
    inventory = model_of(cluster).inventory
    if inventory.pods_complete:
        return model_of(cluster)
    return _model(cluster, tuple(one for one in selectors if one is not None and not _given(inventory, one)))


@lru_cache(maxsize=8)
def _model(cluster: Cluster, selectors: tuple[Selector, ...]) -> Model:
    base = model_of(cluster)
    found = _placed(base, (one for selector in selectors for one in _of_selector(base, selector)))
    return Model(cluster, found) if found else base


def of_policies(model: Model) -> tuple[WorkloadMember, ...]:
    """Workloads for the selectors of subjects, sources and destinations that match nothing in the manifests."""
    inventory = model.inventory
    if inventory.pods_complete:
        return ()
    found: list[WorkloadMember] = []
    for selector in _written(model):
        if len(found) == MOST_OF_POLICIES:
            break
        if not _given(inventory, selector) and inventory.address_set(selector).sure == NO_RANGES:
            found += _of_selector(model, selector, more=False)
    return _placed(model, found[:MOST_OF_POLICIES])


def with_labels(
    model: Model, namespace: str, account: str, labels: Mapping[str, str], address: str | None, number: int = 0
) -> WorkloadMember:
    """A workload with just these labels; its address is one at which there may be a pod, unless it is given."""
    member = _member(model, namespace, {**labels, SERVICE_ACCOUNT_LABEL: account})
    if address is not None:
        return _settled(model, member, (address,), number)
    free = _addresses(model, number + 1)[number]
    return _settled(model, member, free, number)


def _given(inventory: Inventory, selector: Selector) -> bool:
    """Whether an endpoint of the manifests may be one that the selector matches."""
    every: tuple[Endpoint, ...] = (*inventory.workloads, *inventory.host_endpoints)
    return any(holds(selector, one.labels) is not False for one in every)


def _of_selector(model: Model, selector: Selector, *, more: bool = True) -> Iterator[WorkloadMember]:
    """One for the selector itself in each namespace, and with `more` one for each narrower selector of a policy."""
    found: dict[object, WorkloadMember] = {}
    narrower = (one for one in _written(model) if one != selector and implies(one, selector)) if more else ()
    tries = ((one, name) for one in chain((selector,), narrower) for name in _namespaces(model, one))
    for one, namespace in islice(tries, _MOST_TRIED):
        labels = _solved(model, one, namespace)
        if labels is None:
            continue
        member = _member(model, namespace, labels)
        if holds(one, member.labels) is not False:
            found.setdefault(frozenset(member.labels.known.items()), member)
        if len(found) == (MOST if more else 1):
            break
    yield from found.values()


def _written(model: Model) -> Iterator[Selector]:
    """Every selector of a policy once: whom it selects, then from whom and to whom its rules apply."""
    seen: set[Selector] = set()
    for _, placed in model.policies:
        for selector in (placed.selector, *(positive for positive, _ in policy_selectors(placed.policy))):
            if selector is not None and selector not in seen:
                seen.add(selector)
                yield selector
            if len(seen) == _MOST_SELECTORS:
                return


def _namespaces(model: Model, selector: Selector) -> Iterator[str]:
    """The namespaces in which a pod of the selector may be: those it names, then all that manifests name."""
    named = keys_and_values(selector)
    values = sorted({*named.get(NAMESPACE_LABEL, ()), *named.get(NAMESPACE_PREFIX + NAME_LABEL, ())})
    yield from values
    yield from (name for name in _known_namespaces(model) if name not in values)


@lru_cache(maxsize=4)
def _known_namespaces(model: Model) -> tuple[str, ...]:
    policies = (one.policy.namespace for _, one in model.policies)
    pods = (one.about.namespace for one in model.inventory.workloads)
    return tuple(sorted({*model.cluster.namespaces, *filter(None, policies), *pods})) or ("default",)


def _solved(model: Model, selector: Selector, namespace: str) -> dict[str, str] | None:
    """Labels of a pod in the namespace that the selector matches; None if there are none, or none are found."""
    scope = _member(model, namespace, {SERVICE_ACCOUNT_LABEL: "default"}).labels
    demands: list[Selector] = []
    for key in (NAMESPACE_LABEL, ORCHESTRATOR_LABEL, *keys_and_values(selector)):
        if key == SERVICE_ACCOUNT_LABEL or key.startswith(SERVICE_ACCOUNT_PREFIX):
            continue
        if key in scope.known:
            demands.append(Compare(key, "==", scope.known[key]))
        elif key.startswith(NAMESPACE_PREFIX) and not key.startswith(scope.open):
            demands.append(negate(Has(key)))
    found = satisfiable(both(selector, *demands), kubernetes=True)
    if not isinstance(found, dict):
        return None
    return {key: value for key, value in found.items() if scope.known.get(key) != value}


def _member(model: Model, namespace: str, labels: Mapping[str, str]) -> WorkloadMember:
    account = labels.get(SERVICE_ACCOUNT_LABEL, "default")
    own = {**labels, NAMESPACE_LABEL: namespace, ORCHESTRATOR_LABEL: "k8s", SERVICE_ACCOUNT_LABEL: account}
    profiles = (f"kns.{namespace}", f"ksa.{namespace}.{account}")
    name = _shown(own)
    words = f"a workload with labels {name}" if name else "a workload without labels"
    words += f' in namespace "{namespace}"' + _with(_shown(own, NAMESPACE_PREFIX))
    of_account = _with(_shown(own, SERVICE_ACCOUNT_PREFIX))
    words += f' as service account "{account}"{of_account}' if of_account or account != "default" else ""
    about = Workload(model.cluster.all[0], name or "no labels", namespace, "", "", (), own, profiles, ())
    return WorkloadMember(about, inherit(Labels(own), profiles, model.inventory.sources), words)


def _shown(labels: Mapping[str, str], prefix: str = "") -> str:
    """The labels with a prefix, without it: of a namespace, of a service account, or of the pod itself."""
    found = (
        (key.removeprefix(prefix), value)
        for key, value in sorted(labels.items())
        if key not in _DERIVED and (key.startswith(prefix) if prefix else not key.startswith(INHERITED))
    )
    return ",".join(f"{key}={value}" for key, value in found)


def _with(shown: str) -> str:
    return f" of labels {shown}" if shown else ""


def _placed(model: Model, members: Iterable[WorkloadMember]) -> tuple[WorkloadMember, ...]:
    """The workloads at addresses of their own."""
    found = list(members)
    addresses = _addresses(model, len(found))
    return tuple(_settled(model, one, addresses[number], number) for number, one in enumerate(found))


def _settled(model: Model, member: WorkloadMember, addresses: tuple[str, ...], number: int) -> WorkloadMember:
    interface = f"{workload_prefixes(model.cluster, member.about.node)[0]}-assumed{number}"
    return member._replace(about=member.about._replace(interface=interface, addresses=addresses))


def _addresses(model: Model, count: int) -> list[tuple[str, ...]]:
    """For each of so many workloads an address of each IP version of the pools, of IPv4 without any.

    Addresses are preferred that no rule and no set tells from others of the pools.
    """
    free = model.inventory.unknown_pods
    named = ranges(_nets(model))
    if not model.cluster.pools:
        free = (intervals.intersection(free[0], _PREFERRED) or free[0], ())
    told = tuple(
        intervals.merge(pair for pair in each if not intervals.covers((pair,), own))
        for each, own in zip(named, free, strict=True)
    )
    families: tuple[tuple[Family, Intervals], ...] = (
        (4, intervals.difference(free[0], told[0]) or free[0]),
        (6, intervals.difference(free[1], told[1]) or free[1]),
    )
    columns = [list(_first(family, own, count)) for family, own in families if own]
    return [tuple(column[number] for column in columns if number < len(column)) for number in range(count)]


def _first(family: Family, own: Intervals, count: int) -> Iterator[str]:
    left = count
    for low, high in own:
        for value in range(low, min(high, low + left - 1) + 1):
            yield format_address(family, value)
        left -= min(high - low + 1, left)
        if not left:
            return


def _nets(model: Model) -> Iterator[str]:
    for _, placed in model.policies:
        for entity in placed.policy.sides():
            yield from entity.nets
            yield from entity.not_nets
    for one in model.cluster.network_sets:
        yield from one.nets
