"""Passwords of BGP sessions in Secrets: where they are looked for, and what may not be in them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from callint.checks import Breach, find
from callint.objects import Cluster
from callint.source import Limits
from calls import calls
from manifests import calico, cluster_of, installation

INSTALLATION = installation()
SECRET = "hunter2"


def secret(name: str = "bgp", namespace: str | None = "calico-system", **content: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **(content or plain(SECRET))}


def plain(value: str, key: str = "key") -> dict[str, Any]:
    return {"stringData": {key: value}}


def encoded(value: str, key: str = "key") -> dict[str, Any]:
    return {"data": {key: b64encode(value.encode()).decode()}}


def made(kind: str, name: str = "calico-bgp", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "calico-system"}
    return {"apiVersion": "example.org/v1", "kind": kind, "metadata": metadata, "spec": spec}


def copied(annotation: str) -> dict[str, Any]:
    there = secret(namespace="default")
    there["metadata"]["annotations"] = {annotation: "calico-system"}
    return there


def daemon(namespace: str) -> dict[str, Any]:
    metadata = {"name": "calico-node", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {}}


def peer(name: str = "bgp", key: str = "key") -> dict[str, Any]:
    source = {"secretKeyRef": {"name": name, "key": key}}
    return calico("BGPPeer", "out", {"peerIP": "192.0.2.1", "asNumber": 64513, "password": source})


def mesh(name: str = "bgp", key: str = "key") -> dict[str, Any]:
    return calico("BGPConfiguration", "default", {"nodeMeshPassword": {"secretKeyRef": {"name": name, "key": key}}})


def told(problem: str, *objects: Any) -> list[Breach]:
    cluster: Cluster = cluster_of(objects)
    return list(find("password")(cluster, {"problem": problem}))


@pytest.mark.parametrize("wanting", [peer, mesh])
@pytest.mark.parametrize(
    ("objects", "field"),
    [
        ([secret()], None),
        ([secret(namespace="kube-system")], None),
        ([secret(namespace=None)], None),  # whoever applies it says where
        ([secret(namespace="default")], "name"),
        ([secret(namespace="default"), secret()], None),
        ([INSTALLATION, secret()], None),
        ([INSTALLATION, secret(namespace="kube-system")], "name"),
        ([daemon("kube-system"), secret()], "name"),
        ([daemon("networking"), secret(namespace="networking")], None),
        ([secret("other")], None),  # this one is kept elsewhere
        ([], None),
        ([secret(**plain("x", "kez"))], "key"),
        ([secret(**encoded("x", "kez"))], "key"),
        ([secret(**encoded("x"))], None),
        ([secret(data={"a": "eA=="}, stringData={"key": "x"})], None),
        ([secret(namespace="default"), {**secret(), "kind": "SealedSecret", "apiVersion": "bitnami.com/v1"}], None),
        ([secret(namespace="default"), made("ExternalSecret", target={"name": "bgp"})], None),
        ([secret(namespace="default"), made("VaultStaticSecret", destination={"name": "bgp", "create": True})], None),
        ([secret(namespace="default"), made("SecretProviderClass", secretObjects=[{"secretName": "bgp"}])], None),
        ([secret(namespace="default"), made("ExternalSecret", target={"name": "other"})], "name"),
        ([secret(namespace="default"), made("OnePasswordItem", "bgp")], None),
        ([secret(namespace="default", **plain("x", "other"))], None),  # somebody else's of the same name
        ([copied("reflector.v1.k8s.emberstack.com/reflection-auto-namespaces")], None),
        ([copied("replicator.v1.mittwald.de/replicate-to")], None),
        ([copied("example.org/owner")], "name"),
    ],
)
def test_where_it_is_looked_for(wanting: Any, objects: list[Any], field: str | None) -> None:
    found = told("unread", *objects, wanting())
    assert [one.path[-1] for one in found] == ([field] if field else [])


API = "rbac.authorization.k8s.io"
CALICO_NODE = {"kind": "ServiceAccount", "name": "calico-node", "namespace": "calico-system"}


def role(*names: str, namespace: str | None = "calico-system", kind: str = "Role", **rule: Any) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": list(names), "verbs": ["get"], **rule}]
    metadata = {"name": "passwords", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{API}/v1", "kind": kind, "metadata": metadata, "rules": rules}


def bound(
    home: str | None = "calico-system", role: str = "passwords", of: str = "Role", **subject: str
) -> dict[str, Any]:
    metadata = {"name": "passwords", **({"namespace": home} if home else {})}
    reference = {"apiGroup": API, "kind": of, "name": role}
    binding = {"apiVersion": f"{API}/v1", "kind": "RoleBinding" if home else "ClusterRoleBinding"}
    return {**binding, "metadata": metadata, "roleRef": reference, "subjects": [{**CALICO_NODE, **subject}]}


def whole(**more: Any) -> dict[str, Any]:
    """A ClusterRole that has a part which names no Secret."""
    return {**role("other", kind="ClusterRole", namespace=None), **more}


@pytest.mark.parametrize("wanting", [peer, mesh])
@pytest.mark.parametrize(
    ("objects", "told_of"),
    [
        ([role("other"), bound()], True),
        ([role("other", "bgp"), bound()], False),
        ([role("other"), role("bgp"), bound()], False),
        ([role("other")], False),  # the binding is kept elsewhere, and may be one of another role
        ([bound()], False),
        ([role("other"), bound(), bound(role="elsewhere")], False),
        ([role("other"), bound(name="calico-typha")], False),
        ([role("other"), bound("default")], False),  # in that namespace it looks for no Secret
        ([role("other"), bound(), bound("default", "elsewhere")], True),
        ([role("other", namespace="kube-system"), bound()], False),  # another one of its name is bound
        ([role("other", namespace=None), bound()], True),
        ([INSTALLATION, role("other", namespace="kube-system"), bound("kube-system", namespace="kube-system")], False),
        ([daemon("networking"), role("other"), bound()], False),
        ([role("other", resources=["configmaps"]), bound()], False),
        ([role("other", apiGroups=["apps"]), bound()], False),
        ([role("other", verbs=["create"]), bound()], False),
        ([role("other", verbs=["*"], resources=["*"], apiGroups=["*"]), bound()], True),
        ([role(), bound()], False),
        ([role("${NAME}"), bound()], False),
        ([role("other"), bound(), whole(), bound(None, of="ClusterRole")], True),
        ([role("other"), bound(), whole(rules=[]), bound(None, of="ClusterRole")], True),
        ([role("other"), bound(), whole(aggregationRule={}), bound(None, of="ClusterRole")], False),
        ([role("other"), bound(), role(kind="ClusterRole"), bound(None, of="ClusterRole")], False),
        (
            [role("other"), bound(), bound(None, "view", "ClusterRole", kind="Group", name="system:authenticated")],
            False,
        ),
        ([role("other"), bound(), bound(None, "view", "ClusterRole", kind="Group", name="ops")], True),
    ],
)
def test_what_it_may_read(wanting: Any, objects: list[Any], told_of: bool) -> None:
    found = told("unread", *objects, wanting())
    assert [one.path[-1] for one in found] == (["name"] if told_of else [])


def test_what_is_not_there_and_not_its_to_read_is_told_once() -> None:
    found = told("unread", role("other"), bound(), secret(namespace="default"), peer())
    assert ['is in namespace "default"' in one.message for one in found] == [True]


@pytest.mark.parametrize("encode", [plain, encoded])
@pytest.mark.parametrize(
    ("value", "character"),
    [("abc", None), ('a"b', 2), ("abc\n", 4), ("a\nb", 2), ('\n"', 1), ("abc\r", None), ("'`\\$", None), ("", None)],
)
def test_what_is_in_it(encode: Any, value: str, character: int | None) -> None:
    found = told("content", secret(**encode(value)), peer())
    assert [dict(one.witness.facts)["character"] for one in found if one.witness] == ([character] if character else [])


@pytest.mark.parametrize("text", ["%%%", "gA==", "YQ"])
def test_what_cannot_be_decoded_is_not_judged(text: str) -> None:
    assert told("content", secret(data={"key": text}), peer()) == []


def test_text_goes_before_what_is_encoded() -> None:
    both = {**encoded('a"b'), **plain("ab")}
    assert told("content", secret(**both), peer()) == []


def test_a_line_that_holds_the_password_is_not_pointed_to() -> None:
    """Objects here are written in one line each, and reports quote the lines that they point to."""
    assert told("content", secret(**plain('a"b')), peer())[0].related == ()
    lines = """
    apiVersion: v1
    kind: Secret
    metadata: {name: bgp, namespace: calico-system}
    stringData:
      key: 'a"b'
    ---
    apiVersion: projectcalico.org/v3
    kind: BGPPeer
    metadata: {name: out}
    spec: {peerIP: 192.0.2.1, asNumber: 64513, password: {secretKeyRef: {name: bgp, key: key}}}
    """
    found = list(find("password")(cluster_of(lines), {"problem": "content"}))
    assert [one.span.line for one in found[0].related] == [4]


def test_nobody_is_told_the_password() -> None:
    found = [
        *told("content", secret(**plain(f'{SECRET}"')), peer(), mesh()),
        *told("unread", secret(namespace="default"), peer()),
        *told("unread", secret(), peer(key="kez")),
    ]
    assert len(found) == 4
    assert SECRET not in json.dumps(found)
    assert b64encode(SECRET.encode()).decode() not in json.dumps(found)


def test_so_many_secrets_of_one_name() -> None:
    peers = [{**peer(), "metadata": {"name": f"p{number}"}} for number in range(50)]
    cluster = cluster_of([secret(**plain("ab"))] * 50 + peers)
    cluster.limits = Limits(comparisons=7000)
    (found,) = find("password")(cluster, {"problem": "content"})
    assert "7,000 comparisons of passwords with Secrets" in found.message
    cluster.limits = Limits(comparisons=7500)
    assert list(find("password")(cluster, {"problem": "content"})) == []


def test_of_many_keys_some_are_named() -> None:
    """Or as many passwords would name all of them as often."""
    (found,) = told("unread", INSTALLATION, secret(stringData={f"k{n:02}": SECRET for n in range(30)}), peer())
    assert found.witness is not None
    shown = found.witness.as_dict()
    assert (shown["known"], shown["known_in_all"]) == (tuple(f"k{n:02}" for n in range(20)), 30)


def test_of_many_namespaces_some_are_named() -> None:
    others = [secret(namespace=f"n{number:02}") for number in range(30)]
    (found,) = told("unread", INSTALLATION, *others, peer())
    assert found.witness is not None
    shown = found.witness.as_dict()
    assert (shown["known"], shown["known_in_all"]) == (tuple(f"n{number:02}" for number in range(20)), 30)


def test_the_keys_of_a_secret_are_gone_through_once() -> None:
    def work(peers: int) -> int:
        content = {f"k{number:03}": SECRET for number in range(400)}
        objects = [INSTALLATION, secret(stringData=content)]
        objects += [{**peer(), "metadata": {"name": f"p{number}"}} for number in range(peers)]
        cluster = cluster_of(objects)
        return calls(lambda: list(find("password")(cluster, {"problem": "unread"})))

    assert work(40) - work(20) < 20 * 400
