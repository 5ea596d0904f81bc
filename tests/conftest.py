"""Fixtures that every test can use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

# On a machine that does other things too an example may take long; tests of speed measure it by themselves.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("busy"), max_examples=20)
settings.load_profile("busy")


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
