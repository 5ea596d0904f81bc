"""Drive one target with atheris: `python fuzz/fuzz.py TARGET [CORPUS_FOLDER] [libFuzzer options]`."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

with atheris.instrument_imports(include=["callint"]):
    import targets

    import callint

    # All of them, for what is imported later is not instrumented; those named run when they are imported.
    for module in pkgutil.walk_packages(callint.__path__, "callint."):
        if not module.name.endswith(("__main__", "cel_worker")):
            import_module(module.name)


def seeds(name: str) -> list[bytes]:
    """What a target may begin with."""
    texts: list[bytes] = []
    if name in ("loader", "lines", "check"):
        texts = targets.manifests()
    elif name == "manifest":
        texts = [bytes([index % 256]) for index in range(len(targets.manifests()))]
    elif name == "suppression":
        texts = [b"ignore[BGP001] why", b"[BGP001, BGP002]: why\nPOL001: because"]
    elif name == "selector":
        texts = [b"!(a == 'b' || c != 'd') && has(e)", b"a in {'x', 'y'} && b not in {} || all()", b"a starts with 'b'"]
    elif name == "cidr":
        texts = [b"10.0.0.0/8", b"::ffff:10.0.0.0/104", b"2001:db8::1", b"[::1]:179", b"192.0.2.1:179"]
    elif name == "bgp_filter":
        rule = b"- {action: Accept, cidr: 10.0.0.0/8, matchOperator: In, prefixLength: {min: 8, max: 24}}\n"
        texts = [b"exportV4:\n" + rule, b"importV4:\n" + rule + b"importV6:\n- {action: Accept, interface: eth*}\n"]
    elif name == "mixed":
        names = [one.__name__ for one in targets.SINGLE]
        texts = [bytes([index]) + text for index, one in enumerate(names) for text in seeds(one)[:5]]
    return texts


def main() -> None:
    """Read the command line and fuzz."""
    name, *rest = sys.argv[1:]
    folders = [argument for argument in rest if not argument.startswith("-")]
    if folders:
        corpus = Path(folders[0])
        corpus.mkdir(parents=True, exist_ok=True)
        for index, text in enumerate(seeds(name)):
            (corpus / f"seed-{index}").write_bytes(text)
    atheris.Setup([sys.argv[0], *rest], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
