"""What Calico does with one packet, said a second time and plainly: over plain objects, with none of callint's code.

Written from Calico's own sources for the iptables dataplane and objects that calicoctl lets in. It knows few selectors,
each as a function, and one node with two host interfaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

Labels = dict[str, str]
SELECTORS: dict[str, Callable[[Labels], bool]] = {
    "all()": lambda labels: True,
    "app == 'web'": lambda labels: labels.get("app") == "web",
    "app != 'web'": lambda labels: labels.get("app") != "web",
    "has(app)": lambda labels: "app" in labels,
    "!has(app)": lambda labels: "app" not in labels,
    "app in {'db', 'set'}": lambda labels: labels.get("app") in ("db", "set"),
    "app == 'web' || side == 'in'": lambda labels: labels.get("app") == "web" or labels.get("side") == "in",
    "side == 'in'": lambda labels: labels.get("side") == "in",
    "has(side)": lambda labels: "side" in labels,
}
NAMESPACES: dict[str, Callable[[Labels], bool]] = {
    "all()": lambda labels: True,
    "global()": lambda labels: False,
    "team == 'red'": lambda labels: labels.get("team") == "red",
    "team != 'red'": lambda labels: labels.get("team") != "red",
}
TEAMS = {"red": {"team": "red"}, "blue": {"team": "blue"}, "grey": {}}
FAILSAFE = {
    "ingress": [("tcp", port) for port in (22, 179, 2379, 2380, 5473, 6443, 6666, 6667)] + [("udp", 68)],
    "egress": [("tcp", port) for port in (179, 2379, 2380, 5473, 6443, 6666, 6667)] + [("udp", 53), ("udp", 67)],
}
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}


class Sent(NamedTuple):
    """A packet; `wire` is the destination before DNAT."""

    arriving: str | None
    leaving: str | None
    source: str
    destination: str
    protocol: str
    source_port: int = 0
    port: int = 0
    icmp: tuple[int, int] = (0, 0)
    wire: str | None = None


class Thing(NamedTuple):
    """Whatever a selector can match; the namespace is None for what has none, ports are name, protocol and number."""

    labels: Labels
    namespace: str | None
    nets: tuple[str, ...]
    ports: tuple[tuple[str, str, int], ...] = ()
    account: str = ""


class World:
    """Objects by kind, as plain maps."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.of: dict[str, list[dict[str, Any]]] = {}
        for one in objects:
            self.of.setdefault(one["kind"], []).append(one)
        self.hosts = {one["spec"]["interfaceName"]: one for one in self.of.get("HostEndpoint", [])}
        self.pods = {one["spec"]["interfaceName"]: one for one in self.of.get("WorkloadEndpoint", [])}
        self.things = [_thing(one) for one in objects if one["kind"] in _NETS]

    def verdict(self, sent: Sent) -> str:
        try:
            self._go(sent)
        except EndError as end:
            return end.outcome
        raise AssertionError("a packet's way ends")

    def _go(self, sent: Sent) -> None:
        mark = False
        if sent.arriving is not None:
            mark = self._arrive(sent, sent.arriving)
            if sent.leaving is not None:
                self._forward(sent, sent.arriving, sent.leaving, mark)
            if _is_pod(sent.arriving):
                self._pod(sent, sent.arriving, "egress")
                raise EndError("drop")  # defaultEndpointToHostAction
            if mark:
                raise EndError("accept")
            here, direction = sent.arriving, "ingress"
        else:
            assert sent.leaving is not None
            here, direction = sent.leaving, "egress"
            if _is_pod(here):
                raise EndError("no-verdict")
            named = self.hosts.get(here)
            if named and self._chain(named, "untracked", direction, sent) == "allow":
                raise EndError("accept")
        host = self._host(here)
        if host is None:
            raise EndError("no-verdict")
        self._chain(host, "normal", direction, sent)
        raise EndError("no-verdict" if direction == "egress" and sent.wire else "accept")

    def _arrive(self, sent: Sent, interface: str) -> bool:
        wired = sent._replace(destination=sent.wire) if sent.wire else sent
        if _is_pod(interface):
            if sent.source not in [net.split("/")[0] for net in self.pods[interface]["spec"]["ipNetworks"]]:
                raise EndError("drop")
        elif interface in self.hosts and self._chain(self.hosts[interface], "untracked", "ingress", wired) == "allow":
            return True
        for host in (self.hosts.get(interface), self.hosts.get("*")):
            if host is not None and self._policies(host, "preDNAT"):
                return self._chain(host, "preDNAT", "ingress", wired) == "allow"
        return False

    def _forward(self, sent: Sent, arriving: str, leaving: str, mark: bool) -> None:
        if not mark and (host := self._host(arriving)):
            mark = self._chain(host, "forward", "ingress", sent) == "allow"
        if _is_pod(arriving):
            mark = self._pod(sent, arriving, "egress")
        if _is_pod(leaving):
            mark = self._pod(sent, leaving, "ingress")
        if host := self._host(leaving):
            mark = self._chain(host, "forward", "egress", sent) == "allow"
        raise EndError("accept" if mark else "no-verdict")

    def _host(self, interface: str) -> dict[str, Any] | None:
        return self.hosts.get(interface) or self.hosts.get("*")

    def _pod(self, sent: Sent, interface: str, direction: str) -> bool:
        return self._chain(self.pods[interface], "normal", direction, sent) == "allow"

    def _policies(self, endpoint: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """The policies of one of the endpoint's chains in the order in which they are asked, staged ones included."""
        host = endpoint["kind"] == "HostEndpoint"
        found = []
        for policy in (one for kind in _POLICIES for one in self.of.get(kind, [])):
            spec = policy["spec"]
            if not self._selects(policy, endpoint):
                continue
            if spec.get("doNotTrack"):
                kinds = {"untracked"} if host else set()
            elif spec.get("preDNAT"):
                kinds = {"preDNAT"} if host else set()
            else:
                kinds = {"normal"} | ({"forward"} if host and spec.get("applyOnForward") else set())
            if kind in kinds:
                found.append(policy)
        return sorted(found, key=self._place)

    def _place(self, policy: dict[str, Any]) -> tuple[Any, ...]:
        tier, spec, about = policy["spec"].get("tier", "default"), policy["spec"], policy["metadata"]
        order = spec.get("order", float("inf"))
        return self._tier(tier), tier, order, f"{about['name']}/{about.get('namespace', '')}/{policy['kind']}"

    def _tier(self, name: str) -> float:
        tiers = {one["metadata"]["name"]: one["spec"]["order"] for one in self.of.get("Tier", [])}
        return float(tiers.get(name, 1_000_000))

    def _action(self, name: str) -> str:
        actions = {one["metadata"]["name"]: one["spec"].get("defaultAction", "Deny") for one in self.of.get("Tier", [])}
        return str(actions.get(name, "Deny"))

    def _selects(self, policy: dict[str, Any], endpoint: dict[str, Any]) -> bool:
        thing, spec = _thing(endpoint), policy["spec"]
        if policy["kind"].endswith("GlobalNetworkPolicy"):
            scope, selector = spec.get("namespaceSelector"), spec.get("selector")
            if scope is not None:
                if not NAMESPACES[scope](TEAMS.get(thing.namespace or "", {})):
                    return False
                if thing.namespace is None and (scope == "all()" or selector == "all()"):
                    return False
            return selector is None or SELECTORS[selector](thing.labels)
        return thing.namespace == policy["metadata"]["namespace"] and SELECTORS[spec["selector"]](thing.labels)

    def _chain(self, endpoint: dict[str, Any], kind: str, direction: str, sent: Sent) -> str:
        """`allow` sets the mark, `none` does not; what is dropped or accepted for good raises."""
        host = endpoint["kind"] == "HostEndpoint"
        policies = self._policies(endpoint, kind)
        if kind == "untracked" and not policies:
            return "none"
        if host and kind != "forward":
            other = "egress" if direction == "ingress" else "ingress"
            hit = (sent.protocol, sent.port) in FAILSAFE[direction]
            if kind == "untracked" and (sent.protocol, sent.source_port) in FAILSAFE[other]:
                hit = True
            if hit:
                if kind == "normal":
                    raise EndError("no-verdict" if direction == "egress" and sent.wire else "accept")
                return "none"
        for tier in dict.fromkeys(one["spec"].get("tier", "default") for one in policies):
            mine = [one for one in policies if one["spec"].get("tier", "default") == tier and _acts(one, direction)]
            if not mine:
                continue
            action = next(filter(None, (self._first(one, direction, sent) for one in mine)), None)
            if action == "Allow":
                return "allow"
            if action == "Deny":
                raise EndError("drop")
            if action is None and kind in ("normal", "forward") and self._action(tier) != "Pass":
                raise EndError("drop")
        if kind == "forward":
            return "none" if policies else "allow"
        if kind == "normal":
            if not host or "projectcalico-default-allow" in endpoint["spec"].get("profiles", []):
                return "allow"
            raise EndError("drop")
        return "none"

    def _first(self, policy: dict[str, Any], direction: str, sent: Sent) -> str | None:
        namespace = policy["metadata"].get("namespace")
        for rule in policy["spec"].get(direction, []):
            if rule["action"] != "Log" and self._matches(rule, sent, namespace):
                return str(rule["action"])
        return None

    def _matches(self, rule: dict[str, Any], sent: Sent, namespace: str | None) -> bool:
        family = 6 if ":" in sent.source else 4
        protocol = rule.get("protocol")
        if rule.get("ipVersion", {"ICMP": 4, "ICMPv6": 6}.get(protocol or "", family)) != family:
            return False
        for field, wanted in (("protocol", True), ("notProtocol", False)):
            written = rule.get(field)
            number = written if isinstance(written, int) else NUMBERS.get(str(written).lower())
            if written is not None and (number == NUMBERS[sent.protocol]) is not wanted:
                return False
        for field, wanted in (("icmp", True), ("notICMP", False)):
            if field in rule:
                kind, code = rule[field]["type"], rule[field].get("code")
                hit = sent.protocol in ("icmp", "icmpv6") and sent.icmp[0] == kind and code in (None, sent.icmp[1])
                if hit is not wanted:
                    return False
        return all(
            self._side(rule.get(side, {}), address, port, sent.protocol, namespace)
            for side, address, port in (
                ("source", sent.source, sent.source_port),
                ("destination", sent.destination, sent.port),
            )
        )

    def _side(self, side: dict[str, Any], address: str, port: int, protocol: str, namespace: str | None) -> bool:
        family = ip_address(address).version
        for field, wanted in (("nets", True), ("notNets", False)):
            if field in side:
                nets = [net for net in map(ip_network, side[field]) if net.version == family]
                if not nets or any(ip_address(address) in net for net in nets) is not wanted:
                    return False
        positive = self._positive(side, namespace)
        if positive is not None and not any(_at(one, address) for one in self.things if positive(one)):
            return False
        if "notSelector" in side and positive is None:
            excluded = SELECTORS[side["notSelector"]]
            if any(_at(one, address) for one in self.things if excluded(one.labels)):
                return False
        for field, wanted in (("ports", True), ("notPorts", False)):
            if field in side:
                hit = any(self._port(item, address, port, protocol, positive) for item in side[field])
                if hit is not wanted:
                    return False
        return True

    def _positive(self, side: dict[str, Any], namespace: str | None) -> Callable[[Thing], bool] | None:
        """What must be at the address, evaluated for each thing as a whole."""
        scope, own, excluded = (side.get(name) for name in ("namespaceSelector", "selector", "notSelector"))
        accounts = side.get("serviceAccounts", {}).get("names")
        tests: list[Callable[[Thing], bool]] = []
        if scope == "global()":
            tests.append(lambda one: one.namespace is None)
        elif scope == "all()":
            tests.append(lambda one: one.namespace is not None)
        elif scope is not None:
            tests.append(lambda one: NAMESPACES[scope](TEAMS.get(one.namespace or "", {})))
        elif namespace is not None and (own or excluded or accounts):
            tests.append(lambda one: one.namespace == namespace)
        if own:
            tests.append(lambda one: SELECTORS[own](one.labels))
        if accounts:
            tests.append(lambda one: one.account in accounts)
        if tests and excluded:
            tests.append(lambda one: not SELECTORS[excluded](one.labels))
        return (lambda one: all(test(one) for test in tests)) if tests else None

    def _port(
        self, item: Any, address: str, port: int, protocol: str, positive: Callable[[Thing], bool] | None
    ) -> bool:
        if protocol not in ("tcp", "udp", "sctp"):
            return False
        if isinstance(item, int):
            return port == item
        if ":" in item:
            low, high = map(int, item.split(":"))
            return low <= port <= high
        return any(
            (name, kind, number) == (item, protocol, port)
            for one in self.things
            if _at(one, address) and (positive is None or positive(one))
            for name, kind, number in one.ports
        )


class EndError(Exception):
    """The packet's way ends."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


_NETS = {
    "WorkloadEndpoint": "ipNetworks",
    "HostEndpoint": "expectedIPs",
    "NetworkSet": "nets",
    "GlobalNetworkSet": "nets",
}
_POLICIES = ("GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy", "StagedNetworkPolicy")


def _thing(one: dict[str, Any]) -> Thing:
    about, spec = one["metadata"], one["spec"]
    ports = tuple((port["name"], port["protocol"].lower(), port["port"]) for port in spec.get("ports", ()))
    nets = tuple(spec.get(_NETS[one["kind"]], ()))
    return Thing(about.get("labels", {}), about.get("namespace"), nets, ports, spec.get("serviceAccountName", ""))


def _at(thing: Thing, address: str) -> bool:
    wanted = ip_address(address)
    return any(wanted in net for net in map(ip_network, thing.nets) if net.version == wanted.version)


def _acts(policy: dict[str, Any], direction: str) -> bool:
    return not policy["kind"].startswith("Staged") and direction.capitalize() in _types(policy["spec"])


def _types(spec: dict[str, Any]) -> Iterator[str]:
    written = spec.get("types")
    if written:
        yield from written
        return
    if spec.get("ingress") or not spec.get("egress"):
        yield "Ingress"
    if spec.get("egress"):
        yield "Egress"


def _is_pod(interface: str) -> bool:
    return interface.startswith("cali")
