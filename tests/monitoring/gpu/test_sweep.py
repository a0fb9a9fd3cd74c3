"""`gpu sweep`: a command under power limits, which are put back in every case; suggested is only what was measured."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from greenai_infra.monitoring.gpu.sweep import Run, suggest
from tests.monitoring.gpu.nvml_machine import H100

if TYPE_CHECKING:
    from tests.monitoring.gpu.nvml_machine import NvmlMachine

JOB = """
import os, re, sys
path = os.environ["FAKE_NVML"]
text = open(path).read()
limit_w = int(re.findall(r"^0\\.limit_mw (\\d+)", text, re.M)[-1]) // 1000
counter_mj = int(re.findall(r"^0\\.energy_mj (\\d+)", text, re.M)[-1])
used_j = {700: 1000, 600: 800, 500: 700, 350: 900}[limit_w]
with open(path, "a") as file:
    file.write(f"0.energy_mj {counter_mj + 1000 * used_j}\\n")
print("images:", "1,000")
sys.exit(int(os.environ.get("JOB_EXIT", 0)))
"""
"""A job of 1,000 images whose energy depends on the limit in force: 1000 J at 700 W, 700 J at 500 W."""


def limits(machine: NvmlMachine) -> list[int]:
    """Watts in the order in which they were set, the first as the card had it."""
    lines = machine.script.read_text().splitlines()
    return [int(line.split()[1]) // 1000 for line in lines if line.startswith("0.limit_mw")]


def swept(machine: NvmlMachine, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (machine.folder / "job.py").write_text(JOB)
    command = ("--", sys.executable, "job.py")
    return machine.run("-m", "greenai_infra", "gpu", "sweep", *words, *command, **environment)


def test_joules_a_unit_of_work_are_measured_and_the_best_limit_is_suggested(machine: NvmlMachine) -> None:
    words = ("--limits", "700,600,500,350", "--work", "images: ([0-9,]+)", "--max-slower", "100", "--json")
    done = swept(machine, *words, "--repeat", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout[done.stdout.index("{") :])

    runs = {run["limit_w"]: (run["joules"], run["work"], run["by_counter"]) for run in found["runs"]}
    assert runs == {700: (1000, 1000, True), 600: (800, 1000, True), 500: (700, 1000, True), 350: (900, 1000, True)}
    assert len(found["runs"]) == 8
    assert found["suggestion"]["limit_w"] == 500
    assert found["suggestion"]["saving"] == pytest.approx(0.3)
    assert limits(machine) == [700, *(700, 600, 500, 350) * 2, 700]


def test_the_table_and_the_suggestion_for_a_person(machine: NvmlMachine) -> None:
    done = swept(machine, "--limits", "700,500", "--repeat", "1", "--max-slower", "100")

    assert "500 W takes 30 % less energy for the same work" in done.stdout
    assert "sudo nvidia-smi -i 0 -pl 500" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_limit_that_a_user_had_set_is_put_back_after_a_failure(machine: NvmlMachine) -> None:
    machine.says({**H100, "0.limit_mw": 600_000})
    done = swept(machine, "--limits", "500", JOB_EXIT="3")

    assert done.returncode == 1
    assert "ended with exit code 3 at 500 W: nothing is suggested" in done.stderr
    assert limits(machine) == [600, 500, 600]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_limit_is_put_back_after_a_signal(machine: NvmlMachine, number: signal.Signals) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "greenai_infra", "gpu", "sweep", "--limits", "500", "--", "sleep", "60"],
        cwd=machine.folder, env=machine.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while limits(machine) != [700, 500] and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)  # the command is started
    child.send_signal(number)
    _, err = child.communicate(timeout=30)

    assert child.returncode == 130, err
    assert limits(machine) == [700, 500, 700]


def test_without_the_right_to_set_limits_nothing_is_run(machine: NvmlMachine) -> None:
    machine.says({key: value for key, value in H100.items() if key != "0.settable"})
    done = swept(machine, "--limits", "500")

    assert done.returncode == 1
    assert "can't be set to 500 W" in done.stderr
    assert "needs root" in done.stderr
    assert "images" not in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--limits", "500,100"), 2, "--limits 100: the card accepts 200 to 700 W"),
        (("--limits", "five"), 2, "expected watts"),
        (("--work", "images"), 2, "needs a group"),
        (("--work", "("), 2, "not a regular expression"),
        (("--limits", "700", "--work", "frames: ([0-9]+)", "--repeat", "1"), 1, "printed no number"),
        (("--gpu", "7"), 1, "GPU 7"),
    ],
)
def test_what_can_not_be_done_is_said(machine: NvmlMachine, words: tuple[str, ...], code: int, said: str) -> None:
    done = swept(machine, *words)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert limits(machine)[-1] == 700


def runs(**joules_and_seconds: tuple[float, float]) -> list[Run]:
    return [Run(float(name[1:4]), s, j, 1.0, True) for name, (j, s) in joules_and_seconds.items()]


def test_no_cap_without_a_saving_beyond_the_spread_of_the_runs() -> None:
    """Runs at 700 W differ by 100 J of 1,000, so 8 % less at 500 W says nothing."""
    noisy = runs(w700a=(950, 10), w700b=(1050, 10), w500a=(920, 10), w500b=(920, 10))
    steady = runs(w700a=(1000, 10), w700b=(1000, 10), w500a=(920, 10), w500b=(920, 10))

    assert suggest(noisy, 700, 0.1).limit_w is None
    assert suggest(steady, 700, 0.1).limit_w == 500
    assert suggest(steady, 700, 0.1).saving == pytest.approx(0.08)


def test_no_cap_that_is_too_slow_and_none_above_the_default() -> None:
    slow = runs(w700=(1000, 10), w600=(900, 11), w400=(600, 15))
    assert suggest(slow, 700, 0.1).limit_w == 600  # 1 - 10 / 11 = 9.1 %; 400 W is 33 % slower
    assert suggest(slow, 700, 0.5).limit_w == 400
    assert suggest(slow, 700, 0.05).limit_w is None
    assert suggest(runs(w700=(1000, 10)), 700, 0.1).limit_w is None
