"""`budget` on the command line: words and exit codes that scripts rely on, and what `select` and `up` ask."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.cli import building
from greenai_infra.engine.pulumi import Outcome
from tests.pinning.plans import make_project, placement, plan, stacks, write_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Command, Done

WHOSE = ("--team", "research", "--project", "assistants")
HEADER = "timestamp,project_name,run_id,duration,emissions,energy_consumed"


@pytest.fixture
def budget(greenai: Command) -> Callable[..., Done]:
    """`budget SUBCOMMAND` on ledger.db, of research/assistants."""

    def run(command: str, *arguments: object) -> Done:
        return greenai("budget", command, "--ledger", "ledger.db", *WHOSE, *arguments)

    assert run("set", "--year-kg", 100).code == 0
    return run


def status(budget: Callable[..., Done]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(budget("status", "--json").out)
    return shown


def test_record_says_by_its_exit_code_what_is_stored(budget: Callable[..., Done]) -> None:
    record = partial(budget, "record", "--kind", "training", "--run-id", "a", "--kg")
    assert [record(12.5).code, record(12.5).code, record(12.6).code] == [0, 0, 1]
    shown = status(budget)
    assert (shown["used_kg"], shown["reserved_kg"]) == (12.5, 0)
    assert [(run["run_id"], run["kg"], run["tier"]) for run in shown["runs"]] == [("a", 12.5, "medium")]


def test_reserve_refuses_what_does_not_fit_and_record_settles(budget: Callable[..., Done]) -> None:
    assert budget("reserve", "--run-id", "a", "--kg", 60).code == 0
    refused = budget("reserve", "--run-id", "b", "--kg", 41)
    assert (refused.code, refused.out) == (1, "")
    assert "1.00 kg are too much" in refused.err
    told = budget("reserve", "--run-id", "b", "--kg", 41, "--json")
    assert (told.code, json.loads(told.out)["over_kg"]) == (1, 1)
    assert status(budget)["reserved_kg"] == 60
    assert budget("record", "--kind", "training", "--run-id", "a", "--kg", 50).code == 0
    assert (status(budget)["used_kg"], status(budget)["reserved_kg"]) == (50, 0)


def test_over_the_budget_is_stored_with_a_warning(budget: Callable[..., Done]) -> None:
    done = budget("record", "--kind", "inference", "--run-id", "a", "--kg", 40)
    assert done.code == 0
    assert done.err == "warning: 10.0 kg over the year's inference budget of 30 kg (used and reserved)\n"
    assert status(budget)["used_kg"] == 40


@pytest.mark.parametrize(
    "arguments",
    [
        ("record", "--kind", "training", "--run-id", "a"),
        ("record", "--kind", "training", "--kg", 1),
        ("record", "--run-id", "a", "--kg", 1),
        ("record", "--kind", "training", "--run-id", "a", "--kg", "nan"),
        ("record", "--kind", "training", "--run-id", "a", "--kg", "inf"),
        ("record", "--kind", "training", "--run-id", "a", "--kg", -1),
        ("record", "--kind", "serving", "--run-id", "a", "--kg", 1),
        ("record", "--kind", "training", "--report", "none.csv"),
        ("reserve", "--run-id", "a"),
        ("reserve", "--run-id", "", "--kg", 1),
        ("set", "--year-kg", 0),
        ("set", "--year-kg", 10, "--month-kg", 20),
        ("set", "--year-kg", 10, "--training-share", 0.8, "--inference-share", 0.8),
        ("status", "--at", "yesterday"),
    ],
)
def test_usage_errors_end_with_2(budget: Callable[..., Done], arguments: tuple[object, ...]) -> None:
    done = budget(*arguments)
    assert (done.code, done.out) == (2, "")
    assert status(budget)["runs"] == []


def test_a_ledger_has_to_be_named(greenai: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = greenai("budget", "status", *WHOSE)
    assert done.code == 2
    assert "use --ledger FILE" in done.err
    monkeypatch.setenv("GREENAI_LEDGER", str(tmp_path / "named.db"))
    assert greenai("budget", "set", *WHOSE, "--year-kg", 1000).code == 0
    assert (tmp_path / "named.db").exists()


def report(folder: Path, *rows: str) -> Path:
    path = folder / "emissions.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return path


def test_each_run_of_a_report_is_recorded_once(budget: Callable[..., Done], tmp_path: Path) -> None:
    """Cumulative rows of one run, another run, and one without an id."""
    file = report(
        tmp_path,
        "2026-03-01T10:00:00,tune,run-1,3600,0.5,1.5",
        "2026-03-01T11:00:00,tune,run-1,7200,1.0,3.0",
        "2026-03-02T10:00:00,tune,run-2,3600,0.25,1.0",
        "2026-03-03T10:00:00,tune,None,3600,0.125,0.5",
    )
    record = partial(budget, "record", "--kind", "training", "--report")
    assert record(file).code == 0
    again = file.rename(tmp_path / "renamed.csv")
    assert record(again).code == 0
    runs = status(budget)["runs"]
    assert [(run["run_id"], run["kg"]) for run in runs[:2]] == [("run-1", 1.0), ("run-2", 0.25)]
    assert runs[2]["run_id"].startswith("row-")
    assert status(budget)["used_kg"] == 1.375


def test_a_report_can_be_one_run_that_was_reserved(budget: Callable[..., Done], tmp_path: Path) -> None:
    budget("reserve", "--run-id", "plan", "--kg", 5, "--kind", "training")
    file = report(tmp_path, "2026-03-01T10:00:00,tune,a,3600,0.5,1.5", "2026-03-01T10:00:00,tune,b,3600,0.25,1.5")
    assert budget("record", "--run-id", "plan", "--report", file).code == 0
    shown = status(budget)
    assert [(run["run_id"], run["kg"], run["kind"]) for run in shown["runs"]] == [("plan", 0.75, "training")]
    assert shown["reserved_kg"] == 0


def test_a_run_that_grew_since_is_refused_and_the_others_are_stored(
    budget: Callable[..., Done], tmp_path: Path
) -> None:
    first = "2026-03-01T10:00:00,tune,run-1,3600,0.5,1.5"
    budget("record", "--kind", "training", "--report", report(tmp_path, first))
    grown = report(
        tmp_path, first, "2026-03-01T11:00:00,tune,run-1,7200,1.0,3.0", "2026-03-01T11:00:00,tune,run-2,7200,1.0,3.0"
    )
    done = budget("record", "--kind", "training", "--report", grown)
    assert done.code == 1
    assert "'run-1' is in the ledger with 0.5 kg" in done.err
    assert {run["run_id"]: run["kg"] for run in status(budget)["runs"]} == {"run-1": 0.5, "run-2": 1.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column"),
        (HEADER + "\n", "contains no run"),
        ("run_id,duration\na,1\n", "lacks the column emissions"),
        (HEADER + "\n2026-03-01T10:00:00,tune,a,3600,-0.5,1.5\n", "emissions.csv:2: emissions"),
    ],
)
def test_reports_that_can_not_be_used(budget: Callable[..., Done], tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "emissions.csv").write_text(text)
    done = budget("record", "--kind", "training", "--report", "emissions.csv")
    assert done.code == 2
    assert said in done.err
    assert status(budget)["runs"] == []


def test_corrections_and_releases(budget: Callable[..., Done]) -> None:
    budget("record", "--kind", "training", "--run-id", "a", "--kg", 10)
    correct = partial(budget, "correct", "--run-id", "a", "--kg=-4", "--id", "meter")
    assert [correct().code, correct().code] == [0, 0]
    assert status(budget)["used_kg"] == 6
    assert budget("correct", "--run-id", "b", "--kg", 1, "--id", "x").code == 1
    budget("reserve", "--run-id", "r", "--kg", 3)
    assert budget("release", "--run-id", "r").code == 0
    assert status(budget)["reserved_kg"] == 0
    assert budget("release", "--run-id", "none").code == 1


def test_tables_fit_80_columns(budget: Callable[..., Done]) -> None:
    budget("set", "--year-kg", 123456.5, "--month-kg", 12000.25)
    budget("record", "--kind", "training", "--run-id", "a", "--kg", 1234.5678)
    budget("reserve", "--kind", "inference", "--run-id", "b", "--kg", 0.0123)
    for command in ("status", "forecast"):
        done = budget(command)
        assert done.code == 0
        assert max(map(len, done.out.splitlines())) <= 80
    assert "CRITICAL" in budget("status").out
    forecast = json.loads(budget("forecast", "--json").out)
    for period in ("month", "year"):
        one = forecast[period]
        assert one["used_kg"] <= one["low_kg"] <= one["expected_kg"] <= one["high_kg"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """With a ledger in its Pulumi.yaml, in which research/assistants has 10 kg a year, 7 of them for training."""
    return make_project(tmp_path / "project", more="config:\n  budget-ledger: own.db\n")


def set_10_kg(greenai: Command, project: Path) -> None:
    assert greenai("budget", "set", *WHOSE, "--year-kg", 10, cwd=project).code == 0
    assert (project / "own.db").exists()


def test_check_says_by_how_much_a_plan_is_over(greenai: Command, project: Path) -> None:
    set_10_kg(greenai, project)
    write_plan(project, plan(placement("eu-north-1", 6.5)))
    assert greenai("budget", "check", "plan.json", cwd=project).code == 0
    write_plan(project, plan(placement("eu-north-1", 7.5)))
    done = greenai("budget", "check", "plan.json", cwd=project)
    assert done.code == 1
    assert "7.50 kg do not fit the year's training budget of 7 kg" in done.err
    told = greenai("budget", "check", "plan.json", "--json", cwd=project)
    assert (told.code, json.loads(told.out)["over_kg"]) == (1, 0.5)


def test_select_refuses_a_plan_that_does_not_fit(greenai: Command, project: Path) -> None:
    write_plan(project, plan(placement("eu-north-1", 7.5)))
    refused = greenai("select", "plan.json", cwd=project)
    assert refused.code == 1
    assert "there is no ledger at" in refused.err
    set_10_kg(greenai, project)
    refused = greenai("select", "plan.json", cwd=project)
    assert refused.code == 1
    assert "0.500 kg are too much; to select it anyway, use --force" in refused.err
    assert stacks(project) == []
    forced = greenai("select", "plan.json", "--force", cwd=project)
    assert forced.code == 0
    assert "warning: 7.50 kg do not fit" in forced.err
    assert len(stacks(project)) == 1


class StubEngine:
    """An engine that builds what it is told."""

    def __init__(self) -> None:
        self.built = 0

    def preview(self) -> Outcome:
        return Outcome({"create": 2})

    def up(self) -> Outcome:
        self.built += 1
        return Outcome({"create": 2})


def test_up_reserves_what_the_plan_emits(greenai: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = StubEngine()
    monkeypatch.setattr(building, "open_engine", lambda project_dir, stack, packs=None: engine)
    set_10_kg(greenai, project)
    document = plan(placement("eu-north-1", 6.5))
    write_plan(project, document)
    assert greenai("select", "plan.json", cwd=project).code == 0
    [file] = stacks(project)
    plan_id = yaml.safe_load((project / file).read_text())["config"]["greenai-infra:training"]["planned"]["plan_id"]

    def reserved() -> list[tuple[str, float]]:
        shown = json.loads(greenai("budget", "status", *WHOSE, "--json", cwd=project).out)
        return [(one["run_id"], one["kg"]) for one in shown["reservations"]]

    up = partial(greenai, "up", "--yes", cwd=project)
    first, second = up(), up()
    assert (first.code, second.code, engine.built) == (0, 0, 2), first.err + second.err
    assert "6.50 kg CO2e are reserved for plan" in first.out
    assert reserved() == [(plan_id, 6.5)]

    greenai("budget", "record", *WHOSE, "--run-id", plan_id, "--kg", 6.9, cwd=project)
    assert reserved() == []
    write_plan(project, plan(placement("eu-north-1", 6.5), as_of="2026-03-01T00:00:01Z"))
    assert greenai("select", "plan.json", "--force", cwd=project).code == 0
    refused = up()
    assert (refused.code, engine.built) == (1, 2)
    assert "too much; to build without the ledger, use --no-budget" in refused.err
    assert up("--no-budget").code == 0
    assert engine.built == 3
