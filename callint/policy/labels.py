"""Labels as far as they are known, and selectors over them: yes, no, or not known."""

from __future__ import annotations

from collections.abc import Mapping

from callint.calico.defaults import (
    INHERITED,
    INHERITED_NAMES,
    NAME_LABEL,
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_LABEL,
    SERVICE_ACCOUNT_LABEL,
    SERVICE_ACCOUNT_PREFIX,
)
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.syntax import And, Compare, Has, Member, Not, Or

_EVERY_KEY = ("",)
ADDED = ("projectcalico.org/", *INHERITED)
"""What labels begin with that Calico adds to those of a pod."""


class Labels(NamedTuple):
    """`known` labels, inherited ones merged in.

    Keys with a prefix of `open` may exist besides, those in `present` do with an unknown value; `missing` says which
    fact would tell.
    """

    known: Mapping[str, str]
    open: tuple[str, ...] = ()
    present: frozenset[str] = frozenset()
    missing: str = ""

    @property
    def alike(self) -> object:
        """Equal for labels that no selector can tell apart."""
        return frozenset(self.known.items()), *self[1:]

    @property
    def seen(self) -> tuple[Mapping[str, str], frozenset[str], tuple[str, ...]]:
        """What indexes of selectors and of labels ask for."""
        return self.known, self.present, self.open


class Sources(NamedTuple):
    """Where inherited labels come from: namespaces and (namespace, service account) with their labels, profiles."""

    namespaces: Mapping[str, Mapping[str, str]]
    service_accounts: Mapping[tuple[str, str], Mapping[str, str]]
    profiles: Mapping[str, Mapping[str, str]]


ANY_POD = Labels(
    {ORCHESTRATOR_LABEL: "k8s"},
    _EVERY_KEY,
    frozenset((NAMESPACE_LABEL, SERVICE_ACCOUNT_LABEL, *INHERITED_NAMES)),
)
"""What is known of a pod of which nothing is known (libcalico-go/lib/backend/k8s/conversion)."""


def pod_in(namespace: str, own: Mapping[str, str] | None = None) -> Labels:
    """What is known of a pod of which nothing but its namespace is, and perhaps labels of its `own`."""
    names = dict.fromkeys((NAMESPACE_LABEL, *INHERITED_NAMES), namespace)
    return ANY_POD._replace(known={**ANY_POD.known, **(own or {}), **names})


POD_ELSEWHERE = pod_in("/")
"""A pod in a namespace that nobody names."""


def unreadable(missing: str) -> Labels:
    """Labels of which nothing is known."""
    return Labels({}, _EVERY_KEY, frozenset(), missing)


def inherit(own: Labels, profiles: tuple[str, ...], sources: Sources) -> Labels:
    """Labels with those of the profiles behind them; own ones win, then an earlier profile's.

    `kns.<namespace>` gives the namespace's labels as `pcns.*`, `ksa.<namespace>.<account>` the service account's as
    `pcsa.*` (k8s/conversion NamespaceToProfile, ServiceAccountToProfile).
    """
    known: dict[str, str] = {}
    opened, missing = own.open, own.missing
    for profile in reversed(profiles):
        found, prefix, what = _profile(profile, sources)
        if found is None:
            opened = (*opened, prefix)
            missing = f"the labels of {what}" + (f" and {missing}" if missing else "")
        known |= found or {}
        if prefix == NAMESPACE_PREFIX:
            known |= dict.fromkeys(INHERITED_NAMES, profile.removeprefix("kns."))
        elif prefix == SERVICE_ACCOUNT_PREFIX:
            known[prefix + NAME_LABEL] = profile.removeprefix("ksa.").partition(".")[2]
    return Labels({**known, **own.known}, opened, own.present, missing)


def _profile(name: str, sources: Sources) -> tuple[dict[str, str] | None, str, str]:
    """The labels that a profile gives (None: unknown), their prefix, and what the profile stands for."""
    if name in sources.profiles:
        return dict(sources.profiles[name]), "", ""
    if name.startswith("kns."):
        namespace = name.removeprefix("kns.")
        found = sources.namespaces.get(namespace)
        return _prefixed(NAMESPACE_PREFIX, found), NAMESPACE_PREFIX, f'namespace "{namespace}"'
    if name.startswith("ksa."):
        namespace, _, account = name.removeprefix("ksa.").partition(".")
        labels = sources.service_accounts.get((namespace, account))
        return _prefixed(SERVICE_ACCOUNT_PREFIX, labels), SERVICE_ACCOUNT_PREFIX, f'service account "{account}"'
    return {}, "", ""


def _prefixed(prefix: str, labels: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if labels is None else {prefix + key: value for key, value in labels.items()}


def holds(selector: Selector, labels: Labels) -> bool | None:
    """Whether the labels match; None where that depends on labels that are not known."""
    if not labels.open and not labels.present:
        return selector.matches(labels.known)
    return _holds(selector, labels)


def _holds(selector: Selector, labels: Labels) -> bool | None:
    if isinstance(selector, Not):
        inner = _holds(selector.operand, labels)
        return None if inner is None else not inner
    if isinstance(selector, (And, Or)):
        decisive = isinstance(selector, Or)
        unknown = False
        for operand in selector.operands:
            found = _holds(operand, labels)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive
    if isinstance(selector, (Has, Compare, Member)) and selector.key not in labels.known:
        if selector.key in labels.present:
            return True if isinstance(selector, Has) else None
        if selector.key.startswith(labels.open):
            return None
    return selector.matches(labels.known)
