"""A command that is tracked: ended at its limit with time for a checkpoint."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import psutil

from greenai_infra.tracking.child import run_tracked

from .fakes import Bench, ready

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CHILD = """
import pathlib, signal, sys, time
def checkpoint(*_):
    pathlib.Path("checkpoint").write_text("kept")
    sys.exit(0)
signal.signal(signal.SIGTERM, checkpoint)
pathlib.Path("started").touch()
time.sleep(60)
"""


def test_at_the_limit_the_command_may_write_a_checkpoint(tmp_path: Path) -> None:
    bench = Bench()
    trainer = bench.trainer(max_emissions_kg=0.5)
    program = tmp_path / "child.py"
    program.write_text(CHILD.replace('Path("', f'Path(r"{tmp_path}/'))

    def use_up() -> None:
        while not (tmp_path / "started").exists():
            threading.Event().wait(0.02)
        ready(trainer)
        bench.use(60, 2.0)

    using = threading.Thread(target=use_up)
    using.start()
    assert run_tracked(trainer, [sys.executable, str(program)]) == 75
    using.join()
    assert (tmp_path / "checkpoint").read_text() == "kept"
    assert trainer.report is not None
    assert (trainer.report.status, trainer.report.emissions_kg) == ("stopped", 1.0)


def test_a_signal_that_ended_it_is_told_as_shells_do() -> None:
    bench = Bench()
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_tracked(bench.trainer(), [sys.executable, "-c", code]) == 128 + 9


def test_a_signal_is_passed_on_and_the_run_was_stopped(tmp_path: Path) -> None:
    trainer = Bench().trainer()
    program = tmp_path / "child.py"
    program.write_text(CHILD.replace('Path("', f'Path(r"{tmp_path}/'))

    def tell_us() -> None:
        while not (tmp_path / "started").exists():
            threading.Event().wait(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    telling = threading.Thread(target=tell_us)
    telling.start()
    assert run_tracked(trainer, [sys.executable, str(program)]) == 0
    telling.join()
    assert (tmp_path / "checkpoint").read_text() == "kept"
    assert trainer.report is not None
    assert trainer.report.status == "stopped"


DEAF = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
left = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
left.stdout.readline()
pathlib.Path("pid").write_text(str(left.pid))
pathlib.Path("started").touch()
time.sleep(60)
"""


def test_what_does_not_end_when_it_is_told_to_is_killed_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenai_infra.tracking.child.OF_CHILDREN_S", 0.1)
    trainer = Bench().trainer()
    program = tmp_path / "child.py"
    program.write_text(DEAF.replace('Path("', f'Path(r"{tmp_path}/'))

    def tell_us() -> None:
        while not (tmp_path / "started").exists():
            threading.Event().wait(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    telling = threading.Thread(target=tell_us)
    telling.start()
    assert run_tracked(trainer, [sys.executable, str(program)], grace_s=0.1) == 128 + 9
    telling.join()
    assert trainer.report is not None
    assert trainer.report.status == "stopped"
    left = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE
