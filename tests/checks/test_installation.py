"""The Installation against objects that say something else: what the operator keeps, since when, of which pools."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target
from callint.checks import Breach, find
from manifests import calico, cluster_of, installation

CIDR = "10.244.0.0/16"


def told(problem: str, *objects: Any, target: Target | None = None) -> list[Breach]:
    return list(find("installation")(cluster_of(objects, target), {"problem": problem}))


def fields(*objects: Any, target: Target | None = None) -> list[tuple[str, ...]]:
    return [one.witness.as_dict()["fields"] for one in told("pool", *objects, target=target) if one.witness]


FORMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("natOutgoing", {"natOutgoing": "Enabled"}, {"natOutgoing": True}),
    ("natOutgoing", {"natOutgoing": "Disabled"}, {"natOutgoing": False}),
    ("blockSize", {"blockSize": 26}, {}),
    ("blockSize", {}, {"blockSize": 26}),
    ("blockSize", {"blockSize": 24}, {"blockSize": 24}),
    ("nodeSelector", {}, {"nodeSelector": "all()"}),
    ("nodeSelector", {"nodeSelector": "rack == 'attic'"}, {"nodeSelector": "rack == 'attic'"}),
    ("disabled", {"disableNewAllocations": True}, {"disabled": True}),
    ("disableBGPExport", {"disableBGPExport": True}, {"disableBGPExport": True}),
    ("modes", {"encapsulation": "IPIPCrossSubnet"}, {"ipipMode": "CrossSubnet"}),
    ("modes", {"encapsulation": "VXLAN"}, {"vxlanMode": "Always"}),
    ("modes", {"encapsulation": "None"}, {}),
]


@given(
    choice=st.sets(st.sampled_from(range(len(FORMS)))).map(lambda found: {FORMS[n][0]: FORMS[n] for n in sorted(found)})
)
def test_two_forms_of_one_pool_do_not_differ(choice: dict[str, tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    """The operator masquerades unless it is told not to, and an IPPool only if it is told to."""
    theirs: dict[str, Any] = {"cidr": CIDR, "encapsulation": "None"}
    mine: dict[str, Any] = {"cidr": CIDR, "natOutgoing": True}
    for _, there, here in choice.values():
        theirs.update(there)
        mine.update(here)
    assert fields(installation(theirs), calico("IPPool", "pods", mine)) == []


@pytest.mark.parametrize(
    ("there", "here", "differing"),
    [
        ({}, {"natOutgoing": False}, ("natOutgoing",)),
        ({}, {"disabled": True}, ("disabled",)),
        ({"blockSize": 28}, {}, ("blockSize",)),
        ({"encapsulation": "VXLAN"}, {"ipipMode": "Always"}, ("ipipMode", "vxlanMode")),
        ({"nodeSelector": "!all()"}, {"disableBGPExport": True}, ("nodeSelector", "disableBGPExport")),
        ({"name": "pods", "cidr": "10.245.0.0/16"}, {}, ("cidr",)),
        ({"name": "others", "cidr": "10.245.0.0/16"}, {"disabled": True}, None),
        ({"encapsulation": None}, {"ipipMode": "CrossSubnet"}, None),
        ({"encapsulation": "Vxlan"}, {"vxlanMode": "Never"}, None),
    ],
)
def test_what_the_operator_writes_over(there: dict[str, Any], here: dict[str, Any], differing: tuple[str, ...]) -> None:
    theirs = {key: value for key, value in {"cidr": CIDR, "encapsulation": "None", **there}.items() if value}
    pool = calico("IPPool", "pods", {"cidr": CIDR, "natOutgoing": True, **here})
    assert fields(installation(theirs), pool) == ([differing] if differing else [])


CHANGED = calico("IPPool", "pods", {"cidr": CIDR, "natOutgoing": True, "disabled": True})
POOL = {"cidr": CIDR, "encapsulation": "None"}


def test_an_older_operator_makes_pools_once() -> None:
    assert fields(installation(POOL), CHANGED, target=Target(release=(3, 27))) == []
    assert fields(installation(POOL), CHANGED, target=Target(release=(3, 28))) == [("disabled",)]


def test_of_two_installations_nothing_tells_which_is_meant() -> None:
    other = installation(name="other", calicoNetwork={"ipPools": [POOL], "linuxDataplane": "BPF"})
    assert told("pool", installation(POOL), other, CHANGED) == []
    assert told("dataplane", installation(POOL), other, felix(bpfEnabled=True)) == []


def felix(name: str = "default", **spec: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", name, spec)


CHOICES: dict[str | None, tuple[bool, bool]] = {
    None: (False, False),
    "Iptables": (False, False),
    "BPF": (True, False),
    "Nftables": (False, True),
}


@given(
    chosen=st.sampled_from(list(CHOICES)),
    ebpf=st.sampled_from((None, True, False)),
    nftables=st.sampled_from((None, "Enabled", "Disabled", "Auto")),
)
def test_switches_against_the_choice(chosen: str | None, ebpf: bool | None, nftables: str | None) -> None:
    wants_ebpf, wants_nftables = CHOICES[chosen]
    spec = {key: value for key, value in (("bpfEnabled", ebpf), ("nftablesMode", nftables)) if value is not None}
    expected = ["bpfEnabled"] if ebpf is not None and ebpf is not wants_ebpf else []
    if nftables == ("Disabled" if wants_nftables else "Enabled"):
        expected.append("nftablesMode")
    mine = installation(calicoNetwork={"linuxDataplane": chosen} if chosen else {})
    assert [one.path[-1] for one in told("dataplane", mine, felix(**spec))] == expected
    assert told("dataplane", mine, felix("node.one", **spec)) == []
    assert told("dataplane", felix(**spec)) == []
    assert told("dataplane", mine, felix(**spec), target=Target(release=(3, 25))) == []
