"""Machines with the library in NVML's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.monitoring.gpu.nvml_machine import H100, NvmlMachine, built

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> NvmlMachine:
    """One H100."""
    made = NvmlMachine(tmp_path, built())
    made.says(H100)
    return made


@pytest.fixture
def old_machine(tmp_path: Path) -> NvmlMachine:
    """The same with a driver before 535: no event reasons, no MIG, no GPM, no memory info v2."""
    made = NvmlMachine(tmp_path, built("-DOLD_DRIVER"))
    made.says(H100)
    return made
