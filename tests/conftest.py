"""Fixtures that every test can use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the checkout; tests that need it are skipped where it is absent."""
    path = Path(os.environ.get("CALLINT_SHARED", REPOSITORY.parent / "shared"))
    if not (path / "vectors").is_dir():
        pytest.skip(f"no reference data at {path} (set CALLINT_SHARED)")
    return path
