"""Costs worked out by hand are of machines and data alone: what stands beside them has tests of its own."""

from __future__ import annotations

import pytest

from greenai_infra.planning import standing


@pytest.fixture(autouse=True)
def nothing_stands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack beside a run, except where the tests are about it."""
    if not request.module.__name__.endswith("test_standing_cost"):
        monkeypatch.setattr(standing, "_rows", tuple)
