"""Variables of calico-node that are nearly ones that it reads."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico_node, cluster_of


def told(*objects: dict[str, Any]) -> list[Breach]:
    return list(find("variable")(cluster_of(objects), {}))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FELIX_IPINIPENABLE", "FELIX_IPINIPENABLED"),
        ("FELIX_IPIPENABLED", "FELIX_IPINIPENABLED"),
        ("FELIX_EXTERNALNODESLIST", "FELIX_EXTERNALNODESCIDRLIST"),
        ("FELIX_DEFAULT_ENDPOINT_TO_HOST_ACTION", "FELIX_DEFAULTENDPOINTTOHOSTACTION"),
        ("felix_bpf_enabled", "FELIX_BPFENABLED"),
        ("CALICO_IPV4POOL_BLOCKSIZE", "CALICO_IPV4POOL_BLOCK_SIZE"),
        ("IP_AUTODETECTON_METHOD", "IP_AUTODETECTION_METHOD"),
        ("ip_autodetection_method", "IP_AUTODETECTION_METHOD"),
        ("CALICO_IPV6POOL_IPIP", None),  # it is another family, and there is none
        ("CALICO_IPV6POOL_CIDR", None),
        ("felix_bpfenabled", None),
        ("FELIX_IPV6SUPPORT", None),
        ("FELIX_IPINIPMTU", None),
        ("FELIX_ROUTETABLERANGE", None),
        ("FELIX_VXLANMTUV6", None),
        ("FELIX_TYPHAK8SSERVICENAME", None),
        ("FELIX_TYPHACAFILE", None),
        ("FELIX_DATASTORETYPE", None),
        ("FELIX_", None),
        ("IP", None),
        ("IP4", None),
        ("AS", None),
        ("SOMETHING_ELSE", None),
    ],
)
def test_names_that_nobody_reads(name: str, meant: str | None) -> None:
    words = f'nobody reads the variable "{name}" of calico-node: it is "{meant}" that is read'
    assert [one.message for one in told(calico_node(**{name: "x"}))] == ([] if meant is None else [words])


def test_the_right_one_is_there_as_well() -> None:
    assert told(calico_node(FELIX_BPF_ENABLED="true", FELIX_BPFENABLED="true")) == []


def test_the_place_is_that_of_the_name_wherever_the_value_comes_from() -> None:
    taken = {"configMapKeyRef": {"name": "calico-config", "key": "mtu"}}
    metadata = {"name": "calico-config", "namespace": "kube-system"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mtu": "1400"}}
    (found,) = told(calico_node(FELIX_VXLAN_MTU=taken), config)
    assert found.path[-3:] == ("env", 0, "name")


def test_other_daemon_sets_have_variables_of_their_own() -> None:
    assert told(calico_node("other", FELIX_BPF_ENABLED="true")) == []
