"""libyaml's parser, and in callint's own process only that.

`import yaml` costs more than reading a small file: it prepares Python readers and constructors that are never used. The
extension module needs only the names of their exceptions, so a process that is callint's alone gives it those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

import callint

_EXCEPTIONS = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
_GIVEN = ("error", "events", "nodes", "tokens")


def _without_the_rest() -> None:
    """Import the extension into a package that holds nothing else; where that fails, the ordinary way remains."""
    spec = PathFinder.find_spec("yaml")
    if spec is None or not spec.submodule_search_locations:
        return
    package = sys.modules["yaml"] = ModuleType("yaml")
    package.__path__ = list(spec.submodule_search_locations)
    try:
        for name in _GIVEN:
            import_module(f"yaml.{name}")
        from yaml.error import MarkedYAMLError, YAMLError

        for name, module in _stand_ins(YAMLError, MarkedYAMLError):
            setattr(package, name, module)
            sys.modules[f"yaml.{name}"] = module
        import_module("yaml._yaml")
    except (ImportError, AttributeError):
        _forget(_GIVEN)


def _stand_ins(plain: type[Exception], marked: type[Exception]) -> Iterator[tuple[str, ModuleType]]:
    def refuse(self: Any, *about: Any) -> None:
        plain.__init__(self, *about)

    for name, error in _EXCEPTIONS.items():
        module = ModuleType(f"yaml.{name}")
        # A reader's error has no place, and by that it is told from the others.
        made = type(error, (plain,), {"__init__": refuse}) if name == "reader" else type(error, (marked,), {})
        setattr(module, error, made)
        yield name, module


def _forget(more: Iterable[str] = ()) -> None:
    """Let the next `import yaml` find all of PyYAML; what the extension works with stays the same."""
    for name in ("yaml", *(f"yaml.{name}" for name in (*_EXCEPTIONS, *more))):
        sys.modules.pop(name, None)


def _imported() -> tuple[Any, type[Exception], ModuleType]:
    lean = callint.alone and "yaml" not in sys.modules
    if lean:
        _without_the_rest()
    from yaml import events
    from yaml._yaml import CParser
    from yaml.error import YAMLError

    if lean:
        _forget()
    return CParser, YAMLError, events


CParser, YAMLError, events = _imported()
