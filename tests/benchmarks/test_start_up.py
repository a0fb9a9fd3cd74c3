"""The command line as a whole process, against processes that only import what it uses, and against CATS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Compare

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WORKLOAD = ROOT / "templates" / "workloads" / "finetune-7b.yaml"
LIBRARIES = "import click, numpy, yaml; from rich import console, table; from msgspec import Struct"
"""What `plan` loads of others."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""A user's processes keep the bytecode; without it each would compile our modules, and the libraries' were compiled
when they were installed."""


def process(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)


def plan() -> None:
    process(BIN / "greenai-infra", "plan", WORKLOAD, "--source", "embedded")


def test_plan_against_importing_its_libraries(compare: Compare) -> None:
    compare("plan / import of its libraries", plan, lambda: process(sys.executable, "-c", LIBRARIES), 1.5, 15)


def test_plan_against_the_help_of_cats(compare: Compare) -> None:
    cats = BIN / "cats"
    if not cats.exists():
        pytest.skip("climate-aware-task-scheduler is not installed")
    compare("plan / cats --help", plan, lambda: process(cats, "--help"), 1.0, 15)


def test_help_against_importing_click(compare: Compare) -> None:
    compare(
        "--help / import click",
        lambda: process(BIN / "greenai-infra", "--help"),
        lambda: process(sys.executable, "-c", "import click"),
        2.0,
        15,
    )


def test_estimate_against_plan(compare: Compare) -> None:
    request = ("--model", "Llama-3.1-8B-Instruct", "--accelerator", "H100", "--region", "eu-north-1")
    compare(
        "estimate / plan",
        lambda: process(BIN / "greenai-infra", "estimate", "inference", *request),
        plan,
        1.2,
        15,
    )
