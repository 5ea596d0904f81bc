"""callint.yaml: where it is found, what it says, and how it is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from callint import config, rule
from callint import source as sources
from callint.engine import Plan, Setting
from callint.lint import lint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> config.Config:
    (folder / "callint.yaml").write_text(text)
    return config.load("callint.yaml")


def test_found_by_walking_up(folder: Path) -> None:
    deep = folder / "clusters" / "home"
    deep.mkdir(parents=True)
    (folder / ".callint.yaml").write_text("fail-on: info\n")
    assert config.find("clusters/home") == ".callint.yaml"
    (folder / "clusters" / "callint.yaml").write_text("fail-on: info\n")
    assert config.find("clusters/home/x.yaml") == "clusters/callint.yaml"


def test_the_short_ending_will_do_and_comes_last(folder: Path) -> None:
    (folder / ".callint.yml").write_text("fail-on: info\n")
    assert config.find(".") == ".callint.yml"
    (folder / "callint.yml").write_text("fail-on: info\n")
    assert config.find(".") == "callint.yml"
    (folder / ".callint.yaml").write_text("fail-on: info\n")
    assert config.find(".") == ".callint.yaml"


def test_empty_is_the_default(folder: Path) -> None:
    assert load(folder, "# nothing\n").fail_on == "error"


def test_clusters_inherit_and_override(folder: Path) -> None:
    found = load(
        folder,
        """
calico: {release: v3.30, dataplane: nftables}
masqueraded: [10.0.0.0/24]
clusters:
  home: {manifests: [clusters/home]}
  work: {manifests: [clusters/work], calico: {release: v3.31}, masqueraded: [10.9.0.0/24], api-server-port: 443}
""",
    )
    home, work = found.clusters
    assert (home.name, home.calico.release, home.calico.dataplane) == ("home", (3, 30), "nftables")
    assert (work.calico.release, work.calico.dataplane) == ((3, 31), "nftables")
    assert [cidr for cidr, _ in home.intent.masqueraded] == ["10.0.0.0/24"]
    (cidr, span) = work.intent.masqueraded[0]
    assert (cidr, span.line) == ("10.9.0.0/24", 6)
    assert work.intent.api_server_port == 443
    assert work.manifests == ("clusters/work",)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "callint.yaml").write_text("manifests: [m]\nfacts: [facts]\nrules: {paths: [mine]}\n")
    monkeypatch.chdir(tmp_path)
    found = config.load("repo/callint.yaml")
    assert found.clusters[0].manifests == ("repo/m",)
    assert found.clusters[0].facts == ("repo/facts",)
    assert found.rule_paths == ("repo/mine",)


def test_rules_by_id_and_name(folder: Path) -> None:
    catalogue = rule.load()
    found = load(
        folder, "rules: {BGP001: off, defined-twice: error, NAT002: {severity: info, problem: x}, NAT001: true}"
    ).settings(catalogue)
    assert found["BGP001"] == Setting(enabled=False)
    assert found["REF001"] == Setting(enabled=True, severity="error")
    assert found["NAT002"] == Setting(True, "info", {"problem": "x"}, "callint.yaml:1:44")
    assert found["NAT001"] == Setting(enabled=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on: error\n", 'callint.yaml:1:1: "fail_on" is no known key, did you mean "fail-on"'),
        ("fail-on: fatal\n", 'callint.yaml:1:10: "fatal" is none of error, warning, info, never'),
        (
            "calico: {release: 3.31}\n",
            "callint.yaml:1:19: 3.31 stands where text is expected: a release such as v3.30",
        ),
        (
            "calico: {release: latest}\n",
            'callint.yaml:1:19: "latest" does not have the form expected: a release such as v3.30',
        ),
        (
            'calico: {release: "v3.30\\n"}\n',
            'callint.yaml:1:19: "v3.30\\n" does not have the form expected: a release such as v3.30',
        ),
        ("calico: v3.31\n", 'callint.yaml:1:9: "v3.31" stands where a mapping is expected'),
        ("manifests: [5]\n", "callint.yaml:1:13: 5 stands where text is expected; put it in quotes"),
        ("manifests: ['']\n", "callint.yaml:1:13: an empty text stands here"),
        ("facts:\n", "callint.yaml:1:1: nothing stands where a list is expected"),
        ("jobs: many\n", 'callint.yaml:1:7: "many" stands where a whole number is expected'),
        ("jobs: 65\n", "callint.yaml:1:7: 65 is out of range, the maximum is 64"),
        ("rules: {BGP001: warn}\n", 'callint.yaml:1:17: "warn" is none of on, off, error, warning, info, a mapping'),
        ("rules: {BGP001: {severity: warn}}\n", 'callint.yaml:1:28: "warn" is none of error, warning, info'),
        (
            "calico: {release: v3.99}\n",
            'callint.yaml:1:19: Calico release "v3.99" is not known: v3.20 to v3.33 are',
        ),
        (
            "clusters:\n  a: {manifests: [a], calico: {release: v3.5}}\n",
            'callint.yaml:2:41: Calico release "v3.5" is not known: v3.20 to v3.33 are',
        ),
        (
            "clusters: {a: {manifests: [a]}}\nmanifests: [b]\n",
            'callint.yaml:2:1: "manifests" stands beside "clusters", of which each names its own',
        ),
        (
            "masqueraded: [10.0.0.0/33]\n",
            'callint.yaml:1:15: "10.0.0.0/33" has the prefix length "33"; a number from 0 to 32 was expected',
        ),
        (
            "complete: [Node, pods]\n",
            'callint.yaml:1:18: "pods" is no kind of Calico or Kubernetes, did you mean "Pod"',
        ),
        (
            "nodes: {a: {services: {b: [metrics]}}}\n",
            'callint.yaml:1:28: "metrics" is none of dns-client, dhcp-client, api-client, api-server, bfd, bgp, dhcp, '
            "dhcp-relay, dns, etcd, ipip, kubelet, ndp, node-ports, ntp, ping, ssh, typha, vrrp, vxlan, wireguard",
        ),
        ("nodes: {a: {services: {b: [{name: metrics}]}}}\n", 'callint.yaml:1:29: "port" is missing'),
        (
            "nodes: {a: {services: {b: [dns, {name: dns, port: 5353}]}}}\n",
            'callint.yaml:1:40: "dns" stands here with two ports, of which one alone would be asked for',
        ),
        (
            "clusters: {home: {manifests: [x], nodes: {a: {services: {b: [{name: ssh, port: 22}, ssh]}}}}}\n",
            'callint.yaml:1:85: "ssh" stands here with two ports, of which one alone would be asked for',
        ),
        (
            "ignore: [{rule: NAT001, object: lan, reason: why}]\n",
            'callint.yaml:1:33: "lan" does not have the form expected: Kind/name, or Kind/namespace/name',
        ),
        ("ignore:\n  - {rule: BGP001}\n", 'callint.yaml:2:6: "reason" is missing'),
        ("ignore:\n  - {rule: A, reason: b, until: 2026-02-30}\n", 'callint.yaml:2:33: "2026-02-30" is no day'),
        ("clusters:\n  home: {facts: [x]}\n", 'callint.yaml:2:10: "manifests" is missing'),
        (
            "calico: {release: v3.31, applied-with: native}\n",
            "callint.yaml:1:40: Calico v3.31 has no native v3 CRDs, which came with v3.32",
        ),
        (
            "calico: {applied-with: native}\nclusters:\n  a: {manifests: [a], calico: {release: v3.29}}\n",
            "callint.yaml:3:41: Calico v3.29 has no native v3 CRDs, which came with v3.32",
        ),
        ("a: [\n", None),
        ("fail-on: error\n---\nfail-on: info\n", "callint.yaml:3: one document was expected, here begins a second"),
        ("- list\n", "callint.yaml:1:1: a list stands where a mapping is expected"),
        (
            "fail-on: info\nrules:\n  ? {a: b}\n  : off\n",
            "callint.yaml:3:5: a list or mapping stands as a key, where a text is expected",
        ),
        ("[BGP001]: off\n", "callint.yaml:1:1: a list or mapping stands as a key, where a text is expected"),
        ("rules: {~: off}\n", "callint.yaml:1:9: this key is empty, or too large a number"),
        (
            "fail-on: error\nfail-on: info\n",
            'callint.yaml:2:1: "fail-on" is set twice in this mapping, first in line 1',
        ),
        (
            "nodes: {1: {}, '1': {}}\n",
            'callint.yaml:1:16: "1" is set twice in this mapping, first in line 1',
        ),
        (
            "jobs: 1\n<<: {jobs: 2}\n",
            'callint.yaml:2:1: the merge "<<" stands behind "jobs" and overwrites it',
        ),
        ("%YAML 1.2\n---\njobs: 1\n", "callint.yaml:1:1: callint reads no YAML directives"),
        (
            "  jobs: 1\ncache: true\n",
            "callint.yaml:2:1: this line is indented less than the document, which ends here: callint ignores the rest",
        ),
        ("jobs: 1\n--- cache\n", 'callint.yaml:2:5: a separator line holds nothing but "---" and a comment'),
        ("exclude: charts/\n", 'callint.yaml:1:10: "charts/" stands where a list is expected'),
        (
            "jobs: 1\nexclude:\n" + "".join(f"- a*{number:04}*{'b' * 60}\n" for number in range(4000)),
            "callint.yaml:2:1: files cannot be held against this: its patterns with wildcards have more than 262144 "
            "characters",
        ),
        ("jobs: !!int many\n", 'callint.yaml:1:13: the value does not fit its tag "!!int"'),
    ],
)
def test_refused_with_the_place(folder: Path, text: str, message: str | None) -> None:
    with pytest.raises(config.ConfigError) as caught:
        load(folder, text)
    if message is None:
        assert str(caught.value).startswith("callint.yaml:")
    else:
        assert str(caught.value) == message


def test_unknown_rule_is_refused_with_the_place(folder: Path) -> None:
    found = load(folder, "rules:\n  BGP999: off\n")
    with pytest.raises(config.ConfigError, match=r'callint.yaml:2:3: "BGP999" is no rule'):
        found.settings(rule.load())


def test_a_rule_stands_there_once(folder: Path) -> None:
    found = load(folder, "rules:\n  BGP001: off\n  filter-missing: error\n")
    with pytest.raises(config.ConfigError, match=r"callint.yaml:3:3: BGP001 filter-missing stands here by id and by"):
        found.settings(rule.load())


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("BGP002: {sevrity: warning}", '12: "sevrity" is no known key, did you mean "severity"'),
        ("BGP002: {everywhere: true}", '12: check "advertisement" has no parameter "everywhere", it has problem'),
        ("OBJ010: {enabeld: false}", '12: "enabeld" is no known key, did you mean "enabled"'),
        ("SRC016: {severity: info, problem: a}", '28: "problem" is no known key: SRC016 takes severity and enabled'),
    ],
)
def test_a_key_that_a_rule_does_not_take_is_refused_with_the_place(folder: Path, entry: str, said: str) -> None:
    found = load(folder, f"rules:\n  {entry}\n")
    with pytest.raises(config.ConfigError) as caught:
        found.settings(rule.load())
    assert str(caught.value) == f"callint.yaml:2:{said}"


def test_services_with_a_port_of_their_own(folder: Path) -> None:
    found = load(folder, "nodes: {a: {services: {b: [dns, {name: metrics, protocol: tcp, port: 9100}]}}}\n")
    assert found.clusters[0].intent.services == {"a": {"b": {"dns": None, "metrics": 9100}}}


def test_a_path_that_leads_nowhere_is_shown_where_the_configuration_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "facts: [none.yaml]\nclusters: {a: {manifests: [./gone/, 'no*.yaml']}, b: {manifests: [gone, pool.yaml]}}\n"
    (folder / "below").mkdir()
    (folder / "pool.yaml").write_text("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: a}}")
    load(folder, text)
    monkeypatch.chdir(folder / "below")
    loaded = config.load("../callint.yaml")
    given = sources.load(["../gone", "../no*.yaml", "other", "../pool.yaml"])
    findings = lint(given, loaded, Plan(rule.load())).report.findings
    found = [one for one in findings if one.name == "unreadable-file"]
    assert {(one.span.file, *((place.span.start, place.label) for place in one.related)) for one in found} == {
        ("../gone", ("../callint.yaml:2:28", "named here")),
        ("../no*.yaml", ("../callint.yaml:2:37", "named here")),
        ("../none.yaml", ("../callint.yaml:1:9", "named here")),
        ("other",),
    }


def test_ignore_entries(folder: Path) -> None:
    found = load(
        folder, "ignore:\n  - {rule: NAT002, object: IPPool/lan, path: m, reason: on purpose, until: 2027-01-31}\n"
    )
    (ignore,) = found.ignores
    assert ignore.until == date(2027, 1, 31)
    assert (ignore.rule, ignore.object, ignore.file, ignore.reason) == (
        "NAT002",
        "IPPool/lan",
        str(folder / "m"),
        "on purpose",
    )
    assert ignore.span.line == 2
