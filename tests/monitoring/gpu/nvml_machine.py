"""A machine with a library in NVML's place, compiled once; programs on it run as children, by the real bindings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).with_name("fake_nvml.c")
ROOT = Path(__file__).parents[3]
GIB = 2**30
H100 = {
    "driver": "580.65.06", "count": 1, "0.name": "NVIDIA H100 80GB HBM3", "0.uuid": "GPU-h100", "0.power_mw": 420_500,
    "0.limit_mw": 700_000, "0.default_mw": 700_000, "0.least_mw": 200_000, "0.most_mw": 700_000, "0.settable": 1,
    "0.energy_mj": 5_000_000, "0.use": 100, "0.memory_use": 40, "0.celsius": 61, "0.sm_mhz": 1485,
    "0.sm_max_mhz": 1980, "0.memory_mhz": 2619, "0.memory_max_mhz": 2619, "0.reasons": 0x24, "0.memory_used": 60 * GIB,
    "0.memory_total": 80 * GIB, "0.processes": "4242:64000000000", "process.4242": "python", "0.gpm": 1,
    "0.gpm1": 100, "0.gpm2": 62.5, "0.gpm3": 30, "0.gpm5": 25, "0.gpm10": 50, "0.gpm11": 0, "0.gpm12": 12, "0.gpm13": 3,
}  # fmt: skip
"""Busy: 420.5 W of 700, SM activity 62.5 %, clocks at 75 %, held down by power and heat (bits 0x4 and 0x20)."""


class NvmlMachine:
    """Its answers stand in a file, which a test or a program on the machine may change as it runs."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.folder, self.library = folder, library
        self.script = folder / "nvml.txt"

    def says(self, answers: Mapping[str, object]) -> None:
        """Answer so from now on."""
        self.script.write_text("".join(f"{key} {value}\n" for key, value in answers.items()))

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Python with these arguments."""
        done = subprocess.Popen(
            [sys.executable, *arguments], cwd=self.folder, env=self.environment(**environment), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = done.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, done.returncode, out, err)

    def environment(self, **more: str) -> dict[str, str]:
        """Of programs on the machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GREENAI_")}
        own = {"LD_LIBRARY_PATH": str(self.library), "FAKE_NVML": str(self.script), "PYTHONPATH": str(ROOT)}
        return {**kept, **own, "COLUMNS": "80", **more}


def built(*flags: str) -> Path:
    """The folder of the library; compiled once in a session of tests, by whoever comes first."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("no C compiler: the library in NVML's place can't be built")
        pytest.skip("no C compiler: the library in NVML's place can't be built")
    kind = "-".join(flag.lstrip("-D").lower() for flag in flags) or "new"
    stamp = f"{SOURCE.stat().st_mtime_ns}-{os.getuid()}-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    folder = Path(gettempdir()) / f"fake-nvml-{stamp}-{kind}"
    library = folder / "libnvidia-ml.so.1"
    if not library.exists():
        folder.mkdir(exist_ok=True)
        own = folder / f"building-{os.getpid()}.so"
        command = [compiler, "-shared", "-fPIC", "-w", *flags, "-o", str(own), str(SOURCE)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        own.replace(library)
    return folder
