"""Service accounts that rules of namespaced policies name, and that are accounts of another namespace."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from callint.calico.defaults import NAME_LABEL
from callint.calico.kinds import CHARTS
from callint.checks.breach import Breach, object_words
from callint.checks.pod_template import written_pods
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource, fields
from callint.objects.policy import Policy
from callint.source import placeholder

_EVERYWHERE = frozenset(("default", "builder", "deployer", "pipeline"))
"""Accounts that Kubernetes and OpenShift make in each namespace."""
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def accounts_elsewhere(cluster: Cluster) -> Iterator[Breach]:
    """Names that no account of the policy's namespace bears, of which some are known, and one of another does."""
    if cluster.holds(*CHARTS) or cluster.incomplete:
        return
    accounts = _Accounts(cluster)
    for policy in cluster.policies:
        home, resource = policy.resource.namespace, policy.resource
        if home is None or policy.staged or not resource.whole:
            continue
        far = [rule.source for rule in policy.ingress] + [rule.destination for rule in policy.egress]
        for side in far:
            for index, name in enumerate(() if side.namespace_selector else side.service_account_names):
                meant = accounts.meant(home, name)
                if meant is not None:
                    yield _breach(policy, (*side.path, "serviceAccounts", "names", index), name, meant)


def _breach(policy: Policy, path: Path, name: str, meant: Resource) -> Breach:
    return Breach.at(
        policy.resource,
        path,
        f'a rule of {object_words(policy.resource, policy.namespace)} names the service account "{name}", which is one '
        f'of namespace "{meant.namespace}", but without namespaceSelector it sees its own namespace alone',
        (Related(meant.span("metadata", "name"), "the account, in another namespace"),),
        witness("reference", reference=f"ServiceAccount/{policy.namespace}/{name}", verdict="no match"),
        f"add `namespaceSelector: {NAME_LABEL} == '{meant.namespace}'` beside `serviceAccounts`",
    )


class _Accounts:
    """Service accounts by name and namespace; of some only those who use them are known."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._named: dict[str, dict[str, Resource]] = {}
        self._homes: set[str] = set()
        self._open: set[str | None] = set()
        for one in cluster.kubernetes("ServiceAccount", "v1"):
            if one.namespace is None or placeholder(one.namespace) is not None:
                self._open.add(one.name if placeholder(one.name) is None else None)
            elif placeholder(one.name) is not None:
                self._open.add(None)
            else:
                self._named.setdefault(one.name, {})[one.namespace] = one
                self._homes.add(one.namespace)

    def meant(self, home: str, name: str) -> Resource | None:
        """The only account of a name, where accounts or pods of a namespace are known, and none there has it."""
        elsewhere = self._named.get(name, {})
        if name in _EVERYWHERE or len(elsewhere) != 1 or home in elsewhere or not self._open.isdisjoint((name, None)):
            return None
        if (home, name) in self._used or (None, name) in self._used:
            return None
        return next(iter(elsewhere.values())) if home in self._homes or home in self._using else None

    @cached_property
    def _using(self) -> set[str | None]:
        """Namespaces of which pods are known, or what roles are bound to."""
        return {namespace for namespace, _ in self._used}

    @cached_property
    def _used(self) -> set[tuple[str | None, str]]:
        """Namespaces and names of the accounts that pods run as, and that roles are bound to."""
        found = {
            (resource.namespace, fields.text(fields.mapping(plain, "spec"), "serviceAccountName") or "default")
            for resource, plain in written_pods(self._cluster)
        }
        for one in (one for one in self._cluster.all if one.kind in _BINDINGS):
            for _, subject in fields.items(one.plain, "subjects"):
                if isinstance(subject, dict) and fields.text(subject, "kind") == "ServiceAccount":
                    found.add((fields.text(subject, "namespace"), fields.text(subject, "name") or ""))
        return found
