"""Whole clusters with answers derived by hand: cases/*.yaml, one file a subject, each case a small cluster.

`sessions` lists all sessions, each as `kind node far-end state` and any words that must hold of it too. `exports`,
`imports` and `kernel` tell for a session (`node > far end`) or node what becomes of single prefixes: the origin, the
verdict, the step or rule that decides, and `with=` all communities; `path=`, `pref=` and `next-hop=` only where a case
names them.
Routes that may exist or not begin with a question mark; they are compared where a case tells of any.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.export import keeps_next_hop
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes
from callint.bgp.routes import Engine, engine
from callint.bgp.session import Form, Session
from callint.net.address import parse_cidr
from callint.net.community import format_community, parse_community
from callint.net.prefixes import exactly
from callint.objects import Cluster

_KUBERNETES = {
    "DaemonSet": "apps/v1",
    "Service": "v1",
    "Endpoints": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
}


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['case']}")
        for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
        for case in yaml.safe_load(path.read_text())
    ]


def cluster_of(case: dict[str, Any], make_cluster: Any) -> Cluster:
    objects = [_object(name, dict(spec or {})) for name, spec in case["cluster"].items()]
    facts = [{"version": 1, "node": node, **about} for node, about in case.get("facts", {}).items()]
    texts = ["---\n".join(json.dumps(one) + "\n" for one in documents) for documents in (objects, facts)]
    major, minor = str(case.get("release", "3.32")).split(".")
    cluster: Cluster = make_cluster(*texts, (int(major), int(minor)))
    return cluster


def _object(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object from `Kind/name` and its spec; what is not of the spec is written as `.labels` and the like."""
    kind, _, rest = name.partition("/")
    about: dict[str, Any] = {"apiVersion": _KUBERNETES.get(kind, "projectcalico.org/v3"), "kind": kind}
    about["metadata"] = {"name": rest} | ({"namespace": "default"} if kind in _KUBERNETES else {})
    for key in [key for key in spec if key.startswith(".")]:
        value = spec.pop(key)
        if key in (".labels", ".annotations"):
            about["metadata"][key[1:]] = value
        else:
            about[key[1:]] = value
    return about | ({"spec": spec} if spec or kind not in ("Endpoints", "EndpointSlice") else {})


def _far(session: Session) -> str:
    far = session.address or (session.remote and session.remote.name) or "workloads"
    return f"{far}#{session.form.port}" if session.form.port else str(far)


def _words(session: Session) -> list[str]:
    form = session.form
    words = [form.kind, session.local.name, _far(session), session.status.state, session.peer_type]
    words += [f"{form.local_as}>{form.remote_as}", f"source={session.source}", f"next-hop={form.next_hop}"]
    words += [f"peer={session.peer.resource.name}"] if session.peer else []
    words += [f"filters={','.join(form.filters)}", f"local-as-allowed={form.allowed_local_as}"]
    for word, holds in (("reverse", form.reverse), ("client", form.rr_client), ("passive", session.passive)):
        words.append(word if holds else f"not-{word}")
    return words


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any], make_cluster: Any) -> None:
    cluster = cluster_of(case, make_cluster)
    model = engine(cluster)
    if "sessions" in case:
        assert _disagreements(model, case["sessions"]) == []
    for direction in ("exports", "imports"):
        for ends, routes in case.get(direction, {}).items():
            session = _session(model, ends)
            for prefix, expected in routes.items():
                wanted = [expected] if isinstance(expected, str) else expected
                found = list(_decisions(model, session, direction, prefix, case.get("offers", {}).get(prefix)))
                told = sorted(filter(None, (_told(one, wanted, session.form) for one in found)))
                assert told == sorted(_expected(one) for one in wanted), f"{direction} {ends} {prefix}"
    for prefix, step in case.get("kernel", {}).items():
        network = parse_cidr(prefix)
        assert [one.step for one in model.kernels[network.family].divide(exactly(network))] == [step], prefix


def _disagreements(model: Engine, expected: list[str]) -> list[str]:
    """Sessions that are not as expected, not expected, or missing."""
    actual = {tuple(words[:3]): words for words in map(_words, model.network)}
    wanted = {tuple(line.split()[:3]): line.split() for line in expected}
    assert len(wanted) == len(expected)
    found = [f"not expected: {' '.join(actual[key])}" for key in actual if key not in wanted]
    for key, words in wanted.items():
        if key not in actual:
            found.append(f"missing: {' '.join(words)}")
        elif lacking := [word for word in words if word not in actual[key]]:
            found.append(f"{' '.join(actual[key])}: not {' '.join(lacking)}")
    return found


def _session(model: Engine, ends: str) -> Session:
    local, _, far = ends.partition(" > ")
    (found,) = [one for one in model.network if one.local.name == local and _far(one) == far]
    return found


def _decisions(
    model: Engine, session: Session, direction: str, prefix: str, offer: dict[str, Any] | None
) -> Iterator[Decision]:
    wanted = parse_cidr(prefix)
    if direction == "exports":
        found = model.exported(session)
    elif offer is not None:
        communities = tuple(map(parse_community, offer.get("with", ())))
        preference = offer.get("pref", DEFAULT_LOCAL_PREF)
        about = Attributes("bgp", offer.get("interface"), communities, tuple(offer.get("path", ())), preference)
        found = model.received(session, Routes(exactly(wanted), "all", about, "an offer"))
    else:
        found = model.imported(session)
    yield from (one for one in found if wanted in one.prefixes)


def _told(one: Decision, wanted: list[str], form: Form) -> str | None:
    perhaps = one.routes.presence == "any"
    if perhaps and not any(text.startswith("?") for text in wanted):
        return None
    words = [("?" if perhaps else "") + one.routes.origin, one.verdict]
    words.append(str(one.rule).removeprefix("BGPFilter/").replace(" ", ":") if one.rule else one.step)
    if one.verdict == "accept":
        result = one.result
        communities = "unknown" if result.communities is None else ",".join(map(format_community, result.communities))
        words.append(f"with={communities}")
        path = "unknown" if result.as_path is None else ",".join(map(str, result.as_path))
        words += [f"path={path}"] if any("path=" in text for text in wanted) else []
        words += [f"pref={result.local_pref}"] if any("pref=" in text for text in wanted) else []
        hop = "kept" if keeps_next_hop(one.routes, form) else "own"
        words += [f"next-hop={hop}"] if any("next-hop=" in text for text in wanted) else []
    words += [f"when={','.join(map(str, one.when))}".replace(" ", "")] if one.when else []
    open_ = ",".join(str(condition) for together in one.unless for condition in together).replace(" ", "")
    words += [f"unless={open_}"] if open_ and not perhaps else []
    return " ".join(words)


def _expected(text: str) -> str:
    """The same words as `_told` makes: an Accept without communities has none."""
    words = text.split()
    if words[1] == "accept" and not any(word.startswith("with=") for word in words):
        words.insert(3, "with=")
    return " ".join(words)
