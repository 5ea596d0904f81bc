"""The rules of one's own that pages of the documentation show."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def rules_of_page(name: str) -> dict[str, str]:
    """The text of each rule by the file in which it is to stand."""
    text = (REPOSITORY / "docs" / name).read_text("utf-8")
    return dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
