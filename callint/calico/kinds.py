"""Kinds and API groups: which objects callint reads, and where each may be written."""

from __future__ import annotations

V3 = "projectcalico.org/v3"
V1 = "crd.projectcalico.org/v1"
NETWORKING = "networking.k8s.io/v1"
"""Where Kubernetes has its NetworkPolicy, and its ServiceCIDR."""
KUBELET = "kubelet.config.k8s.io/v1beta1"
"""Where Kubernetes has its KubeletConfiguration."""
CALICO_GROUPS = ("projectcalico.org", "crd.projectcalico.org")

NAMESPACED = frozenset(
    {"NetworkPolicy", "NetworkSet", "StagedNetworkPolicy", "StagedKubernetesNetworkPolicy", "WorkloadEndpoint"}
)

POLICIES = ("GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy", "StagedNetworkPolicy")

CHARTS = ("HelmRelease", "HelmChart", "Application", "ApplicationSet")
"""What makes objects that no manifest holds."""

CANONICAL = {"IPAMConfig": "IPAMConfiguration"}
"""Kinds whose name differs between crd.projectcalico.org/v1 and projectcalico.org/v3 for one stored object."""

LIST_FIELDS = frozenset({"apiVersion", "kind", "metadata", "items"})
"""What a list of objects has (apimachinery metav1.List, and each list type of api/pkg/apis/projectcalico/v3)."""


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; the core group is the empty string."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def is_calico(api_version: str) -> bool:
    """Whether the apiVersion belongs to one of Calico's own groups, whatever its version."""
    return api_version == V3 or group_of(api_version) in CALICO_GROUPS


def is_list(api_version: object, kind: object) -> bool:
    """Whether an object is a list of objects: of any by kubectl, or of Calico's own."""
    if not isinstance(api_version, str) or not isinstance(kind, str) or not kind.endswith("List"):
        return False
    return (api_version, kind) == ("v1", "List") or is_calico(api_version)


def is_item(value: object, kind: str) -> bool:
    """Whether a value can be an item of a list: an object, of a list of any kind one that says its own.

    A list is none (cli-runtime pkg/resource/visitor.go, FlattenListVisitor), and calicoctl reads the items of a list
    of one kind as of that kind, whatever theirs.
    """
    if not isinstance(value, dict):
        return False
    own = value.get("kind")
    if kind == "List":
        named = isinstance(own, str) or isinstance(value.get("apiVersion"), str)
        return named and not is_list(value.get("apiVersion"), own)
    return own in (None, kind.removesuffix("List"))
