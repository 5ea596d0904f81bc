"""Which files a path argument means, whatever lies in the tree; git itself is the judge of what git ignores."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callint.source import Limits, Sources, load
from callint.source.globs import base_of, compile_glob
from random_cases import examples


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str = "a: 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(sources: Sources) -> list[str]:
    return [file.path for file in sources.files]


def git(directory: Path, *arguments: str) -> str:
    settings = {"HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"], "LC_ALL": "C"}
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", *arguments]
    return subprocess.run(command, cwd=directory, env=settings, check=True, capture_output=True, text=True).stdout


def test_a_directory_is_read_in_sorted_order_and_only_yaml_and_json(tree: Path) -> None:
    for name in (
        "b.yaml",
        "a/z.yml",
        "a/y.json",
        "a/x.txt",
        "c.YAML",
        ".hidden/d.yaml",
        ".git/config.yaml",
        "e.yaml.bak",
    ):
        write(tree / name)
    assert names(load(["."])) == [".hidden/d.yaml", "a/y.json", "a/z.yml", "b.yaml"]
    assert names(load(["a", str(tree / "b.yaml"), "./a/../a"])) == ["a/y.json", "a/z.yml", "b.yaml"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a file name must be UTF-8 here")
def test_two_files_that_are_shown_alike_are_not_silently_one(tree: Path) -> None:
    for name in (b"\xff.yaml", b"\\xff.yaml"):
        (tree / os.fsdecode(name)).write_bytes(b"a: 1\n")
    sources = load(["."])
    assert names(sources) == ["\\xff.yaml"]
    assert [(problem.kind, problem.span.file) for problem in sources.problems] == [("unreadable-file", "\\xff.yaml")]


def test_a_file_that_is_named_is_read_whatever_its_name(tree: Path) -> None:
    write(tree / "sample")
    assert names(load(["sample"])) == ["sample"]


def test_the_working_directory_decides_how_a_path_is_shown(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree / "a/b.yaml")
    (tree / "c").mkdir()
    monkeypatch.chdir(tree / "c")
    assert names(load([str(tree / "a")])) == ["../a/b.yaml"]


def test_a_file_that_is_reached_twice_is_read_once_under_its_own_name(tree: Path) -> None:
    write(tree / "z/real.yaml")
    (tree / "a.yaml").symlink_to("z/real.yaml")
    for arguments in (["."], ["a.yaml", "z"], ["z", "a.yaml"], ["**/*.yaml", "z/real.yaml"]):
        assert names(load(arguments)) == ["z/real.yaml"]
    assert names(load(["a.yaml"])) == ["a.yaml"]


def test_links_show_nothing_outside(tree: Path) -> None:
    secret = write(tree / "secret", "token: abc\n")
    write(tree / "work/shared/base.yaml")
    (tree / "work/team").mkdir()
    (tree / "work/team/base.yaml").symlink_to("../shared/base.yaml")
    (tree / "work/team/z.yaml").symlink_to(secret)
    os.chdir(tree / "work")
    for arguments in (["team"], ["."], ["**/*.yaml"], [str(tree / "work")]):
        sources = load(arguments)
        assert "team/z.yaml" not in names(sources)
        assert [problem.span.file for problem in sources.problems] == ["team/z.yaml"]
        assert "a link out of the folder" in sources.problems[0].message
    assert names(load(["team"])) == ["team/base.yaml"], "the working directory may be shown"
    assert names(load(["team/z.yaml"])) == ["team/z.yaml"], "whoever names it wants it"
    assert names(load([str(tree)])) == ["../work/shared/base.yaml", "../work/team/z.yaml"], "all of it is checked"


def test_links_show_nothing_that_git_keeps(tree: Path) -> None:
    write(tree / ".git/config", "token: abc\n")
    (tree / "a.yaml").symlink_to(".git/config")
    os.chdir(tree)
    (problem,) = load(["."]).problems
    assert "a link out of the folder" in problem.message


def test_loops_pipes_and_dangling_links_end_decently(tree: Path) -> None:
    write(tree / "a/ok.yaml")
    (tree / "a/loop").symlink_to("..", target_is_directory=True)
    (tree / "a/self.yaml").symlink_to("self.yaml")
    (tree / "a/gone.yaml").symlink_to("nowhere")
    os.mkfifo(tree / "a/pipe.yaml")
    begun = time.monotonic()
    sources = load([".", "a/pipe.yaml", "/dev/zero"])
    assert time.monotonic() - begun < 5
    assert names(sources) == ["a/ok.yaml"]
    assert {problem.kind for problem in sources.problems} == {"unreadable-file"}
    assert [name for name in sources.unreadable if not name.endswith("zero")] == [
        "a/gone.yaml",
        "a/pipe.yaml",
        "a/self.yaml",
    ]
    messages = {problem.span.file: problem.message for problem in [*sources.problems, *load(["a/gone.yaml"]).problems]}
    assert "pipe" in messages["a/pipe.yaml"]
    assert messages["a/gone.yaml"] == "this file cannot be read: it is a link to something that is not there"


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from callint.source import discover

    path = write(tree / "a.yaml")
    found = discover.discover(["a.yaml"])
    path.unlink()
    os.mkfifo(path)
    (place,) = found.places
    assert getattr(place.read(100, None), "kind", None) == "unreadable-file"
    path.unlink()
    assert getattr(place.read(100, None), "kind", None) == "unreadable-file"


@pytest.mark.parametrize("argument", [".", "a", "a/*.yaml"])
@pytest.mark.parametrize("exchanged", ["a", "a/x.yaml"])
def test_a_link_that_takes_the_place_of_a_file_leads_nowhere_outside(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, argument: str, exchanged: str
) -> None:
    from callint.source import discover

    outside = tmp_path_factory.mktemp("outside")
    for folder, text in ((outside, "token: abc\n"), (tree / "a", "a: 1\n"), (tree / "b", "b: 1\n")):
        write(folder / "x.yaml", text)
    place = discover.discover([argument]).places[0]
    os.rename(exchanged, "old")

    def read_by_link_to(folder: Path) -> object:
        Path(exchanged).symlink_to(folder / Path(exchanged).relative_to("a"))
        read = place.read(100, None)
        Path(exchanged).unlink()
        return getattr(read, "message", read)

    assert read_by_link_to(outside) == (
        "this file cannot be read: another file has taken its place meanwhile, which lies outside"
    )
    assert read_by_link_to(tree / "b") == b"b: 1\n", "the working directory may be shown"
    write(Path("a/x.yaml"), "a: 2\n")
    assert place.read(100, None) == b"a: 2\n", "an editor may write a file anew"


@pytest.mark.parametrize(
    "name", [b"new\nline.yaml", b"co:lon,com%ma.yaml", b"\xff\xfe.yaml", b"-.yaml", b"a[1]*.yaml", " ü.yaml".encode()]
)
def test_odd_names_are_read_and_can_be_printed(tree: Path, name: bytes) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tree), name))
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("a: [\n")
    except OSError as error:
        pytest.skip(f"this file system refuses the name: {error}")
    for argument in (".", path):
        sources = load([argument])
        assert [document.value for document in sources.documents] == [{"a": []}]
        (problem,) = sources.problems
        problem.span.file.encode("utf-8")
        assert problem.span.file == sources.files[0].path


def test_what_is_missing_or_too_large_is_told(tree: Path) -> None:
    write(tree / "large.yaml", "a: 1\n" * 100)
    write(tree / "fine.yaml")
    sources = load(["large.yaml", "fine.yaml", "missing.yaml", "no*.yaml", "nul\0.yaml"], limits=Limits(file_bytes=400))
    assert names(sources) == ["fine.yaml"]
    assert sorted((problem.kind, problem.span.file) for problem in sources.problems) == [
        ("size-limit", "large.yaml"),
        ("unreadable-file", "missing.yaml"),
        ("unreadable-file", "no*.yaml"),
        ("unreadable-file", "nul\0.yaml"),
    ]
    assert set(sources.unreadable) == {"large.yaml", "missing.yaml", "no*.yaml", "nul\0.yaml"}


def test_standard_input_is_a_file_too() -> None:
    sources = load(["-", "-"], stdin=lambda: b"a: 1\n---\nb: [\n")
    assert names(sources) == ["<stdin>"]
    assert [problem.span.line for problem in sources.problems] == [3]
    assert load(["-"], stdin=lambda: b"x" * 11, limits=Limits(file_bytes=10)).unreadable == ("<stdin>",)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.yaml", ["a.yaml"]),
        ("*/*.yaml", ["d/b.yaml"]),
        ("**/*.yaml", ["a.yaml", "d/b.yaml", "d/e/c.yaml"]),
        ("d/**", ["d/b.yaml", "d/e/c.yaml", "d/e/f.txt"]),
        ("d/**/c.yaml", ["d/e/c.yaml"]),
        ("d/**/**/c.yaml", ["d/e/c.yaml"]),
        ("**/**/b.yaml", ["d/b.yaml"]),
        ("**/e/**/g.json", ["eg/e/g.json"]),
        ("d/e/f**t", ["d/e/f.txt"]),
        ("d/e/**.**", ["d/e/c.yaml", "d/e/f.txt"]),
        ("[ab].yaml", ["a.yaml"]),
        ("?/?/*.txt", ["d/e/f.txt"]),
        ("?", ["d/b.yaml", "d/e/c.yaml"]),
        ("?/e", ["d/e/c.yaml"]),
        ("*/e/", ["d/e/c.yaml", "eg/e/g.json"]),
    ],
)
def test_globs_are_expanded(tree: Path, pattern: str, expected: list[str]) -> None:
    for name in ("a.yaml", "d/b.yaml", "d/e/c.yaml", "d/e/f.txt", "eg/e/g.json"):
        write(tree / name)
    assert names(load([pattern])) == expected
    assert names(load([str(tree / pattern)])) == expected


def test_a_name_with_the_signs_of_a_glob_may_be_that_of_a_link_to_nothing(tree: Path) -> None:
    (tree / "[a].yaml").symlink_to("gone.yaml")
    (problem,) = load(["[a].yaml"]).problems
    assert problem.message == "this file cannot be read: it is a link to something that is not there"


def test_the_order_of_arguments_changes_nothing(tree: Path) -> None:
    for name in ("a.yaml", "b/c.yaml", "b/d.yaml"):
        write(tree / name, "x: [\n")
    first, second = load(["a.yaml", "b", "missing"]), load(["missing", "b/d.yaml", "b", "a.yaml"])
    assert names(first) == names(second)
    assert first.problems == second.problems


def test_what_git_ignores_is_left_out_but_not_what_is_tracked(tree: Path) -> None:
    git(tree, "init", "-q")
    write(tree / ".gitignore", "build/\n*.secret.yaml\n!keep.secret.yaml\n/root.yaml\nout/\n")
    write(tree / ".git/info/exclude", "excluded.yaml\n")
    for name in (
        "a.yaml",
        "build/b.yaml",
        "d/c.secret.yaml",
        "d/keep.secret.yaml",
        "root.yaml",
        "d/root.yaml",
        "out/t.yaml",
    ):
        write(tree / name)
    write(tree / "excluded.yaml")
    write(tree / "out/untracked.yaml")
    git(tree, "add", "-f", "out/t.yaml")
    assert names(load(["."])) == ["a.yaml", "d/keep.secret.yaml", "d/root.yaml", "out/t.yaml"]
    assert names(load(["**/*.yaml"])) == ["a.yaml", "d/keep.secret.yaml", "d/root.yaml", "out/t.yaml"]
    assert names(load(["d"])) == ["d/keep.secret.yaml", "d/root.yaml"]
    assert "root.yaml" in names(load(["."], ignore=False))
    assert names(load(["build/b.yaml", "root.yaml"])) == ["build/b.yaml", "root.yaml"]
    assert names(load(["build"])) == ["build/b.yaml"]


def test_what_many_patterns_ignore(tree: Path) -> None:
    git(tree, "init", "-q")
    many = [f"no-file-{n}*" for n in range(100)]
    patterns = ["build/", "*.secret.yaml", "!keep.*.yaml", "/d/**/gen-*-x.yaml", "!d/?/gen-?-x.yaml", "[z]*"]
    write(tree / ".gitignore", "\n".join([*many, *patterns, *many]))
    for name in ("a", "build/a", "a.secret", "keep.secret", "d/e/gen-aa-x", "d/e/gen-a-x", "d/gen-b-x", "z", "d/z"):
        write(tree / f"{name}.yaml")
    listed = git(tree, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    expected = sorted(name for name in listed if name.endswith(".yaml"))
    assert expected == ["a.yaml", "d/e/gen-a-x.yaml", "keep.secret.yaml"]
    assert names(load(["."])) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("".join(f"*a{n}*b{n}*\n" for n in range(30_000)), "its patterns with wildcards have more than 262144"),
        ("".join(f"*{a}*{b}*\n" for a in "abcdefghijklmno" for b in range(100)), "more than 4096 characters of"),
        ("name\n" * 300_000, "it is larger than 1048576 bytes"),
    ],
)
def test_a_gitignore_without_bound_is_told_and_ignores_nothing(tree: Path, text: str, reason: str) -> None:
    git(tree, "init", "-q")
    write(tree / ".gitignore", f"a.yaml\n{text}")
    write(tree / "d/a.yaml")
    for start in (".", "d"):
        sources = load([start])
        assert names(sources) == ["d/a.yaml"]
        (problem,) = sources.problems
        assert (problem.kind, problem.span.file) == ("size-limit", ".gitignore")
        assert problem.message.startswith(f"what this file ignores is checked all the same: {reason}")


def test_thousands_of_names_are_ignored(tree: Path) -> None:
    git(tree, "init", "-q")
    write(tree / ".gitignore", "".join(f"name{n}*.yaml\n/d/n{n}.yaml\n" for n in range(10_000)))
    for n in range(50):
        write(tree / f"d/n{n}.yaml")
        write(tree / f"e/n{n}.yaml")
        write(tree / f"e/name{n}x.yaml")
    assert names(load(["."])) == sorted(f"e/n{n}.yaml" for n in range(50))


def test_nothing_is_ignored_outside_of_a_work_tree(tree: Path) -> None:
    write(tree / ".gitignore", "*\n")
    write(tree / "a.yaml")
    assert names(load(["."])) == ["a.yaml"]


def test_no_program_is_run_for_an_untrusted_tree(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "config", "core.fsmonitor", f"touch {tree}/ran; false")
    write(tree / "a.yaml")
    write(tree / ".gitignore", "b.yaml\n")
    write(tree / "b.yaml")
    assert names(load(["."])) == ["a.yaml"]
    assert not (tree / "ran").exists()


STARS_IN_NAME = re.compile(r"[^*?\[\\/]\*\*")
"""Of which some releases of git make folders."""
BRACKETS = ["[a/b]", "[!/]", "[b-a]", "[.-a]", "[[:alpha:]]", "[[:no:]]", "[[:a]b]", "[", "[]", "]"]
LINES = st.lists(
    st.lists(
        st.sampled_from(
            ["a", "b", "*", "**", "?", "/", "!", "\\", "[ab]", "[!a]", ".yaml", "#", " ", "d", "é", *BRACKETS]
        ),
        max_size=5,
    )
    .map("".join)
    .filter(lambda line: "/" not in line or not STARS_IN_NAME.search(line)),
    max_size=4,
)


MANY = [f"{start}{n}" for n in range(30) for start in ("no-file-", "!no-file-*", "/no/")]


@given(
    LINES, LINES, st.sampled_from([2, 4]), st.sampled_from(["a.yaml", "d/b.yaml", "d/a/b.yaml", None]), st.booleans()
)
@example([], ["***/a"], 2, None, False)
@example(["d/[a/b].yaml", "[a/]/a*"], ["**/[/a]*", "d/**//"], 2, None, False)
@example(["?.yaml", "[é].yaml", "!d"], ["é*", "!??.yaml"], 2, None, True)
@example(["[b-a].yaml", "[[:a]b*"], [], 2, None, False)
@example(["[[:graph:]-z]b*"], ["[![:no:]].yaml"], 2, None, False)
@example([], ["a\\/*", "\\/b"], 2, None, False)
@example([], ["**\\/a"], 2, None, False)
@example(["\\/**"], [], 2, None, False)
@example(["[]a].yaml"], ["[!]a].yaml"], 2, None, False)
@example(["/d[!a]b.yaml", "[a-a].yaml"], ["[^a].yaml", "[b-].yaml"], 2, None, False)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_agrees_on_what_is_ignored(
    tmp_path_factory: pytest.TempPathFactory,
    outer: list[str],
    inner: list[str],
    version: int,
    tracked: str | None,
    many: bool,
) -> None:
    root = tmp_path_factory.mktemp("work")
    git(root, "init", "-q")
    git(root, "config", "index.version", str(version))
    for directory in ("", "a/", "b/", "d/", "d/a/", "d/d/", "ab/"):
        for name in ("a.yaml", "b.yaml", "ab.yaml", "#.yaml", "!a.yaml", "é.yaml"):
            write(root / directory / name)
    if tracked:
        git(root, "add", "-f", tracked)
    write(root / ".gitignore", "\n".join([*MANY, *outer, *MANY] if many else outer))
    write(root / "d/.gitignore", "\n".join(inner))
    listed = git(root, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    expected = sorted({name for name in listed if name.endswith(".yaml")})
    prefix = os.path.relpath(root).replace(os.sep, "/")
    assert [name.removeprefix(f"{prefix}/") for name in names(load([str(root)]))] == expected, (outer, inner)


@pytest.mark.parametrize("line", ["/a**/*", "d/a**/*", "a**\\/*"])
def test_two_stars_behind_a_name_are_one(line: str, tree: Path) -> None:
    """gitignore(5): other consecutive asterisks are regular ones."""
    git(tree, "init", "-q")
    write(tree / "d/.gitignore" if line[0] != "d" else tree / ".gitignore", line)
    for name in ("d/a.yaml", "d/ab/b.yaml", "d/ab/c/b.yaml", "d/b/a.yaml"):
        write(tree / name)
    assert names(load(["."])) == ["d/a.yaml", "d/b/a.yaml"]


def test_a_pattern_may_lead_to_any_name_and_begin_at_the_root() -> None:
    assert compile_glob("d/**").fullmatch("d/e/a\nb")
    assert [base_of(pattern) for pattern in ("/*.yaml", "*.yaml", "/a/b/?/c", "a/b", "/")] == [
        ("/", "*.yaml"),
        (".", "*.yaml"),
        ("/a/b", "?/c"),
        ("a/b", ""),
        ("/", ""),
    ]


def test_a_hostile_pattern_is_matched_in_linear_time() -> None:
    begun = time.monotonic()
    assert not compile_glob("*a" * 60 + "b").fullmatch("a" * 250)
    assert not compile_glob("**/a/" * 30 + "b").fullmatch("/".join("a" * 1000))
    assert not compile_glob("/".join(["*a*b*c*"] * 20)).fullmatch("/".join(["abcabcabc" * 20] * 19))
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("pattern", ["[a]" * 87_000, "*[!/]" * 50_000, "/**/[a]" * 30_000, "[" + "[:" * 40_000 + "a]"])
def test_a_pattern_that_is_longer_than_any_path_is_not_compiled(pattern: str) -> None:
    begun = time.process_time()
    assert not compile_glob(pattern).fullmatch("a/b/c")
    assert time.process_time() - begun < 2


def test_a_pattern_may_be_as_long_as_a_path() -> None:
    longest = "/".join(["a" * 255] * 15)
    assert compile_glob("[a]*" + "?" * 250 + "/**/" + "/".join(["a" * 255] * 13)).fullmatch(longest)


def test_hostile_text_is_read_within_bounded_memory_and_time(tree: Path) -> None:
    hostile = {
        "brackets": "[" * 1_000_000,
        "dashes": "- " * 500_000,
        "closed": "[" * 500_000 + "]" * 500_000,
        "documents": "---\na: 1\n" * 100_000,
        "broken": "---\na: [\n" * 100_000,
        "key": "k" * 1_000_000 + ": 1\n",
        "digits": "a: " + "9" * 1_000_000,
        "colons": ": " * 500_000 + "\nx: [{{",
        "dotted": "a: [x::]\n" * 100_000,
        "repeated": "a: 1\n" * 200_000,
        "quotes": 'a: "\\\'"\n' * 100_000,
        "bomb": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]\n" for i in range(1, 30)),
    }
    for name, text in hostile.items():
        write(tree / f"{name}.yaml", text)
    code = (
        "import resource, sys, time\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from callint.source import load\n"
        "for name in sys.argv[1:]:\n"
        "    begun = time.process_time()\n"
        "    sources = load([name])\n"
        "    [problem.span for problem in sources.problems]\n"
        "    print(name, time.process_time() - begun)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", code, *(f"{name}.yaml" for name in hostile)]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seconds = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
    assert len(seconds) == len(hostile)
    assert max(seconds.values()) < 4, seconds
