"""`greenai-infra train` in this process, with a meter that needs no machine: what it leaves, says and ends with."""

from __future__ import annotations

import functools
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
import yaml
from msgspec.structs import replace
from safetensors.torch import load_file

from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.monitoring.run_report import as_json, read_report
from greenai_infra.numbers import significant
from greenai_infra.tracking.meter import Reading, Told
from greenai_infra.tracking.trainer import GreenTrainer
from tests.cli.in_process import run_here
from training import tracked
from training.checkpoints import newest_first

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SMALL = ("--epochs=2", "--seed=4", "--width=2", "--samples=100", "--batch_size=25")
STEPS = 8
LONG_AGO = "2026-01-01T00:00:00Z"


class SteadyMeter:
    """Counts 36 kW, 10 Wh a second, every hundredth of a second."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        self.give, self.start_s = on_reading, time.monotonic()
        self.thread = threading.Thread(target=self._count, daemon=True)
        self.thread.start()

    def _count(self) -> None:
        while not self.ended.wait(0.01):
            self._read()

    def _read(self) -> None:
        now_s = time.monotonic()
        self.give(Reading(now_s, {"cpu": 0.010 * (now_s - self.start_s)}))

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()
        self._read()

    def told(self) -> Told:
        return Told({"cpu": ("measured", "counter")}, {"cpu": "Abacus"})


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracked, "GreenTrainer", functools.partial(GreenTrainer, meter=SteadyMeter))
    for name in ("GREENAI_INTENSITY_G_PER_KWH", "GREENAI_REGION", "GREENAI_SLICE_END", "GREENAI_PLAN_ID", "RANK"):
        monkeypatch.delenv(name, raising=False)


def train(root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return run_here("train", *words, "--root", root)


def untouched(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def card_g(root: Path) -> float:
    """The Hub's figure on the card, in grams."""
    card = (root / "output" / "data" / "model_card.md").read_text()
    return float(yaml.safe_load(card.split("---")[1])["co2_eq_emissions"]["emissions"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracked, "GreenTrainer", functools.partial(GreenTrainer, meter=SteadyMeter))
        done = train(root, "digits", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "model_card.md" in done.stdout
    return root


def test_a_finished_run_leaves_model_checkpoints_report_and_card(finished: Path) -> None:
    model = load_file(finished / "model" / "model.safetensors")
    newest = newest_first(finished / "checkpoints")
    report = read_report(finished)

    assert [int(path.name[5:13]) for path in newest] == [STEPS, STEPS // 2]
    assert all(torch.equal(model[name], value) for name, value in torch.load(newest[0])["model"].items())
    assert (report.status, report.name) == ("complete", "digits")
    assert report.emissions_kg is not None
    assert card_g(finished) == pytest.approx(1000 * report.emissions_kg, rel=1e-4)
    assert not (finished / "output" / "failure").exists()


def test_with_no_place_stated_the_report_names_the_embedded_figure(finished: Path) -> None:
    """Ember's Global Electricity Review 2025: 473 g/kWh in 2024."""
    report = read_report(finished)

    assert report.intensity_g_per_kwh == pytest.approx(473)
    assert report.intensity is not None
    assert (report.intensity.how, report.intensity.source) == ("source", "embedded world mean")
    assert any("no grid zone is stated" in note for note in report.notes)


def test_started_again_it_says_so_and_touches_nothing(finished: Path) -> None:
    before = untouched(finished)

    done = train(finished, "digits", *SMALL)

    assert done.returncode == 0
    assert "has finished before" in done.stderr
    assert untouched(finished) == before


def test_another_run_is_not_written_over_it(finished: Path) -> None:
    before = untouched(finished)

    done = train(finished, "digits", *SMALL, "--seed=5")

    assert done.returncode == 2
    assert "another run's model (seed 4 there, 5 now)" in done.stderr
    assert untouched(finished).items() >= before.items()


def test_a_run_in_two_parts_ends_with_the_same_file_and_says_both_sums(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENAI_SLICE_END", LONG_AGO)
    first = train(tmp_path, "digits", *SMALL)
    assert (first.returncode, read_report(tmp_path).status) == (143, "stopped")
    assert not list((tmp_path / "model").iterdir())
    assert not (tmp_path / "output" / "failure").exists()
    monkeypatch.delenv("GREENAI_SLICE_END")

    second = train(tmp_path, "digits", *SMALL)

    assert second.returncode == 0, second.stderr
    model = Path("model", "model.safetensors")
    assert (tmp_path / model).read_bytes() == (finished / model).read_bytes()
    data = tmp_path / "output" / "data"
    reports = [read_report(data / "emissions_report.earlier-1.json"), read_report(tmp_path)]
    total = sum(one.emissions_kg or 0.0 for one in reports)
    assert [one.status for one in reports] == ["stopped", "complete"]
    assert reports[0].run_id != reports[1].run_id
    (note,) = [note for note in reports[1].notes if "part 2" in note]
    assert float(note.split()[-3]) == pytest.approx(total, rel=1e-2)
    assert card_g(tmp_path) == pytest.approx(1000 * total, rel=1e-4)


def test_a_part_that_was_killed_at_once_is_known_of(tmp_path: Path, finished: Path) -> None:
    data = tmp_path / "output" / "data"
    data.mkdir(parents=True)
    names = ("energy_kwh", "energy_kwh_low", "energy_kwh_high", "emissions_kg", "emissions_kg_low", "emissions_kg_high")
    first = replace(read_report(finished), **dict.fromkeys(names), run_id="killed", status="running")
    (data / "emissions_report.json").write_text(as_json(first))

    assert train(tmp_path, "digits", *SMALL).returncode == 0

    report = read_report(tmp_path)
    assert report.emissions_kg is not None
    (note,) = [note for note in report.notes if "part 2" in note]
    assert note.endswith("at least, as 1 of them was killed")
    assert f"{significant(report.emissions_kg)} kg CO2e" in note


def test_parts_of_a_plan_have_run_ids_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a ledger adds them up, where one id would count once."""
    monkeypatch.setenv("GREENAI_PLAN_ID", "0123456789ab")
    monkeypatch.setenv("GREENAI_SLICE_END", LONG_AGO)
    ids = []
    for _ in range(2):
        assert train(tmp_path, "digits", *SMALL).returncode == 143
        ids.append(read_report(tmp_path).run_id)

    assert ids == ["0123456789ab", "0123456789ab-part-2"]


def test_at_the_budget_it_writes_a_checkpoint_and_ends_with_75(tmp_path: Path) -> None:
    """10 Wh a second at 473 g/kWh: half a gram is there after a tenth of a second, and stays for all parts."""
    words = ("digits", *SMALL, "--epochs=5000", "--max-kg=0.0005")
    done = train(tmp_path, *words)

    assert done.returncode == 75
    assert "the carbon budget is used up" in done.stderr
    assert newest_first(tmp_path / "checkpoints")
    assert not list((tmp_path / "model").iterdir())
    report = read_report(tmp_path)
    assert report.status == "stopped"
    assert report.budget is not None
    assert report.budget.reached
    assert any("80 %" in note for note in report.notes)
    before = untouched(tmp_path)
    again = train(tmp_path, *words)
    assert (again.returncode, untouched(tmp_path)) == (75, before)
    assert "the parts before have emitted" in again.stderr


def test_a_ledger_counts_every_part_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "ledger.db"
    words = ("digits", *SMALL, "--ledger", ledger)
    unknown = train(tmp_path / "run", *words)
    assert unknown.returncode == 2
    assert "set GREENAI_TEAM and GREENAI_PROJECT" in unknown.stderr
    monkeypatch.setenv("GREENAI_TEAM", "research")
    monkeypatch.setenv("GREENAI_PROJECT", "digits")
    monkeypatch.setenv("GREENAI_PLAN_ID", "0123456789ab")
    account = CarbonBudget(ledger=ledger, team="research", project="digits")
    account.set(year_kg=10)

    monkeypatch.setenv("GREENAI_SLICE_END", LONG_AGO)
    assert train(tmp_path / "run", *words).returncode == 143
    parts = [read_report(tmp_path / "run")]
    monkeypatch.delenv("GREENAI_SLICE_END")
    assert train(tmp_path / "run", *words).returncode == 0
    parts.append(read_report(tmp_path / "run"))

    expected = sum(one.emissions_kg or 0.0 for one in parts)
    assert sum(account.status().committed("").year.values()) == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_is_no_number_fails_with_its_step(tmp_path: Path) -> None:
    done = train(tmp_path, "digits", *SMALL, "--learning_rate=1e30")

    assert done.returncode == 1
    said = (tmp_path / "output" / "failure").read_text()
    assert said.startswith("the loss is nan at step 2 (epoch 1, batch 2)")
    assert said in done.stderr
    assert read_report(tmp_path).status == "failed"
    assert train(tmp_path, "digits", *SMALL).returncode == 0
    assert not (tmp_path / "output" / "failure").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("digits", "--epoch=3"), "unknown hyperparameter 'epoch': digits knows epochs, seed"),
        (("digits", "--epochs"), "--epochs has no value"),
        (
            ("dogs",),
            "unknown example 'dogs': there are digits, charlm, distill-digits, distill-charlm, quantize-digits",
        ),
        (("digits", "charlm"), "one example at a time, not digits, charlm"),
        (("digits", "--script=x.py"), "there is no script x.py"),
        ((), "nothing to train: name an example"),
    ],
)
def test_what_can_not_be_run_is_said_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)

    done = train(tmp_path / "run", *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert said in (tmp_path / "run" / "output" / "failure").read_text()
    assert not list(tmp_path.rglob("emissions_report*"))


@pytest.mark.parametrize("text", ["nan", "-5", "coal"])
def test_an_intensity_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GREENAI_INTENSITY_G_PER_KWH", text)

    done = train(tmp_path, "digits", *SMALL)

    assert done.returncode == 2
    assert "GREENAI_INTENSITY_G_PER_KWH" in done.stderr


def test_a_pinned_intensity_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENAI_INTENSITY_G_PER_KWH", "100")

    assert train(tmp_path, "digits", *SMALL).returncode == 0
    assert read_report(tmp_path).intensity_g_per_kwh == pytest.approx(100)


def test_as_sagemaker_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One argument, `train`; all else lies in /opt/ml."""
    monkeypatch.setattr("training.contract.SAGEMAKER_ROOT", tmp_path)
    stated = dict(one.removeprefix("--").split("=") for one in SMALL)
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({**stated, "example": "digits"}))
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "resourceconfig.json").write_text(json.dumps(hosts))

    done = run_here("train", "train")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.safetensors").is_file()


def test_the_character_model_learns_from_its_channel(tmp_path: Path) -> None:
    channel = tmp_path / "input" / "data" / "train"
    channel.mkdir(parents=True)
    (channel / "notes.md").write_text("x")
    words = ("charlm", "--epochs=1", "--width=4", "--layers=1", "--context=8")
    assert "no .txt file" in train(tmp_path, *words).stderr
    (channel / "a.txt").write_text("to be or not to be, " * 60)

    done = train(tmp_path, *words)

    assert done.returncode == 0, done.stderr
    assert "held-out text" in done.stdout


def test_the_character_model_does_not_look_ahead() -> None:
    from training.charlm import CharacterModel

    torch.manual_seed(0)
    model = CharacterModel(8, 2, 16).eval()
    codes = torch.randint(0, 97, (1, 16))
    changed = codes.clone()
    changed[0, 9] = (changed[0, 9] + 1) % 97

    one, other = model(codes), model(changed)

    assert torch.equal(one[:, :9], other[:, :9])
    assert not torch.equal(one[:, 9], other[:, 9])


SCRIPT = """
import json, os, pathlib, sys
names = "SM_MODEL_DIR", "SM_CHANNEL_TRAIN", "SM_HP_LR", "SM_HPS", "GREENAI_CHECKPOINT_DIR"
told = {name: os.environ.get(name) for name in names}
pathlib.Path(os.environ["SM_MODEL_DIR"], "told.json").write_text(json.dumps([sys.argv[1:], told]))
sys.exit(int(os.environ.get("ENDS_WITH", "0")))
"""


def write_script(folder: Path, text: str = SCRIPT) -> Path:
    script = folder / "own.py"
    script.write_text(text)
    return script


def test_a_script_is_told_of_the_folders_and_hyperparameters(tmp_path: Path) -> None:
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)
    (tmp_path / "input" / "config").mkdir()
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text('{"lr": "0.1", "epochs": "2"}')

    done = train(tmp_path, "--script", write_script(tmp_path), "--fast", "8", "--epochs=3")

    assert done.returncode == 0, done.stderr
    arguments, told = json.loads((tmp_path / "model" / "told.json").read_text())
    assert arguments == ["--fast", "8", "--epochs=3", "--lr=0.1"]  # what is an argument goes before
    assert told == {
        "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_CHANNEL_TRAIN": str(tmp_path / "input" / "data" / "train"),
        "SM_HP_LR": "0.1",
        "SM_HPS": '{"lr": "0.1", "epochs": "3"}',
        "GREENAI_CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
    }
    assert (read_report(tmp_path).name, read_report(tmp_path).status) == ("own", "complete")


def test_a_script_that_fails_leaves_its_code_and_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDS_WITH", "3")

    done = train(tmp_path, "--script", write_script(tmp_path))

    assert done.returncode == 3
    assert (tmp_path / "output" / "failure").read_text().endswith("own.py ended with exit code 3")
    assert read_report(tmp_path).status == "failed"


def test_a_script_that_a_signal_ended_leaves_its_name(tmp_path: Path) -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert train(tmp_path, "--script", write_script(tmp_path, killed)).returncode == 137

    assert (tmp_path / "output" / "failure").read_text().endswith("own.py was ended by SIGKILL (often: out of memory)")


def test_a_script_that_stops_itself_is_to_be_continued_and_has_not_failed(tmp_path: Path) -> None:
    assert train(tmp_path, "--script", write_script(tmp_path, "import sys; sys.exit(143)")).returncode == 143

    assert read_report(tmp_path).status == "stopped"
    assert not (tmp_path / "output" / "failure").exists()


SLOW = """
import signal, sys, threading
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
sys.exit(0 if ended.wait(60) else 1)
"""


def test_a_script_gets_sigterm_at_the_end_of_its_slice_and_is_to_be_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENAI_SLICE_END", LONG_AGO)

    done = train(tmp_path, "--script", write_script(tmp_path, SLOW))

    assert (done.returncode, read_report(tmp_path).status) == (143, "stopped")


def test_a_script_that_is_told_to_stop_and_ends_with_0_is_to_be_continued(tmp_path: Path) -> None:
    told = SLOW.replace("sys.exit", "import os; os.kill(os.getppid(), signal.SIGTERM); sys.exit")

    done = train(tmp_path, "--script", write_script(tmp_path, told))

    assert (done.returncode, read_report(tmp_path).status) == (143, "stopped")


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in list(sys.modules):
        if name == "training.digits":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)

    done = train(tmp_path, "digits")

    assert done.returncode == 1
    assert "pip install 'greenai-infra[training]'" in done.stderr
