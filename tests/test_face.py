"""The Python face: what it offers, and that importing it loads next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import greenai_infra

HEAVY = ("numpy", "msgspec", "click", "yaml", "requests", "rich")


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a new process has loaded after some lines."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    assert not loaded_after("import greenai_infra") & set(HEAVY)
    assert not loaded_after("from greenai_infra import DistillationROI") & set(HEAVY)


def test_names_load_no_numpy_before_they_are_called() -> None:
    names = "CarbonBudget, DistillationROI, estimate_inference, estimate_training, sci"
    assert not loaded_after(f"from greenai_infra import {names}") & {"numpy"}
    called = "estimate_inference('Qwen3-8B', accelerator='H100')"
    assert "numpy" in loaded_after(f"from greenai_infra import estimate_inference; {called}")


@pytest.mark.parametrize("name", greenai_infra.__all__)
def test_each_name_is_there_and_documented(name: str) -> None:
    assert getattr(greenai_infra, name).__doc__
    assert name in dir(greenai_infra)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'estimate_everything'"):
        _ = greenai_infra.estimate_everything


def test_types_are_shipped() -> None:
    assert greenai_infra.__file__ is not None
    assert Path(greenai_infra.__file__).with_name("py.typed").is_file()
