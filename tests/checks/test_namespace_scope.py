"""Rules of namespaced policies that mean something outside: what is known there and what at home."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import cluster_of, hosts

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress: [{action: Allow, source: {selector: app == 'prometheus'}}]
"""
OF_LAN = POLICY.replace("app == 'prometheus'", "zone == 'lan'") + "---\n"
HOME = """
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: []}
"""
AWAY = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec: {template: {metadata: {labels: {app: prometheus}}, spec: {containers: []}}}
"""
OF_SHOP = AWAY.replace("namespace: monitoring", "namespace: shop")
UNPLACED = AWAY.replace(", namespace: monitoring", "")
ON_HOST = AWAY.replace("spec: {containers", "spec: {hostNetwork: true, containers")


@pytest.mark.parametrize(
    ("manifests", "named"),
    [
        (POLICY + HOME + AWAY, 'Deployment "monitoring/prometheus"'),
        (POLICY + AWAY, None),  # whoever is in the namespace is kept elsewhere
        (POLICY + HOME, None),
        (POLICY + HOME + AWAY + OF_SHOP, None),
        (POLICY + HOME + AWAY + UNPLACED, None),  # it may be of the namespace
        (POLICY + HOME + UNPLACED, None),
        (POLICY + HOME + ON_HOST, None),
        (POLICY.replace(", namespace: shop", "") + HOME + AWAY, None),
        (POLICY.replace("app == 'prometheus'", "app != 'x'") + HOME + AWAY, None),
        (POLICY.replace("source: {", "source: {namespaceSelector: all(), ") + HOME + AWAY, None),
        (POLICY.replace("kind: Net", "kind: StagedNet") + HOME + AWAY, None),
        (OF_LAN + hosts(lan="10.0.0.1") + HOME, 'HostEndpoint "lan"'),
        (OF_LAN + hosts(lan="10.0.0.1"), None),
        (OF_LAN + hosts(lan="10.0.0.1").replace(", expectedIPs: [10.0.0.1]", "") + HOME, None),  # it has no address
    ],
)
def test_what_is_meant(manifests: str, named: str | None) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [named is not None and f"by labels of {named}," in one.message for one in found] == [True] * bool(named)


def test_the_cure_names_the_namespace() -> None:
    (found,) = find("namespace_scope")(cluster_of(POLICY + HOME + AWAY), {})
    assert found.help == "add `namespaceSelector: projectcalico.org/name == 'monitoring'` beside the selector"
    assert found.path == ("spec", "ingress", 0, "source", "selector")


SET = """
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: watchers, namespace: monitoring, labels: {app: prometheus}}
spec: {nets: [192.0.2.0/24]}
"""


@pytest.mark.parametrize(
    ("manifests", "named"),
    [
        (POLICY + HOME + SET, 'NetworkSet "monitoring/watchers"'),
        (POLICY + SET, None),  # each namespace may have pods or a set of its own with such a label
        (POLICY + HOME + SET.replace("namespace: monitoring", "namespace: shop"), None),
        (POLICY + HOME + SET.replace(", namespace: monitoring", ""), None),  # it may be of the namespace
        (POLICY + HOME + SET + OF_SHOP, None),
        (POLICY.replace("source: {", "source: {namespaceSelector: all(), ") + HOME + SET, None),
    ],
)
def test_a_set_of_another_namespace(manifests: str, named: str | None) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [named is not None and f"by labels of {named}," in one.message for one in found] == [True] * bool(named)


NAMES = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
BOTH = "{namespaceSelector: {}, podSelector: {matchLabels: {app: prometheus}}}"
LISTED = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: listed}
spec:
  namespaceSelector: all()
  types: [Ingress]
  ingress: [{action: Deny, source: {namespaceSelector: all(), selector: app == 'prometheus'}}, {action: Allow}]
"""
LIST = "---" + SET.split("---")[1].replace("kind: Net", "kind: GlobalNet").replace("namespace: monitoring, ", "")
SEEING = "---" + LISTED.replace("name: listed", "name: seeing").replace("namespaceSelector: all(), ", "")


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (LISTED + LIST, True),
        (LISTED.replace("{namespaceSelector: all()", "{namespaceSelector: has(team)") + LIST, True),
        (POLICY.replace("source: {", "source: {namespaceSelector: all(), ") + LIST, True),
        (LISTED.replace("{namespaceSelector: all()", "{namespaceSelector: global()") + LIST, False),
        (LISTED.replace("{namespaceSelector: all()", "{namespaceSelector: '!has(team)'") + LIST, False),
        (LISTED.replace("app == 'prometheus'", "app != 'x'") + LIST, False),
        (LISTED.replace("kind: Glo", "kind: StagedGlo") + LIST, False),
        (LISTED + LIST + SEEING, False),  # the set is there for another rule, and pods that nobody knows for this one
        (LISTED + LIST + AWAY, False),
        (NAMES.replace("{podSelector: {matchLabels: {k8s-app: kube-dns}}}", BOTH) + LIST, False),  # who means pods
        (LISTED + LIST + SET, False),
        (LISTED, False),
    ],
)
def test_a_global_set_is_in_no_namespace(manifests: str, told: bool) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [one.path[-1] for one in found] == ["namespaceSelector"] * told


OF_CALICO = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  types: [Egress]
  egress: [{action: Allow, protocol: UDP, destination: {selector: "k8s-app == 'kube-dns'", ports: [53]}}]
"""
OWN = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: shop}
spec: {template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: []}}}
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (NAMES, True),
        (OF_CALICO, True),
        (NAMES.replace("namespace: shop", "namespace: kube-system"), False),
        (NAMES.replace(", namespace: shop", ""), False),  # it goes where somebody applies it
        (NAMES + OWN, False),
        (OF_CALICO + OWN, False),
        (NAMES + OWN.replace("namespace: shop", "namespace: other"), True),
        (NAMES.replace("kube-dns", "own-dns"), False),
        (NAMES.replace("53", "9153"), False),
        (NAMES.replace("podSelector: {m", "namespaceSelector: {}, podSelector: {m"), False),
        (OF_CALICO.replace("[53]", "[53], namespaceSelector: all()"), False),
        (OF_CALICO.replace("== 'kube-dns'", "in {'kube-dns', 'own'}"), False),  # the own may be at home
        (OF_CALICO.replace("kind: Net", "kind: StagedNet"), False),
        (OF_CALICO.replace("kind: Net", "kind: GlobalNet").replace(", namespace: shop", ""), False),
    ],
)
def test_names_are_asked_for_elsewhere(manifests: str, told: bool) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert ["cluster's DNS" in one.message for one in found] == [True] * told


BY_ACCOUNT = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress: [{action: Allow, source: {serviceAccounts: {names: [web, prometheus]}}}]
"""


RESOLVER = """
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: []}
"""


def test_the_pods_of_the_clusters_dns_are_named_once_where_they_are_known() -> None:
    found = list(find("namespace_scope")(cluster_of(NAMES + HOME + RESOLVER, Target((3, 31))), {}))
    assert [one.message for one in found] == [
        'a rule of NetworkPolicy "shop/names" selects the pods of the cluster\'s DNS by "k8s-app", but without '
        'namespaceSelector it sees its own namespace alone, and they are in "kube-system"'
    ]


def account(name: str, namespace: str | None) -> str:
    place = "" if namespace is None else f", namespace: '{namespace}'"
    return f"\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: '{name}'{place}}}\n"


WEB = account("web", "shop")
SCRAPER = account("prometheus", "monitoring")
USED = AWAY.replace("namespace: monitoring", "namespace: shop").replace(
    "containers", "serviceAccountName: prometheus, containers"
)
BOUND = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: shop}]
"""
CHART = """
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: prometheus, namespace: kube-system}
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (BY_ACCOUNT + WEB + SCRAPER, True),
        (BY_ACCOUNT + HOME + SCRAPER, True),
        (BY_ACCOUNT + SCRAPER, False),  # whatever is in the namespace is kept elsewhere
        (BY_ACCOUNT + WEB, False),
        (BY_ACCOUNT + WEB + SCRAPER + account("prometheus", "shop"), False),
        (BY_ACCOUNT + WEB + SCRAPER + account("prometheus", None), False),
        (BY_ACCOUNT + WEB + SCRAPER + account("prometheus", "staging"), False),  # each namespace may have one
        (BY_ACCOUNT + WEB + SCRAPER + account("${NAME}", "shop"), False),
        (BY_ACCOUNT + WEB + SCRAPER + account("prometheus", "${NAMESPACE}"), False),
        (BY_ACCOUNT + WEB + SCRAPER + USED, False),
        (BY_ACCOUNT + WEB + SCRAPER + BOUND, False),
        (BY_ACCOUNT + WEB + SCRAPER + CHART, False),
        (BY_ACCOUNT.replace("prometheus", "default") + WEB + account("default", "monitoring"), False),
        (BY_ACCOUNT.replace("source: {", "source: {namespaceSelector: all(), ") + WEB + SCRAPER, False),
        (BY_ACCOUNT.replace(", namespace: shop", "") + WEB + SCRAPER, False),
        (BY_ACCOUNT.replace(", namespace: shop", "").replace("kind: Net", "kind: GlobalNet") + WEB + SCRAPER, False),
        (BY_ACCOUNT.replace("kind: Net", "kind: StagedNet") + WEB + SCRAPER, False),
    ],
)
def test_accounts_of_another_namespace(manifests: str, told: bool) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [(one.path[-2:], 'one of namespace "monitoring",' in one.message) for one in found] == [
        (("names", 1), True)
    ] * told


NETS = POLICY.replace("selector: app == 'prometheus'", "nets: [10.0.0.0/8], notSelector: app == 'prometheus'")
POOL = """
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.0.0.0/8}
"""
KUBEADM = """
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking: {podSubnet: 10.0.0.0/8}
"""
OWN_SET = """
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: partners, namespace: shop, labels: {list: partners}}
spec: {nets: [10.1.0.0/16]}
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (NETS, True),
        (NETS.replace("Allow", "Deny") + POOL.replace("/8", "/16"), True),
        (NETS + OWN_SET.replace("shop", "office"), True),
        (NETS + POOL, False),  # pods of the namespace, perhaps
        (NETS + KUBEADM, False),
        (NETS + KUBEADM + POOL.replace("/8", "/16"), True),
        (NETS + OWN_SET, False),
        (NETS.replace("nets:", "namespaceSelector: all(), nets:"), False),
        (NETS.replace("nets:", "selector: has(app), nets:"), False),
        (NETS.replace("nets: [10.0.0.0/8], ", ""), False),
        (NETS.replace("kind: NetworkPolicy", "kind: GlobalNetworkPolicy").replace(", namespace: shop", ""), False),
        (NETS.replace("kind: NetworkPolicy", "kind: StagedNetworkPolicy"), False),
    ],
)
def test_networks_of_which_labels_leave_out_some(manifests: str, told: bool) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [one.path[-1] for one in found] == (["notSelector"] if told else [])
