"""The cache of names on each node: where it surely takes the place of the cluster's DNS, and who may ask it."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import cluster_of

CACHE = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system}
spec:
  template:
    spec:
      hostNetwork: true
      containers: [{name: node-cache, args: [-localip, "169.254.20.10,10.96.0.10", -conf, /etc/Corefile]}]
"""
POLICY = """
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
    - action: Allow
      protocol: UDP
      destination: {selector: k8s-app == 'kube-dns', namespaceSelector: all(), ports: [53]}
"""
KUBERNETES = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{to: [{namespaceSelector: {}}], ports: [{protocol: UDP, port: 53}]}]
"""
ALSO = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: names}
spec: {selector: WHOM, types: [Egress], egress: [{action: Allow, protocol: UDP, destination: {WHAT}}]}
"""
SET = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: names, labels: {role: names}}
spec: {nets: [169.254.20.10/32]}
"""
EBPF = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {bpfEnabled: true}
"""


def also(what: str, whom: str = "all()") -> str:
    return ALSO.replace("WHOM", whom).replace("WHAT", what)


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (CACHE + POLICY, True),
        (CACHE + KUBERNETES, True),
        (POLICY, False),
        (CACHE.replace(', args: [-localip, "169.254.20.10,10.96.0.10", -conf, /etc/Corefile]', "") + POLICY, False),
        (CACHE.replace(', "169.254.20.10,10.96.0.10", -conf, /etc/Corefile', "") + POLICY, False),
        (CACHE.replace("-localip, ", "-localip=").replace('"', "") + POLICY, False),  # a list of words in YAML
        (CACHE.replace('-localip, "169', '"--localip=169') + POLICY, True),
        (CACHE.replace("169.254.20.10,", "") + POLICY, False),
        (CACHE.replace(",10.96.0.10", "") + POLICY, False),  # nothing tells that pods ask there
        (CACHE.replace("10.96.0.10", "__PILLAR__DNS__SERVER__") + POLICY, False),
        (CACHE.replace("hostNetwork: true", "hostNetwork: false") + POLICY, False),
        (CACHE + POLICY + EBPF, False),
        (CACHE + POLICY + EBPF.replace("true", "false"), True),
        (CACHE + POLICY + EBPF.replace("true", "'${BPF}'"), False),
        (CACHE + POLICY.replace("selector: k8s-app == 'kube-dns', namespaceSelector: all(), ", ""), False),
        (CACHE + POLICY.replace("ports: [53]", "ports: [5432]"), False),
        (CACHE + POLICY.replace("types: [Egress]", "types: [Ingress]"), False),
        (CACHE + POLICY + also("nets: [10.96.0.10/32], ports: [53]"), False),
        (CACHE + POLICY + also("nets: [169.254.0.0/16]"), False),
        (CACHE + POLICY + also("ports: [53]", "has(app)"), False),
        (CACHE + POLICY + also("ports: [53]", "app == 'db'"), True),
        (CACHE + POLICY + also("nets: [10.96.0.10/32], ports: [54]"), True),
        (CACHE + POLICY + also("nets: [10.97.0.0/16], ports: [53]"), True),
        (CACHE + POLICY + SET + also("selector: role == 'names'"), False),
        (CACHE + POLICY + SET.replace("169.254", "169.255") + also("selector: role == 'names'"), True),
    ],
)
def test_who_may_ask(manifests: str, told: bool) -> None:
    found = list(
        find("node_local_dns")(cluster_of(manifests, Target(release=(3, 32)), judged=True), {"problem": "policy"})
    )
    assert [one.path for one in found] == [("spec", "egress")] * told
    if told:
        assert 'DaemonSet "node-local-dns" answers at 10.96.0.10 on each node' in found[0].message


KUBELET = """
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDNS: [169.254.20.10]
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (KUBELET + POLICY, True),
        (KUBELET + POLICY + "---" + CACHE.replace(",10.96.0.10", ""), True),
        (KUBELET + POLICY + also("nets: [169.254.20.10/32], ports: [53]"), False),
        (KUBELET.replace("169.254.20.10", "10.96.0.10") + POLICY, False),
        (KUBELET.replace("]", ", 10.96.0.10]") + POLICY, False),  # what the cache does not answer the service does
        (KUBELET.replace("169.254.20.10", "") + POLICY, False),
    ],
)
def test_kubelets_tell_pods_whom_to_ask(manifests: str, told: bool) -> None:
    found = list(find("node_local_dns")(cluster_of(manifests), {"problem": "policy"}))
    assert ["but kubelets tell pods to ask 169.254.20.10, the cache" in one.message for one in found] == [True] * told
    assert all(one.help == "allow UDP and TCP port 53 to 169.254.20.10 as well" for one in found)


OF_SHOP = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: shop}
spec: {template: {metadata: {labels: {app: web, tier: front}}, spec: {containers: []}}}
"""
NARROW = also("nets: [169.254.20.10/32]", "app == 'web' && tier == 'front'")


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (CACHE + POLICY + NARROW, False),  # nobody knows of other pods
        (CACHE + POLICY + NARROW + OF_SHOP, False),
        (CACHE + POLICY + NARROW + OF_SHOP.replace("tier: front", "tier: back"), True),
        (CACHE + KUBERNETES + NARROW + OF_SHOP.replace("tier: front", "tier: back"), True),
        (CACHE + POLICY + NARROW + OF_SHOP.replace("app: web, tier: front", "app: db"), False),
        (
            CACHE + POLICY + NARROW + OF_SHOP.replace("tier: front", "tier: back").replace(", namespace: shop", ""),
            False,
        ),
    ],
)
def test_a_policy_for_some_pods_lets_no_others_ask(manifests: str, told: bool) -> None:
    found = list(find("node_local_dns")(cluster_of(manifests), {"problem": "policy"}))
    assert ['lets those of Deployment "front" ask it' in one.message for one in found] == [True] * told


FELIX = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: NAME}
spec: {SPEC}
"""
NODE = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec: {template: {spec: {containers: [{name: calico-node, env: [
  {name: FELIX_DEFAULTENDPOINTTOHOSTACTION, value: VALUE}]}]}}}
"""


def felix(spec: str, name: str = "default") -> str:
    return FELIX.replace("NAME", name).replace("SPEC", spec)


DROP = felix("defaultEndpointToHostAction: Drop")


@pytest.mark.parametrize(
    ("manifests", "path"),
    [
        (CACHE + DROP, ("spec", "defaultEndpointToHostAction")),
        (CACHE + NODE.replace("VALUE", "DROP"), "value"),
        (CACHE + NODE.replace("VALUE", "DROP") + felix("defaultEndpointToHostAction: Accept"), "value"),
        (CACHE + NODE.replace("VALUE", "ACCEPT") + DROP, None),
        (KUBELET + DROP, ("spec", "defaultEndpointToHostAction")),
        (CACHE + felix("defaultEndpointToHostAction: Accept"), None),
        (CACHE + felix("defaultEndpointToHostAction: Return"), None),
        (CACHE + felix("logSeverityScreen: Info"), None),
        (CACHE, None),
        (CACHE + felix("defaultEndpointToHostAction: Drop, chainInsertMode: Append"), None),
        (CACHE + felix("defaultEndpointToHostAction: Drop, bpfEnabled: true"), None),
        (CACHE + DROP + felix("defaultEndpointToHostAction: Accept", "node.a"), None),
        (CACHE + felix("defaultEndpointToHostAction: Drop", "node.a"), None),
        (CACHE.replace(",10.96.0.10", "") + DROP, None),
        (CACHE.replace("hostNetwork: true", "hostNetwork: false") + DROP, None),
        (DROP, None),
    ],
)
def test_what_pods_send_to_their_node(manifests: str, path: object) -> None:
    found = list(find("node_local_dns")(cluster_of(manifests), {"problem": "host"}))
    assert [one.path if isinstance(path, tuple) else one.path[-1] for one in found] == [path] * (path is not None)
