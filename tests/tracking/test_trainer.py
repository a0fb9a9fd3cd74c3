"""GreenTrainer with a meter and a clock of the test's own: sums worked out by hand, and ends of every kind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from math import nan
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import RunReport, read_report
from greenai_infra.tracking import run as module
from greenai_infra.tracking.context import output_folder
from greenai_infra.tracking.trainer import BUDGET_REACHED, CarbonBudgetReached, GreenTrainer

from .fakes import NOON, Bench, Remembering, grid_file, ready


def of(trainer: GreenTrainer) -> RunReport:
    assert trainer.report is not None
    return trainer.report


def test_two_steps_of_intensity_as_by_hand(tmp_path: Path) -> None:
    bench = Bench()
    bench.wall = NOON + 1800
    with bench.trainer(zone="DE", intensity=f"file:{grid_file(tmp_path)}", pue=1.2) as trainer:
        ready(trainer)
        bench.use(2700, 0.6, 0.3)  # 12:30 to 13:15: half an hour at 400, a quarter at 100, so 300 g/kWh
        bench.use(900, 0.4)  # to 13:30, at 100
    report = of(trainer)
    assert report.emissions_kg == pytest.approx((0.9 * 300 + 0.4 * 100) * 1.2 / 1000, rel=1e-9)
    assert report.energy_kwh == pytest.approx(1.3)
    assert report.intensity_g_per_kwh == pytest.approx(310 / 1.3)
    assert {name: one.energy_kwh for name, one in report.components.items()} == pytest.approx({"cpu": 1.0, "ram": 0.3})
    assert {name: one.how for name, one in report.components.items()} == {"cpu": "measured", "ram": "estimated"}
    assert (report.energy_kwh_low, report.energy_kwh_high) == pytest.approx((0.95 + 0.075, 1.1 + 0.6))
    assert report.intensity is not None
    assert (report.intensity.how, report.intensity.source, report.intensity.basis) == (
        "file",
        "file grid.csv",
        "lifecycle",
    )


def test_what_a_file_does_not_cover_is_not_known(tmp_path: Path) -> None:
    bench = Bench()
    bench.wall = NOON + 2.5 * 3600
    with bench.trainer(zone="DE", intensity=f"file:{grid_file(tmp_path)}") as trainer:
        ready(trainer)
        bench.use(3600, 1.0)
    report = of(trainer)
    assert (report.energy_kwh, report.emissions_kg, report.intensity_g_per_kwh) == (1.0, None, None)
    assert any("the intensity is unknown for 1.00 of 1.00 kWh" in note for note in report.notes)


def test_seconds_before_the_meter_is_ready_count_at_its_first_power() -> None:
    bench = Bench()
    bench.ready_after_s = 10
    with bench.trainer() as trainer:
        ready(trainer)
        bench.use(20, 0.002)
    report = of(trainer)
    assert report.energy_kwh == pytest.approx(0.003)
    assert report.components["start_up"].energy_kwh == pytest.approx(0.001)
    assert report.components["start_up"].how == "estimated"
    assert (report.duration_s, report.measured_s) == (30, 20)


def test_a_clock_that_is_set_back_changes_nothing() -> None:
    bench = Bench()
    with bench.trainer() as trainer:
        ready(trainer)
        bench.wall -= 86400
        bench.use(3600, 1.0)
    report = of(trainer)
    assert (report.duration_s, report.emissions_kg) == (3600, 0.5)
    assert (report.started_at, report.ended_at) == ("2026-12-31T12:00:00Z", "2026-12-31T13:00:00Z")


def test_it_is_stopped_once_whatever_happens() -> None:
    bench = Bench()
    trainer = bench.trainer()

    @trainer
    def step(kwh: float) -> float:
        ready(trainer)
        with trainer:  # entered again, the outermost counts
            bench.use(60, kwh)
        if kwh > 1:
            raise ZeroDivisionError("loss")
        return kwh

    assert step(0.5) == 0.5
    assert (of(trainer).status, of(trainer).emissions_kg, bench.stops) == ("complete", 0.25, 1)
    first = of(trainer).run_id
    bench.kwh = {"cpu": 0.0, "ram": 0.0}
    with pytest.raises(ZeroDivisionError):
        trainer.train(step, 2.0)
    assert (of(trainer).status, of(trainer).emissions_kg, bench.stops) == ("failed", 1.0, 2)
    assert of(trainer).run_id != first
    with pytest.raises(KeyboardInterrupt), trainer:
        raise KeyboardInterrupt
    assert (of(trainer).status, bench.stops) == ("stopped", 3)


def test_a_meter_that_fails_is_told_and_the_training_goes_on() -> None:
    bench = Bench()

    def broken(on_reading: object) -> None:
        raise OSError("no device")

    bench.start = broken  # type: ignore[method-assign]
    with bench.trainer() as trainer:
        done = True
    report = of(trainer)
    assert done
    assert (report.energy_kwh, report.emissions_kg, report.components) == (None, None, {})
    assert any("the meter did not start (OSError: no device)" in note for note in report.notes)


def test_two_trackers_in_one_process_say_so() -> None:
    one, other = Bench(), Bench()
    with one.trainer() as first:
        ready(first)
        with other.trainer() as second:
            ready(second)
            other.use(60, 0.5)
        one.use(60, 0.5)
    assert of(first).emissions_kg == of(second).emissions_kg == 0.25
    assert any("another tracker runs in this process" in note for note in of(second).notes)


@pytest.mark.parametrize(
    ("given", "environment", "message"),
    [
        ({"intensity": nan}, {}, "an intensity is a number in g/kWh, not nan"),
        ({"intensity": -5.0}, {}, "-5 g/kWh is negative"),
        ({"intensity": 400_000.0}, {}, "more than any grid emits"),
        ({"intensity": None}, {"GREENAI_INTENSITY_G_PER_KWH": "NaN"}, "GREENAI_INTENSITY_G_PER_KWH must be a number"),
        ({"intensity": None}, {"GREENAI_INTENSITY_G_PER_KWH": "abc"}, "not 'abc'"),
        ({"intensity": "embedded"}, {}, "needs a grid zone"),
        ({"intensity": "file:nowhere.csv", "zone": "DE"}, {}, "there is no such CSV file"),
        ({"intensity": "nonsense", "zone": "DE"}, {}, "'nonsense' is not a source"),
        ({"intensity": None, "zone": "Germany"}, {}, "unknown grid zone or region 'Germany'"),
        ({"pue": 0.9}, {}, "pue must be a number from 1 to 5"),
        ({"region": "eu-nowhere-1"}, {}, "eu-nowhere-1"),
        ({"intensity": None}, {"GREENAI_INTENSITY_G_PER_KWH": "-5"}, "must be a number of 0 or more, not '-5'"),
        ({"max_emissions_kg": nan}, {}, "max_emissions_kg must be a number above 0"),
        ({"max_emissions_kg": 0}, {}, "max_emissions_kg must be a number above 0, not 0"),
        ({"max_emissions_kg": -1.5}, {}, "max_emissions_kg must be a number above 0, not -1.5"),
        ({"max_emissions_kg": "1 kg"}, {}, "max_emissions_kg must be a number above 0, not '1 kg'"),
        ({"measure_every_s": 0}, {}, "measure_every_s must be a number above 0, not 0"),
        ({"plan": __file__}, {}, "is not a plan"),
    ],
)
def test_what_is_stated_wrongly_is_said_before_the_run(
    given: dict[str, Any], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        Bench().trainer(environment=environment, **given)


def test_neither_pin_nor_zone_leaves_the_emissions_unknown() -> None:
    bench = Bench()
    with bench.trainer(intensity=None) as trainer:
        ready(trainer)
        bench.use(60, 0.5)
    report = of(trainer)
    assert (report.energy_kwh, report.emissions_kg, report.intensity_g_per_kwh) == (0.5, None, None)
    assert any("neither an intensity" in note for note in report.notes)


def test_without_a_network_the_embedded_figure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from greenai_infra.intensity.choice import fallback

    monkeypatch.setattr(fallback, "order", dict)
    bench = Bench()
    with bench.trainer(intensity=None, zone="PL", environment={"GREENAI_REGION": "eu-central-1"}) as trainer:
        ready(trainer)
        bench.use(60, 0.5)
    report = of(trainer)
    assert report.region == "aws:eu-central-1"
    assert report.intensity is not None
    assert (report.intensity.kind, report.intensity.zone) == ("yearly mean", "PL")
    figure = f"taken is the embedded figure of PL, {report.intensity_g_per_kwh:g} g/kWh"
    assert any(figure in note for note in report.notes)
    assert report.emissions_kg == pytest.approx(0.5 * report.pue * (report.intensity_g_per_kwh or 0) / 1000)


def test_the_budget_warns_at_80_percent_and_ends_at_100(capsys: pytest.CaptureFixture[str]) -> None:
    bench, kept = Bench(), list[float]()
    trainer = bench.trainer(max_emissions_kg=1.0, checkpoint=lambda: kept.append(bench.at_s))

    def steps() -> None:
        ready(trainer)
        for _ in range(100):
            bench.use(60, 0.2)  # 0.1 kg
            trainer.check()

    with pytest.raises(SystemExit) as ended:
        trainer.train(steps)
    assert isinstance(ended.value, CarbonBudgetReached)
    assert ended.value.code == BUDGET_REACHED == 75
    assert kept == [100 + 10 * 60]
    report = of(trainer)
    assert report.status == "stopped"
    assert report.emissions_kg == pytest.approx(1.0)
    assert report.budget is not None
    assert report.budget.reached
    errors = capsys.readouterr().err
    assert errors.count("warning: 80 % of 1.00 kg CO2e (max_emissions_kg) are emitted") == 1
    assert "the run has emitted its 1.00 kg CO2e and ends here" in errors


def test_the_ledger_limits_a_run_and_gets_it_recorded(tmp_path: Path) -> None:
    from greenai_infra.ledger.carbon_budget import CarbonBudget

    account = CarbonBudget(ledger=tmp_path / "ledger.db", team="t", project="p")
    account.set(year_kg=100, training_share=0.5, inference_share=0.5)
    account.record(run_id="before", kg=42, kind="training")
    account.reserve(run_id="plan-1", kg=5, kind="training")
    account.reserve(run_id="other", kg=1, kind="training")
    bench = Bench()
    environment = {"GREENAI_PLAN_ID": "plan-1", "GREENAI_TEAM": "t", "GREENAI_PROJECT": "p"}
    with bench.trainer(ledger=tmp_path / "ledger.db", environment=environment) as trainer:
        ready(trainer)
        bench.use(3600, 4.0)
        assert not trainer.budget_reached
    report = of(trainer)
    assert report.budget is not None
    assert (report.budget.limit_kg, report.budget.source) == (7.0, "year's training budget in the ledger")
    status = account.status()
    assert {run.run_id: run.kg for run in status.runs} == {"before": 42.0, "plan-1": 2.0}
    assert [one.run_id for one in status.reservations] == ["other"]


def test_a_sink_that_fails_or_hangs_is_counted_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Remembering):
        name = "hanging"

        def beat(self, delta: object) -> None:
            bench.gate.wait(30)

    monkeypatch.setattr(module, "CLOSE_WITHIN_S", 0.3)
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    bench, flaky, hanging = Bench(), Remembering(fails=1), Hanging()
    with bench.trainer(sinks=[flaky, hanging]) as trainer:
        ready(trainer)
        bench.gate.clear()
        bench.use(60, 1.0)
        assert flaky.got.wait(10)
    bench.gate.set()
    assert sum(one.emissions_kg for one in flaky.deltas) == pytest.approx(0.5)
    assert sum(one.energy_kwh for one in flaky.deltas) == pytest.approx(1.0)
    assert [one.emissions_kg for one in flaky.reports] == [0.5]
    counts = {one.name: one for one in of(trainer).sinks}
    assert (counts["remembering"].failed, counts["remembering"].error) == (1, "ConnectionError: no route")
    assert counts["hanging"].failed == 1


def test_a_beat_comes_also_where_nothing_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.01)
    bench, sink = Bench(), Remembering()
    with bench.trainer(sinks=[sink]) as trainer:
        ready(trainer)
        assert sink.got.wait(10)
    assert {(one.energy_kwh, one.emissions_kg) for one in sink.deltas} == {(0.0, 0.0)}


def test_a_meter_that_fell_silent_is_not_told_as_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.01)
    bench, sink = Bench(), Remembering()
    with bench.trainer(sinks=[sink], measure_every_s=15) as trainer:
        ready(trainer)
        bench.use(15, 1.0)
        bench.at_s += 61
        for _ in range(1000):
            if trainer._run is not None and trainer._run.notes:
                break
            threading.Event().wait(0.01)
        told = len(sink.deltas)
        threading.Event().wait(0.05)
        assert len(sink.deltas) == told
    assert any("the meter fell silent" in note for note in of(trainer).notes)


def test_a_killed_run_leaves_its_last_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    bench = Bench()
    path = tmp_path / "deep" / "emissions_report.json"
    with bench.trainer(report=path) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
        for _ in range(1000):
            threading.Event().wait(0.01)
            if path.is_file() and read_report(path).emissions_kg == 0.5:
                break
        assert read_report(path).status == "running"
    assert read_report(path) == of(trainer)
    assert path.with_suffix(".csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "."),
        ({"TRAINING_JOB_ARN": "arn:aws:sagemaker:x"}, "/opt/ml/output/data"),
        ({"TRAINING_JOB_ARN": "arn:aws:sagemaker:x", "SM_OUTPUT_DATA_DIR": "/data"}, "/data"),
        ({"SM_MODEL_DIR": "/gcs/bucket/artifacts/0123/model"}, "/gcs/bucket/artifacts/0123"),
    ],
)
def test_the_report_lies_where_the_cloud_keeps_it(environment: dict[str, str], folder: str) -> None:
    assert output_folder(environment) == Path(folder)


def test_a_report_that_cannot_be_written_breaks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    bench = Bench()
    with bench.trainer(report=tmp_path / "file" / "report.json", summary=True) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    assert of(trainer).emissions_kg == 0.5
    said = capsys.readouterr()
    assert "the report can't be written" in said.err
    assert "abacus: 0.500 kg CO2e" in said.out
    assert "report:" not in said.out


def test_the_difference_from_the_plan_adds_up(tmp_path: Path) -> None:
    placement = {
        "provider": "aws", "region": "eu-north-1", "zone": "SE-SE3", "energy_kwh": 10.0, "operational_kg": 0.22,
        "run_hours": 2.0, "pue": 1.1, "accelerators": 1, "accelerator": "A10G", "emissions_kg": 1.0, "cost_usd": 2.0,
        "instance_type": "g5.xlarge", "instances": 1, "purchase": "on_demand",
        "start": "2026-03-01T01:00:00Z", "end": "2026-03-01T03:00:00Z",
        "slices": [{"start": "2026-03-01T01:00:00Z", "end": "2026-03-01T03:00:00Z"}],
        "intensity": {
            "g_per_kwh": 20.0, "signal": "average", "basis": "lifecycle", "source": "x", "kind": "forecast",
            "observed_at": "2026-03-01T00:00:00Z",
        },
    }  # fmt: skip
    workload = {"name": "tune", "project": "assistants", "team": "research", "kind": "training"}
    whole = {"schema_version": "1", "plan_id": "0123456789abcdef", "as_of": "2026-03-01T00:00:00Z"}
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({**whole, "workload": workload, "placement": placement, "alternatives": []}))
    bench = Bench()
    with bench.trainer(plan=plan, region="eu-central-1", pue=1.3, intensity=300.0) as trainer:
        ready(trainer)
        bench.use(3 * 3600, 12.0)
    report = of(trainer)
    assert report.emissions_kg == pytest.approx(12 * 1.3 * 0.3)
    assert [one.reason for one in report.differences] == ["duration", "hardware", "place"]
    assert sum(one.kg for one in report.differences) == pytest.approx(12 * 1.3 * 0.3 - 10 * 1.1 * 0.02)
    longer, weaker, place = (one.kg for one in report.differences)
    assert longer > 0 > weaker  # 3 h for 2, 4 kW for 5
    assert place > 4
    bench = Bench()
    with bench.trainer(plan=plan, intensity=None) as trainer:  # as planned: the plan's place, PUE of the region
        ready(trainer)
        bench.use(2 * 3600, 10.0)
    reasons = {one.reason: one.kg for one in of(trainer).differences}
    assert reasons["time"] == reasons["duration"] == reasons["hardware"] == 0
    assert of(trainer).intensity_g_per_kwh == pytest.approx(20)


def test_a_stack_tells_enough_to_say_why_it_differs() -> None:
    environment = {
        "GREENAI_REGION": "eu-north-1", "GREENAI_PLAN_ID": "abc", "GREENAI_PLANNED_ENERGY_KWH": "10",
        "GREENAI_PLANNED_EMISSIONS_KG": "0.9", "GREENAI_PLANNED_HOURS": "2", "GREENAI_INTENSITY_G_PER_KWH": "20",
    }  # fmt: skip
    bench = Bench()
    with bench.trainer(environment=environment, intensity=None) as trainer:
        ready(trainer)
        bench.use(3 * 3600, 15.0)
    report = of(trainer)
    assert report.planned is not None
    assert (report.run_id, report.planned.emissions_kg, report.planned.operational) == ("abc", 0.9, False)
    parts = {one.reason: one.kg for one in report.differences}
    assert parts["duration"] == pytest.approx(5 * report.pue * 0.02)  # an hour more at the planned 5 kW
    assert (parts["hardware"], parts["place"], parts["time"]) == pytest.approx((0, 0, 0))


def test_codecarbon_measures_energy_and_nothing_else(tmp_path: Path) -> None:
    code = """
import signal, sys, tempfile, os
from greenai_infra import GreenTrainer
def handler(*_): pass
signal.signal(signal.SIGTERM, handler)
with GreenTrainer("real", intensity=300, report="r.json", measure_every_s=0.2) as trainer:
    assert trainer._run.meter_started.wait(60)
    import time; time.sleep(0.6)
assert signal.getsignal(signal.SIGTERM) is handler
"""
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    environment |= {"CODECARBON_PUE": "3", "CODECARBON_ALLOW_MULTIPLE_RUNS": "False"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = read_report(tmp_path / "r.json")
    assert report.emissions_kg is not None
    assert report.emissions_kg > 0
    assert report.intensity_g_per_kwh == pytest.approx(300)
    assert "codecarbon 3" in report.tracker
    assert report.components["cpu"].by
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.json"]


def test_a_run_that_is_killed_at_once_is_known_of(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with Bench().trainer(report=path):
        for _ in range(1000):
            threading.Event().wait(0.01)
            if path.is_file():
                break
        report = read_report(path)
    assert (report.status, report.energy_kwh, report.emissions_kg) == ("running", None, None)
