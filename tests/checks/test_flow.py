"""`flow-required` and `flow-forbidden`, as rules of a user's own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from callint import config, rule
from callint.checks import CheckError, find
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.source import load
from manifests import hosts, pod

ROUTER = (
    hosts(lan="192.168.1.1", wan="203.0.113.2")
    + """\
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: lan}
spec:
  selector: zone == 'lan'
  applyOnForward: true
  types: [Ingress, Egress]
  ingress:
    - action: Deny
      protocol: TCP
      source: {nets: [192.168.1.128/25]}
      destination: {ports: [443]}
    - action: Allow
  egress:
    - action: Allow
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: wan}
spec:
  selector: zone == 'wan'
  applyOnForward: true
  types: [Ingress, Egress]
  ingress:
    - action: Allow
      protocol: UDP
      destination: {ports: [51820]}
  egress:
    - action: Allow
"""
)
FACTS = """
version: 1
node: router
interfaces:
  - {name: lan0, addresses: [192.168.1.1/24], forwarding: true}
  - {name: wan0, addresses: [203.0.113.2/24], forwarding: true}
  - {name: dmz0, addresses: [10.9.0.1/24], forwarding: true}
"""
PODS = "---\n".join(
    [
        """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
""",
        pod("web-1", "shop", "10.1.0.1", "a", app="web"),
        pod("web-2", "shop", "10.1.0.2", "b", app="web"),
        pod("db", "shop", "10.1.0.3", "b", app="db"),
        """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: TCP
      source: {selector: app == 'web'}
      destination: {ports: [5432]}
""",
    ]
)
WEB, DB = {"selector": "app == 'web'"}, {"selector": "app == 'db'"}
LAN, WAN = {"node": "router", "interface": "lan0"}, {"node": "router", "interface": "wan0"}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What one rule of the user's says about manifests, through callint.yaml."""
    monkeypatch.chdir(tmp_path)

    def asked(check: str, manifests: str, facts: str = "", **parameters: Any) -> list[Finding]:
        written = {"id": "OWN001", "name": "own", "summary": "a flow of mine", "severity": "error", "check": check}
        Path("policy").mkdir(exist_ok=True)
        Path("policy/OWN001-own.yaml").write_text(yaml.safe_dump({**written, "with": parameters}))
        Path("callint.yaml").write_text("rules: {paths: [policy]}\n")
        Path("manifests.yaml").write_text(dedent(manifests))
        Path("facts.yaml").write_text(facts)
        settings = config.load("callint.yaml")
        catalogue = rule.load(settings.rule_paths)
        options = Options(facts=("facts.yaml",) if facts else ())
        result = lint(load(["manifests.yaml"]), settings, Plan(catalogue, settings.settings(catalogue)), options)
        assert result.crashes == []
        return [one for one in result.report.findings if one.rule == "OWN001"]

    return asked


def line(manifests: str, number: int) -> str:
    return dedent(manifests).splitlines()[number - 1].strip()


def test_a_forwarded_flow_that_is_dropped(ask: Any) -> None:
    (found,) = ask("flow-required", ROUTER, FACTS, **{"from": LAN, "to": WAN, "protocol": "TCP", "ports": [443]})
    assert found.severity == "error"
    assert line(ROUTER, found.span.line) == "- action: Deny"
    assert found.message == (
        'TCP port 443 from interface "lan0" of node "router" to interface "wan0" of node "router" must pass, '
        'but a packet of it is dropped by rule ingress[0] of GlobalNetworkPolicy "lan"'
    )
    assert found.witness is not None
    assert found.witness.as_dict() == {
        "type": "packet",
        "node": "router",
        "direction": "ingress",
        "in_interface": "lan0",
        "out_interface": "wan0",
        "source": "192.168.1.128",
        "destination": "203.0.113.3",
        "protocol": "tcp",
        "source_port": 40000,
        "destination_port": 443,
        "verdict": "drop",
        "decided_by": "policy lan ingress rule 0",
    }


@pytest.mark.parametrize(
    ("check", "source", "target", "more", "broken"),
    [
        ("flow-required", LAN, WAN, {"protocol": "UDP"}, False),
        ("flow-required", {**LAN, "addresses": "192.168.1.0/25"}, WAN, {}, False),
        ("flow-required", {**LAN, "addresses": ["192.168.1.0/24"]}, WAN, {}, True),
        ("flow-required", LAN, {"node": "router"}, {"protocol": "UDP", "ports": 53}, False),
        ("flow-required", "internet", {"node": "router"}, {"protocol": "UDP", "ports": [53]}, True),
        ("flow-required", "internet", {"selector": "zone == 'wan'"}, {"protocol": "UDP", "ports": [51820]}, False),
        ("flow-required", "internet", {"selector": "zone == 'wan'"}, {"protocol": "TCP", "ports": [22]}, False),
        ("flow-required", {"node": "router"}, "any", {}, False),
        ("flow-forbidden", WAN, LAN, {}, True),
        ("flow-forbidden", WAN, LAN, {"protocol": "TCP"}, False),
        ("flow-forbidden", WAN, LAN, {"protocol": "UDP", "ports": ["1:51819", "51821:65535"]}, False),
        ("flow-forbidden", "internet", {"selector": "zone == 'wan'"}, {"protocol": "TCP", "ports": [22]}, True),
        ("flow-forbidden", "internet", {"selector": "zone == 'wan'"}, {"protocol": "TCP", "ports": [80]}, False),
        ("flow-forbidden", {"node": "router", "interface": "dmz0"}, {"node": "router"}, {}, True),
    ],
)
def test_flows_at_a_router(ask: Any, check: str, source: Any, target: Any, more: Any, broken: bool) -> None:
    found = ask(check, ROUTER, FACTS, **{"from": source, "to": target}, **more)
    assert bool(found) is broken
    assert all(one.severity == "error" for one in found)


def test_failsafe_ports_are_named(ask: Any) -> None:
    target = {"selector": "zone == 'wan'"}
    (found,) = ask("flow-forbidden", ROUTER, FACTS, **{"from": "internet", "to": target, "protocol": "TCP"})
    assert "accepted by failsafe tcp:" in found.message
    assert line(ROUTER, found.span.line).startswith("metadata: {name: wan")
    assert found.related == ()


def test_what_the_host_decides_is_not_stopped(ask: Any) -> None:
    source = {"node": "router", "interface": "dmz0"}
    (found,) = ask("flow-forbidden", ROUTER, FACTS, **{"from": source, "to": {"node": "router"}, "protocol": "TCP"})
    assert found.message.endswith("left to the host's own firewall: no HostEndpoint on dmz0")
    assert found.witness.as_dict()["verdict"] == "no-verdict"


def test_between_pods(ask: Any) -> None:
    flow = {"from": WEB, "to": DB, "protocol": "TCP"}
    assert ask("flow-required", PODS, **flow, ports=[5432]) == []
    assert ask("flow-forbidden", PODS, **flow, ports=["1:5431"]) == []
    (found,) = ask("flow-forbidden", PODS, **flow)
    assert found.witness.as_dict()["destination_port"] == 5432
    assert line(PODS, found.span.line) == "- action: Allow"
    ((endpoint, label),) = [(line(PODS, one.span.line), one.label) for one in found.related]
    assert (endpoint[:20], label) == ("metadata: {name: db,", "the endpoint whose policy is asked")
    assert 'from pod "shop/web-1" and 1 like it to pod "shop/db"' in found.message
    assert ask("flow-required", PODS, **{"from": DB, "to": WEB, "protocol": "TCP"}) == []
    (found,) = ask("flow-required", PODS, **{"from": DB, "to": WEB, "protocol": "UDP"})
    assert "dropped by Felix: VXLAN from workload" in found.message


def test_between_pods_alike(ask: Any) -> None:
    flow = {"from": DB, "to": DB, "protocol": "TCP"}
    assert ask("flow-forbidden", PODS, **flow) == ask("flow-required", PODS, **flow) == []
    several = PODS + "---\n" + pod("db-2", "shop", "10.1.0.4", "a", app="db")
    (found,) = ask("flow-required", several, **flow, ports=[5432])
    assert found.witness.as_dict()["source"] != found.witness.as_dict()["destination"]
    assert ask("flow-forbidden", several, **flow) == []
    (found,) = ask("flow-forbidden", several, **{"from": WEB, "to": WEB, "protocol": "TCP"})
    assert found.message.endswith("accepted by profile kns.shop")


POOL = """
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.1.0.0/16}
"""


def test_all_that_must_not_reach_a_pod(ask: Any) -> None:
    assert ask("flow-forbidden", PODS + POOL, **{"from": "internet", "to": DB}) == []
    (anybody,) = ask("flow-forbidden", PODS, **{"from": "internet", "to": DB})
    assert (anybody.severity, "nor an IPPool" in anybody.message) == ("info", True)
    (found,) = ask("flow-required", PODS, **{"from": "internet", "to": DB})
    assert line(PODS, found.span.line) == "ingress:"
    assert 'dropped by the end of tier "default"' in found.message


def test_a_pod_without_address_leaves_it_open(ask: Any) -> None:
    pods = PODS.replace("status: {podIP: 10.1.0.1}", "").replace("status: {podIP: 10.1.0.2}", "")
    (found,) = ask("flow-required", pods, **{"from": WEB, "to": DB, "protocol": "TCP", "ports": [5432]})
    assert found.severity == "info"
    assert 'the address of pod "web-1", which no manifest tells' in found.message


def test_nobody_is_selected(ask: Any) -> None:
    (found,) = ask("flow-required", PODS, **{"from": {"selector": "!has(projectcalico.org/namespace)"}, "to": DB})
    assert found.severity == "info"
    assert "of which neither manifests nor facts hold an endpoint" in found.message


def test_an_interface_that_the_node_has_not(ask: Any) -> None:
    end = {"node": "router", "interface": "lan1"}
    for check in ("flow-required", "flow-forbidden"):
        (found,) = ask(check, ROUTER, FACTS, **{"from": WAN, "to": end})
        assert found.severity == "info"
        assert found.message == (
            'whether traffic from interface "wan0" of node "router" to interface "lan1" of node "router" passes is not '
            'known: it depends on interface "lan1" of node "router", which its facts do not list, did you mean "lan0"'
        )
    assert all("facts" not in one.message for one in ask("flow-required", ROUTER, **{"from": WAN, "to": end}))


ALONE = PODS[PODS.index("apiVersion: projectcalico.org/v3\nkind: NetworkPolicy") :]
"""The policies of the pods without the pods."""


def test_a_pod_that_no_manifest_holds_stands_for_a_selector(ask: Any) -> None:
    flow = {"from": WEB, "to": DB, "protocol": "TCP"}
    (found,) = ask("flow-required", ALONE, **flow, ports=[5433])
    assert (found.severity, line(ALONE, found.span.line)) == ("error", "ingress:")
    assert (
        'from a workload with labels app=web in namespace "shop" (none is given) '
        'to a workload with labels app=db in namespace "shop" (none is given) must pass'
    ) in found.message
    (found,) = ask("flow-required", ALONE, **flow, ports=[5432])
    assert (found.severity, found.message) == (
        "info",
        "whether TCP port 5432 from endpoints with \"app == 'web'\" to endpoints with \"app == 'db'\" passes is not "
        "known: it depends on the labels of pods that no manifest holds; it passes from a workload with labels app=web "
        'in namespace "shop" (none is given) to a workload with labels app=db in namespace "shop" (none is given)',
    )
    (found,) = ask("flow-forbidden", ALONE, **flow)
    assert (found.severity, found.witness.as_dict()["destination_port"]) == ("error", 5432)
    (found,) = ask("flow-forbidden", ALONE, **{"from": {"selector": "app == 'other'"}, "to": DB})
    assert (found.severity, "it does not pass from a workload with labels app=other" in found.message) == ("info", True)


def test_pods_with_more_labels_may_be_treated_otherwise(ask: Any) -> None:
    narrower = ALONE.replace("selector: app == 'db'", "selector: app == 'db' && tier == 'data'")
    (found,) = ask("flow-forbidden", narrower, **{"from": "internet", "to": DB})
    assert found.severity == "info"
    assert "it depends on the labels of pods that no manifest holds; traffic from the Internet to" in found.message
    assert "must not pass, but a packet of it is accepted by profile kns.shop" in found.message


def test_of_what_is_given_nothing_is_assumed(ask: Any) -> None:
    without_db = PODS.replace("labels: {app: db}", "labels: {app: nothing}")
    (found,) = ask("flow-required", without_db, **{"from": WEB, "to": DB, "protocol": "TCP", "ports": [1]})
    assert 'from pod "shop/web-1" and 1 like it to a workload with labels app=db' in found.message
    for text in (PODS, without_db):
        (found,) = ask("flow-required", text, **{"from": WEB, "to": WEB, "protocol": "TCP", "ports": [22]}) or (None,)
        assert found is None


def test_a_missing_fact_is_named(ask: Any) -> None:
    manifests = PODS.replace("source: {selector: app == 'web'}", "source: {namespaceSelector: team == 'red'}").replace(
        "kind: Namespace\nmetadata: {name: shop}", "kind: Namespace\nmetadata: {name: other}"
    )
    (found,) = ask("flow-required", manifests, **{"from": WEB, "to": DB, "protocol": "TCP", "ports": [5432]})
    assert found.severity == "info"
    assert 'the labels of namespace "shop"' in found.message


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"to": "any"}, '"from" is needed'),
        ({"from": "any", "to": "everywhere"}, '"to" is needed'),
        ({"from": "any", "to": "internet"}, "meet no policy"),
        ({"from": "any", "to": "any"}, "meet no policy"),
        ({"from": LAN, "to": "internet"}, '"to" needs an interface'),
        ({"from": "internet", "to": LAN}, '"from" needs an interface'),
        ({"from": {"interface": "lan0"}, "to": "any"}, "but no node"),
        ({"from": {"selector": "a = b"}, "to": "any"}, '"from"'),
        ({"from": {"selector": "a == 'b'", "node": "router"}, "to": "any"}, "has a selector"),
        ({"from": {"addresses": ["10.0.0.0/99"]}, "to": "any"}, '"from"'),
        ({"from": {"addresses": [7]}, "to": "any"}, '"from"'),
        ({"from": {"nets": []}, "to": "any"}, 'there is no "nets"'),
        ({"from": "any", "to": LAN, "port": 1}, 'there is no "port"'),
        ({"from": "any", "to": LAN, "ports": [80]}, "ports need the protocol"),
        ({"from": "any", "to": LAN, "protocol": "TCP", "ports": ["http"]}, '"http" is no port'),
        ({"from": "any", "to": LAN, "protocol": "TPC"}, '"TPC" is no protocol'),
    ],
)
def test_parameters_that_cannot_be_used(ask: Any, parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CheckError, match="flow-required") as error:
        ask("flow-required", ROUTER, FACTS, **parameters)
    assert complaint in str(error.value)


def test_checks_are_known_by_their_names() -> None:
    assert {find(name).__name__ for name in ("flow-required", "flow-forbidden")} == {"required", "forbidden"}
