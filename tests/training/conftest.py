"""Tests of training need torch: without it they are skipped, and in CI they fail."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT = "torch is not installed: pip install 'greenai-infra[training]'"
REQUIRED = ("CI", "GREENAI_REQUIRE_TORCH")


class WithoutTorch(pytest.Module):
    """A file of tests that is not even imported."""

    def collect(self) -> NoReturn:
        if any(os.environ.get(name) for name in REQUIRED):
            pytest.fail(WITHOUT, pytrace=False)
        pytest.skip(WITHOUT, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Each file of this folder, while there is no torch; else pytest's own."""
    if find_spec("torch") is not None:
        return None
    module: pytest.Module = WithoutTorch.from_parent(parent, path=module_path)
    return module


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Sums are rounded alike, and tests beside these have their processors."""
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
