"""Defaults and limits of Calico, each with the place that sets it."""

from __future__ import annotations

from typing import Literal

# api/pkg/apis/projectcalico/v3/bgpconfig.go
AS_NUMBER = 64512
BGP_PORT = 179
NORMAL_ROUTE_PRIORITY = 1024

# api/pkg/apis/projectcalico/v3/bgpfilter.go: the first release in which a rule may be without cidr and matchOperator
BARE_FILTER_RULES = (3, 27)

# api/pkg/apis/projectcalico/v3/bgpfilter.go: the first release in which a rule may change what it accepts
FILTER_OPERATIONS = (3, 32)

# api/pkg/apis/projectcalico/v3/bgpconfig.go, felixconfig.go programClusterRoutes: the first release in which BIRD and
# Felix share the routes between nodes, and the first in which those of IPIP pools are Felix's unless anybody says so
ROUTES_SHARED = (3, 32)
FELIX_TAKES_IPIP = (3, 33)

# felix/config/param_types.go BoolParam: what switches may be in Felix's environment, in any case
FELIX_TRUE, FELIX_FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")

# kube-controllers/pkg/controllers/ippool/pool_controller.go: the first release that looks for overlaps of native pools
CHECKED_POOLS = (3, 33)

# libcalico-go/lib/backend/k8s/conversion: Kubernetes NetworkPolicies sort at this order in tier `default`
KUBERNETES_POLICY_ORDER = 1000.0

# libcalico-go/lib/clientv3/ippool.go: how long the prefixes of blocks are where a pool does not say
BLOCK_SIZES = {4: 26, 6: 122}
# kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go: maxPods
MAX_PODS = 110
POOL_USES = ("Workload", "Tunnel")
"""What a pool is for that does not say (the same file)."""

# node/pkg/lifecycle/startup; the operator takes the same names
DEFAULT_POOLS = {4: "default-ipv4-ippool", 6: "default-ipv6-ippool"}
"""The pools that calico-node or the operator makes: where one is written down, the others are, too."""

# libcalico-go/lib/clientv3/client.go EnsureInitialized; kube-* from v3.32, adminnetworkpolicy v3.29, baseline v3.30
DEFAULT_TIER = "default"
DEFAULT_TIER_ORDER = 1_000_000.0
ADMIN_TIER_ORDER = 1_000.0
BASELINE_TIER_ORDER = 10_000_000.0

# libcalico-go/lib/names: the releases in which the name of a policy carries its tier; up to the last of them those of
# tier `default` are stored with the tier and a dot before their names, whether they were written so or not
TIERS_BY_NAME = ((3, 29), (3, 31))

# felix/config/config_params.go
INTERFACE_PREFIXES = ("cali",)
WIREGUARD_INTERFACES = ("wireguard.cali", "wg-v6.cali")
IPIP_INTERFACE = "tunl0"
VXLAN_INTERFACES = ("vxlan.calico", "vxlan-v6.calico")
TUNNEL_INTERFACES = (IPIP_INTERFACE, *VXLAN_INTERFACES, *WIREGUARD_INTERFACES)
# node/pkg/lifecycle/startup/autodetection: beginnings of names at which nothing looks for a node's address unasked
PASSED_OVER = (
    *("docker", "cbr", "cni", "dummy", "flannel", "kube-ipvs", "lxcbr", "veth", "virbr"),
    *INTERFACE_PREFIXES,
    *TUNNEL_INTERFACES,
)
VXLAN_PORT = 4789
VXLAN_VNI = 4096
NODE_PORTS = (30000, 32767)
WIREGUARD_PORT = 51820
WIREGUARD_PORT_V6 = 51821

# felix/dataplane/linux/int_dataplane.go: by how many bytes a tunnel makes a packet longer, over each IP version
TUNNEL_OVERHEADS: dict[tuple[str, Literal[4, 6]], int] = {
    ("IPIP", 4): 20,
    ("VXLAN", 4): 50,
    ("VXLAN", 6): 70,
    ("WireGuard", 4): 60,
    ("WireGuard", 6): 80,
}

# felix/config/config_params.go MTUIfacePattern, and what int_dataplane.go takes where no interface matches it
MTU_INTERFACE_PATTERN = r"^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)"
UNDETECTED_MTU = 1460

# felix/config/config_params.go BPFDataIfacePattern
BPF_DATA_INTERFACE_PATTERN = r"^((en|wl|ww|sl|ib)[Popsx].*|(eth|wlan|wwan|bond).*)"

# libcalico-go/lib/resources/profile.go: built in, allows everything both ways, cannot be written
ALLOW_ALL_PROFILE = "projectcalico-default-allow"

# libcalico-go/lib/apis/v3/labels: the label that endpoints of a namespace carry, and the one of Kubernetes workloads
NAMESPACE_LABEL = "projectcalico.org/namespace"
ORCHESTRATOR_LABEL = "projectcalico.org/orchestrator"
SERVICE_ACCOUNT_LABEL = "projectcalico.org/serviceaccount"
NAMESPACE_PREFIX = "pcns."
SERVICE_ACCOUNT_PREFIX = "pcsa."
INHERITED = (NAMESPACE_PREFIX, SERVICE_ACCOUNT_PREFIX)
"""What labels begin with that an endpoint has of its namespace and its service account."""
NAME_LABEL = "projectcalico.org/name"
KUBERNETES_NAME_LABEL = "kubernetes.io/metadata.name"
NAMESPACE_NAMES = (NAME_LABEL, KUBERNETES_NAME_LABEL)
"""The labels of a namespace that hold its name."""
INHERITED_NAMES = tuple(NAMESPACE_PREFIX + name for name in NAMESPACE_NAMES)
"""The same as its endpoints have them."""

# kubernetes pkg/kubelet/kubelet_node_status.go: what the kubelet labels its node with; kubeadm: roles of a node
HOSTNAME_LABEL = "kubernetes.io/hostname"
SYSTEM_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
API_SERVER_PORT = 6443
KUBELET_PORT = 10250

# kubeadm, CoreDNS chart, OpenShift dns operator: (namespace, label, value) of the pods that answer a cluster's DNS, and
# the ports on which policy sees them, behind the address of their service: the latter those of OpenShift
OPENSHIFT_DNS = ("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default")
CLUSTER_DNS = (
    ("kube-system", "k8s-app", "kube-dns"),
    ("kube-system", "k8s-app", "coredns"),
    ("kube-system", "k8s-app", "node-local-dns"),
    OPENSHIFT_DNS,
)
DNS_PORTS = (53, 5353)
# kubeadm's static pods, its kube-proxy, calico.yaml: labels of pods in kube-system on the network of their host
_STATIC = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
HOST_NETWORK_PODS = (
    *({"component": name, "tier": "control-plane"} for name in _STATIC),
    *({"k8s-app": name} for name in ("kube-proxy", "calico-node")),
)

# libcalico-go/lib/selector/tokenizer: the last release whose tokenizer is made of regular expressions
LAST_LEGACY_SELECTORS = (3, 29)

# tigera/operator pkg/common/common.go and manifests/calico.yaml: the namespace of calico-node by either installation
OPERATOR_NAMESPACE = "calico-system"
MANIFEST_NAMESPACE = "kube-system"

# felix/calc/config_batcher.go: the first release in which a FelixConfiguration may be for the nodes of a selector
SCOPED_FELIX = (3, 32)
