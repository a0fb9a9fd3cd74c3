"""Costs worked out by hand are of machines and data alone: what stands beside them has tests of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.planning import standing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def nothing_stands(request: pytest.FixtureRequest) -> Iterator[None]:
    """No stack beside a run, except where the tests are about it."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.module.__name__.endswith("test_standing_cost"):
            patch.setattr(standing, "_rows", tuple)
        yield
