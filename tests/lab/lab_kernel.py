"""A router in network namespaces with the chains that Felix would render, and packets that really go through it.

The chains are written from the rules of policy and the order in which Felix asks them; nothing here asks callint.
Addresses, routes and chains exist inside the namespaces only, and are gone afterwards, whatever happened.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

ACCEPT, PASS, BOTH = "0x1/0x1", "0x2/0x2", "0x3"
FAILSAFE_IN = [("tcp", 22), ("udp", 68), ("tcp", 179), ("tcp", 2379), ("tcp", 2380), ("tcp", 5473), ("tcp", 6443)]
FAILSAFE_OUT = [("udp", 53), ("udp", 67), ("tcp", 179), ("tcp", 2379), ("tcp", 2380), ("tcp", 5473), ("tcp", 6443)]
LAN_HOST, LAN_ROUTER = "10.0.0.7", "10.0.0.1"
WAN_HOST, WAN_ROUTER = "192.168.0.1", "192.168.0.2"
NODE_PORT, SERVICE_PORT = 30080, 8080
MOMENT, PATIENCE = 0.2, 5.0

AGENT = """
import json, select, socket, sys
heard = {}
def listen(kind, port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    one.bind(("", port))
    if kind == "tcp":
        one.listen(1024)
    one.setblocking(False)
    heard[kind, port] = one
def udp(address, port, payload):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.sendto(payload.encode(), (address, port))
        except PermissionError:  # how the kernel tells that OUTPUT dropped it
            pass
def frame(interface, data):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((interface, 0))
        one.send(bytes.fromhex(data))
begun = {}
def tcp(address, port, name):
    one = begun[name] = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setblocking(False)
    one.connect_ex((address, port))
def connected(name):
    return bool(select.select([], [begun[name]], [], 0)[1]) and not begun[name].getsockopt(
        socket.SOL_SOCKET, socket.SO_ERROR
    )
def forget():
    while begun:
        begun.popitem()[1].close()
arrived = set()
def received(port, payload):
    one = heard["udp", port]
    while select.select([one], [], [], 0)[0]:
        arrived.add(one.recv(2048).decode())
    return payload in arrived
for line in sys.stdin:
    name, *arguments = json.loads(line)
    print(json.dumps(globals()[name](*arguments)), flush=True)
"""


def why_not() -> str | None:
    """Why there can be no such laboratory here."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    for program, package in (("ip", "iproute2"), ("iptables-restore", "iptables")):
        if shutil.which(program) is None:
            return f"needs {program} (Debian's package {package})"
    name = f"callint-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"cannot make a network namespace: {made.stderr.strip()}"
    try:
        command = ["ip", "netns", "exec", name, "iptables-restore"]
        rules = "*filter\n-A FORWARD -m conntrack --ctstate NEW -m mark --mark 0x1/0x1 -j ACCEPT\nCOMMIT\n"
        filled = subprocess.run(command, input=rules, capture_output=True, text=True, check=False)
    finally:
        _run("ip", "netns", "delete", name)
    return f"iptables does not work in a namespace: {filled.stderr.strip()}" if filled.returncode else None


def _run(*command: str, text: str | None = None) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")


class Sent(NamedTuple):
    """A packet to try: from which host to which, and what it is; `before` is the destination on the wire."""

    origin: str
    target: str
    protocol: str
    port: int
    before: tuple[str, int] | None = None
    discover: bool = False


class Machine:
    """One namespace with an agent that sends and receives there."""

    def __init__(self, name: str) -> None:
        self.namespace = f"callint-{os.getpid()}-{name}"
        _run("ip", "netns", "add", self.namespace)
        self._agent: subprocess.Popen[str] | None = None

    def inside(self, *command: str, text: str | None = None) -> None:
        _run("ip", "netns", "exec", self.namespace, *command, text=text)

    def ip(self, *lines: str) -> None:
        _run("ip", "-netns", self.namespace, "-batch", "-", text="\n".join(lines) + "\n")

    def ask(self, *question: Any) -> Any:
        """Have the agent call one of its functions."""
        if self._agent is None:
            command = ["ip", "netns", "exec", self.namespace, sys.executable, "-c", AGENT]
            self._agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._agent.stdin is not None
        assert self._agent.stdout is not None
        self._agent.stdin.write(json.dumps(question) + "\n")
        self._agent.stdin.flush()
        return json.loads(self._agent.stdout.readline())

    def close(self) -> None:
        """End the agent and remove the namespace."""
        with ExitStack() as stack:
            stack.callback(_run, "ip", "netns", "delete", self.namespace)
            if self._agent is not None:
                stack.callback(self._agent.wait)
                stack.callback(self._agent.kill)
                for pipe in (self._agent.stdin, self._agent.stdout):
                    if pipe is not None:
                        stack.callback(pipe.close)


class Network:
    """A LAN host, the router, and a host in the home network before it."""

    def __init__(self, stack: ExitStack) -> None:
        self.machines: dict[str, Machine] = {}
        for name in ("lan", "router", "wan"):
            self.machines[name] = Machine(name)
            stack.callback(self.machines[name].close)
        self._count = 0
        self._wire("lan", LAN_HOST, "lan0", LAN_ROUTER)
        self._wire("wan", WAN_HOST, "wan0", WAN_ROUTER)
        self.machines["router"].inside("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        for machine in self.machines.values():
            for kind, port in (("udp", 53), ("udp", 67), ("udp", 123), ("udp", 5000), ("udp", SERVICE_PORT)):
                machine.ask("listen", kind, port)
            for port in (22, 8443):
                machine.ask("listen", "tcp", port)

    def _wire(self, host: str, address: str, interface: str, gateway: str) -> None:
        router, other = self.machines["router"], self.machines[host]
        _run(
            *("ip", "-n", router.namespace, "link", "add", interface, "type", "veth"),
            *("peer", "name", "eth0", "netns", other.namespace),
        )
        router.ip("link set lo up", f"address add {gateway}/24 dev {interface}", f"link set {interface} up")
        other.ip(
            "link set lo up",
            f"address add {address}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {gateway}",
        )

    def load(self, tables: str) -> None:
        """Replace the chains of the router, and forget its connections."""
        self.machines["router"].inside("iptables-restore", text=tables)

    def passing(self, packets: dict[str, Sent], expected: dict[str, bool]) -> dict[str, bool]:
        """Send all packets, and tell which arrived.

        What should be dropped has a moment to arrive nevertheless, and what should arrive has much longer, since other
        programs may keep the machine busy.
        """
        started = time.monotonic()
        marks = {title: self._send(sent) for title, sent in packets.items()}
        while True:
            found = {title: self._arrived(sent, marks[title]) for title, sent in packets.items()}
            waited = time.monotonic() - started
            if waited > PATIENCE or (waited > MOMENT and found == expected):
                break
            time.sleep(0.02)
        for machine in self.machines.values():
            machine.ask("forget")
        return found

    def _send(self, sent: Sent) -> str:
        self._count += 1
        mark = f"callint-{self._count}"
        addresses = {"lan": LAN_HOST, "wan": WAN_HOST, "router": LAN_ROUTER if sent.origin == "lan" else WAN_ROUTER}
        address, port = sent.before or (addresses[sent.target], sent.port)
        origin = self.machines[sent.origin]
        if sent.discover:
            origin.ask("frame", "eth0", discover(mark).hex())
        else:
            origin.ask(sent.protocol, address, port, mark)
        return mark

    def _arrived(self, sent: Sent, mark: str) -> bool:
        if sent.protocol == "tcp":
            return bool(self.machines[sent.origin].ask("connected", mark))
        return bool(self.machines[sent.target].ask("received", sent.port, mark))


def discover(payload: str) -> bytes:
    """An Ethernet frame with the first packet of DHCP: from 0.0.0.0:68 to 255.255.255.255:67."""
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload.encode()
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\0" * 4, b"\xff" * 4)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x07" + b"\x08\0" + head + udp


LINKS = ("lan0", "wan0")
WILDCARD = "any"
KINDS = {"preDNAT": "preDNAT", "doNotTrack": "untracked"}


def tables(interfaces: list[str], policies: list[dict[str, Any]], default: str) -> str:
    """The chains for host endpoints on the interfaces, `*` for one of all, all selected by all the policies.

    Policies of the tier `soft` are asked first, and it has the default action Pass. `default` is the policy of the
    host's own chains, ACCEPT or DROP: it decides where Calico does not.
    """
    plain = [one for one in policies if not any(map(one.get, KINDS))]
    forward = [one for one in plain if one.get("applyOnForward")]
    before = [one for one in policies if one.get("preDNAT")]
    untracked = [one for one in policies if one.get("doNotTrack")]
    named = [link for link in LINKS if link in interfaces]
    governed = {link: link if link in named else WILDCARD for link in LINKS if link in named or "*" in interfaces}
    return "\n".join(
        [
            *("*raw", ":PREROUTING ACCEPT", ":OUTPUT ACCEPT", *_raw(named, untracked), "COMMIT"),
            *("*nat", ":PREROUTING ACCEPT", *_dnat(), "COMMIT"),
            *("*mangle", ":PREROUTING ACCEPT", *_mangle(governed, before), "COMMIT"),
            *("*filter", *(f":{chain} {default}" for chain in ("INPUT", "FORWARD", "OUTPUT"))),
            *_filter(governed, plain, forward),
            *("COMMIT", ""),
        ]
    )


def _raw(named: list[str], policies: list[dict[str, Any]]) -> Iterator[str]:
    """Policy without connection tracking, which an endpoint of all interfaces does not have."""
    if not policies:
        return
    for here, option, prefix, direction, ports in (
        ("PREROUTING", "-i", "fh", "ingress", (FAILSAFE_IN, FAILSAFE_OUT)),
        ("OUTPUT", "-o", "th", "egress", (FAILSAFE_OUT, FAILSAFE_IN)),
    ):
        failsafe = f"cali-failsafe-{'in' if direction == 'ingress' else 'out'}"
        yield from _failsafe(failsafe, ports[0])
        yield from (f"-A {failsafe} -p {protocol} --sport {port} -j ACCEPT" for protocol, port in ports[1])
        yield f"-A {here} -j MARK --set-mark 0x0/{BOTH}"
        for name in named:
            yield from _chain(f"{prefix}-raw-{name}", policies, direction, "untracked")
            yield f"-A {here} {option} {name} -j {prefix}-raw-{name}"
        yield f"-A {here} -m mark --mark {ACCEPT} -j CT --notrack"
        yield f"-A {here} -m mark --mark {ACCEPT} -j ACCEPT"


def _dnat() -> Iterator[str]:
    """A service of type NodePort with its only endpoint in the home network."""
    yield f"-A PREROUTING -p udp -d {LAN_ROUTER} --dport {NODE_PORT} -j DNAT --to-destination {WAN_HOST}:{SERVICE_PORT}"


def _mangle(governed: dict[str, str], policies: list[dict[str, Any]]) -> Iterator[str]:
    if not policies:
        return
    yield "-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    yield f"-A PREROUTING -m mark --mark {ACCEPT} -j ACCEPT"
    yield from _failsafe("cali-failsafe-in", FAILSAFE_IN)
    for name in dict.fromkeys(governed.values()):
        yield from _chain(f"fh-mangle-{name}", policies, "ingress", "preDNAT")
    for link, name in governed.items():
        yield f"-A PREROUTING -i {link} -j fh-mangle-{name}"


def _filter(governed: dict[str, str], plain: list[dict[str, Any]], forward: list[dict[str, Any]]) -> Iterator[str]:
    yield from _failsafe("cali-failsafe-in", FAILSAFE_IN)
    yield from _failsafe("cali-failsafe-out", FAILSAFE_OUT)
    yield ":from-hep-forward -"
    for name in dict.fromkeys(governed.values()):
        yield from _chain(f"fh-{name}", plain, "ingress", "normal")
        yield from _chain(f"th-{name}", plain, "egress", "normal")
        yield from _chain(f"fhfw-{name}", forward, "ingress", "forward")
        yield from _chain(f"thfw-{name}", forward, "egress", "forward")
    yield from (f"-A from-hep-forward -i {link} -j fhfw-{name}" for link, name in governed.items())
    yield f"-A INPUT -m mark --mark {ACCEPT} -j ACCEPT"
    yield from (f"-A INPUT -i {link} -j fh-{name}" for link, name in governed.items())
    yield f"-A INPUT -m mark --mark {ACCEPT} -j ACCEPT"
    yield f"-A FORWARD -m mark ! --mark {ACCEPT} -j from-hep-forward"
    yield from (f"-A FORWARD -o {link} -j thfw-{name}" for link, name in governed.items())
    yield f"-A FORWARD -m mark --mark {ACCEPT} -j ACCEPT"
    yield f"-A OUTPUT -m mark --mark {ACCEPT} -j ACCEPT"
    yield from (f"-A OUTPUT -o {link} -j th-{name}" for link, name in governed.items())
    yield f"-A OUTPUT -m mark --mark {ACCEPT} -j ACCEPT"


def _failsafe(chain: str, ports: list[tuple[str, int]]) -> Iterator[str]:
    yield f":{chain} -"
    yield from (f"-A {chain} -p {protocol} --dport {port} -j ACCEPT" for protocol, port in ports)


def _chain(name: str, policies: list[dict[str, Any]], direction: str, kind: str) -> Iterator[str]:
    """One endpoint's chain: established, invalid, failsafe, tiers with their policies and ends, the profiles."""
    yield f":{name} -"
    if kind != "untracked":
        yield f"-A {name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
        yield f"-A {name} -m conntrack --ctstate INVALID -j DROP"
    if kind != "forward":
        yield f"-A {name} -j cali-failsafe-{'in' if direction == 'ingress' else 'out'}"
    yield f"-A {name} -j MARK --set-mark 0x0/{BOTH}"
    for tier in ("soft", "default"):
        yield f"-A {name} -j MARK --set-mark 0x0/0x2"
        every = [one for one in policies if one.get("tier", "default") == tier]
        mine = [one for one in every if direction.capitalize() in one["types"]]
        for number, policy in enumerate(mine):
            chain = f"{name}-{tier}-{number}"
            yield f":{chain} -"
            for rule in policy.get(direction, []):
                yield from _rule(chain, rule)
            yield f"-A {name} -m mark --mark 0x0/0x2 -j {chain}"
            yield f"-A {name} -m mark --mark {ACCEPT} -j RETURN"
        if mine and kind in ("normal", "forward") and tier != "soft":
            yield f"-A {name} -m mark --mark 0x0/0x2 -j DROP"
    if kind == "forward" and not policies:
        yield f"-A {name} -j MARK --set-mark {ACCEPT}"
    if kind == "normal":
        yield f"-A {name} -j DROP"


def _rule(chain: str, rule: dict[str, Any]) -> Iterator[str]:
    match = f" -p {rule['protocol'].lower()}" if "protocol" in rule else ""
    for option, side in (("-s", "source"), ("-d", "destination")):
        nets = rule.get(side, {}).get("nets", [])
        match += f" {option} {nets[0]}" if nets else ""
    ports = rule.get("destination", {}).get("ports", [])
    match += f" -m multiport --dports {','.join(map(str, ports))}" if ports else ""
    if rule["action"] == "Deny":
        yield f"-A {chain}{match} -j DROP"
        return
    mark = ACCEPT if rule["action"] == "Allow" else PASS
    yield f"-A {chain}{match} -j MARK --set-mark {mark}"
    yield f"-A {chain} -m mark --mark {mark} -j RETURN"
