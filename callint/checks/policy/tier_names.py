"""Tiers that policies name and that do not exist, or are not in, and tiers that no policy names."""

from __future__ import annotations

from collections.abc import Iterator

from callint.calico.defaults import TIERS_BY_NAME
from callint.checks.breach import Breach, nobody
from callint.checks.left_open import TIERS, left_open
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.policy import model_of
from callint.policy.tiers import BUILT_IN_TIERS
from callint.suggest import Words, did_you_mean

_OPERATORS = ("allow-tigera", "calico-system")
"""Tiers that the operator makes (tigera/operator pkg/controller/tiers)."""


def tier_missing(cluster: Cluster) -> Iterator[Breach]:
    """Policies of tiers that do not exist; where no tier is written down, only a slip of the pen is one."""
    if left_open(cluster, TIERS):
        return
    known = tuple(tier.name for tier in model_of(cluster).tiers if tier.exists)
    words = Words(known)
    for tier in model_of(cluster).tiers:
        if tier.exists or not tier.policies or tier.name in _OPERATORS:
            continue
        near = words.nearest(tier.name)
        if not cluster.tiers and near is None:
            continue  # the tiers are kept elsewhere
        for placed in tier.policies:
            resource = placed.policy.resource
            path: Path = ("spec", "tier")
            if resource.unreadable(*path):
                continue
            hint = did_you_mean(near)
            yield Breach.at(
                resource,
                path,
                f'policy "{placed.policy.name}" is in tier "{tier.name}", which does not exist{hint}: calicoctl '
                "and the API server refuse the policy, and stored as a CRD it comes after all tiers",
                tuple(
                    Related(one.resource.span("metadata", "name"), "a tier")
                    for one in cluster.tiers[:3]
                    if one.resource
                ),
                nobody(f"Tier/{tier.name}", known),
            )


def tier_unsaid(cluster: Cluster) -> Iterator[Breach]:
    """Policies that are called after a tier and say none; as long as the name carried the tier, it was refused."""
    if cluster.target.release <= TIERS_BY_NAME[1]:
        return
    written = {tier.name: tier.resource for tier in cluster.tiers if tier.resource is not None}
    for policy in cluster.policies if written else ():
        resource = policy.resource
        prefix, dot, _ = resource.name.partition(".")
        tier = written.get(prefix) if dot and prefix != policy.tier else None
        if tier is not None and "tier" not in resource.spec and resource.legible:
            yield Breach.at(
                resource,
                ("metadata", "name"),
                f'policy "{resource.name}" is called after tier "{prefix}", but has no "tier" and so is in tier '
                f'"{policy.tier}"',
                (Related(tier.span("metadata", "name"), "the tier"),),
                witness("reference", reference=f"Tier/{prefix}", policies=()),
                f"write `tier: {prefix}` into its spec",
            )


def tier_unused(cluster: Cluster) -> Iterator[Breach]:
    """Tiers without policies; not while the tier of a policy cannot be read: it may be any of them."""
    model = model_of(cluster)
    if not model.policies or any(one.policy.resource.unreadable("spec", "tier") for _, one in model.policies):
        return
    for tier in model.tiers:
        resource = tier.resource
        if tier.policies or tier.name in BUILT_IN_TIERS or resource is None or not resource.document.complete:
            continue
        if resource.unreadable("metadata", "name"):
            continue
        yield Breach.at(
            resource,
            ("metadata", "name"),
            f'no policy is in tier "{tier.name}", so that the tier decides nothing, its default action included',
            (),
            witness("reference", reference=f"Tier/{tier.name}", policies=()),
        )
