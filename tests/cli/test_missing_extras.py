"""Without an extra a command says which to install; one that does without it works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from greenai_infra.errors import EXTRAS

ROOT = Path(__file__).parents[2]
BARE = f"""
import sys
sys.modules.update(dict.fromkeys({sorted(EXTRAS)}))  # an import of any of them raises ModuleNotFoundError
from greenai_infra.cli.start import run_process
run_process()
"""


def bare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in an installation without extras."""
    command = [sys.executable, "-c", BARE, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("cache", "stats", "--url", "redis://127.0.0.1:1"), "serving"),
        (("cache", "purge", "--url", "redis://127.0.0.1:1", "--model", "m"), "serving"),
        (("cache", "calibrate", "pairs.csv", "--out", "c.json"), "serving"),
        (("train", "digits", "--root", "run"), "training"),
        (("track", "--", "true"), "tracking"),
        (("gpu", "--once"), "gpu"),
    ],
    ids=lambda one: " ".join(one[:2]) if isinstance(one, tuple) else one,
)
def test_the_extra_is_named(tmp_path: Path, arguments: tuple[str, ...], extra: str) -> None:
    (tmp_path / "pairs.csv").write_text("question,other,same_answer\na,b,true\n")
    done = bare(tmp_path, *arguments)

    assert done.returncode in (1, 2)
    assert f"pip install 'greenai-infra[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_and_plan_do_without(tmp_path: Path) -> None:
    done = bare(tmp_path, "doctor")
    assert "only this machine is looked at" in done.stdout
    assert done.stderr == ""

    plan = bare(tmp_path, "plan", str(ROOT / "templates" / "workloads" / "finetune-7b.yaml"), "--source", "embedded")
    assert (plan.returncode, plan.stderr) == (0, "")


def test_the_library_names_it_too(tmp_path: Path) -> None:
    use = "from greenai_infra import InferenceCache\nInferenceCache(str.upper, model='m', version='1')"
    blocked = BARE.partition("from greenai")[0]
    done = subprocess.run(
        [sys.executable, "-c", blocked + use], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "GreenAIError: redis is not installed; install it with: pip install 'greenai-infra[serving]'" in done.stderr


def test_a_module_that_no_extra_brings_stays_a_traceback() -> None:
    code = (
        "from greenai_infra.cli import main\nmain.main = lambda **_: __import__('no_such_module')\nmain.run_process()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in done.stderr


def test_the_table_names_extras_that_there_are() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS.values()) <= set(extras)
