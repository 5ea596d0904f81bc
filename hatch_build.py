"""What the wheel holds beside the files of the tree: the heads of all rules in one file, which is quick to read."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IndexRules(BuildHookInterface[Any]):
    """Puts `callint/data/rules.json` into a wheel; an editable install reads the rules themselves."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the index where the builder finds it."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from callint.rule import index
        finally:
            sys.path.remove(self.root)
        handle, self._file = tempfile.mkstemp(suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(index(os.path.join(self.root, "rules")), stream, ensure_ascii=False, separators=(",", ":"))
        build_data["force_include"][self._file] = "callint/data/rules.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what `initialize` wrote."""
        if version != "editable":
            os.unlink(self._file)
