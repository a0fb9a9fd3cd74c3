"""Places ranked by what all have in common, and the time within the chosen one by its own hours. Worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.tables import lifecycle
from greenai_infra.errors import Refused
from greenai_infra.intensity.choice.liveness import refuse_unless_live
from greenai_infra.intensity.choice.tiers import Tiers
from greenai_infra.intensity.model.values import Basis, Series
from greenai_infra.intensity.sources.embedded import EmbeddedYear
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.watch.changes import round_of
from greenai_infra.planning.workload_file import window_of
from greenai_infra.reporting.plan_text import show_plan

from .made_up import EAST, NORTH, T0, TRAINING, Forecast, offer, steps, workload

if TYPE_CHECKING:
    from greenai_infra.planning.planner import Plan

OFFERS = [offer(NORTH), offer(EAST)]
DIRTY_THEN_CLEAN = [32.0, 32.0, 8.0, 8.0, 8.0, 8.0, 32.0, 32.0, 32.0, 32.0, 32.0, 32.0]


class Hourly(Forecast):
    """A live source by its name, of one zone."""

    name = "energy-charts"


def plan(*hourly: Series, basis: Basis = Basis.LIFECYCLE, deadline: str = "+12h", **sections: str) -> Plan:
    """The places by the embedded year, as the only live source knows one zone of them."""
    series = [replace(one, provenance=replace(one.provenance, basis=basis)) for one in hourly]
    job = workload(TRAINING, when=f"{{deadline: {deadline}}}", **sections)
    source = Tiers("auto", [Hourly(series)], last=EmbeddedYear(T0))
    return make_plan(job, window_of(job, T0), OFFERS, source)


def found(*hourly: Series, **sections: Any) -> dict[str, Any]:
    return plan_document(plan(*hourly, **sections))


def kg(document: dict[str, Any], g_per_kwh: float) -> float:
    """40 kWh at the servers, and the embodied share of four hours."""
    pue = find_region(NORTH).pue
    embodied: float = document["embodied_kg"]
    return 40 * pue * g_per_kwh / 1000 + embodied


def test_place_by_the_year_and_time_by_the_hours_of_the_place() -> None:
    document = found(steps("SE-SE3", DIRTY_THEN_CLEAN))
    mean = lifecycle("SE-SE3")
    assert mean is not None
    chosen, ranked = document["placement"], document["ranked"]
    assert chosen["region"] == ranked["region"] == "eu-north-1"
    assert chosen["start"] == "2026-03-28T02:00:00Z"
    assert chosen["intensity"]["g_per_kwh"] == 8.0
    assert chosen["intensity"]["source"] == "a forecast"
    assert chosen["emissions_kg"] == pytest.approx(kg(chosen, 8))
    # At once: two hours of 32 and two of 8.
    assert chosen["emissions_if_started_at_once_kg"] == pytest.approx(kg(chosen, 20))
    assert ranked["start"] == "2026-03-28T00:00:00Z"
    assert ranked["intensity"]["kind"] == "yearly mean"
    assert ranked["emissions_kg"] == pytest.approx(kg(ranked, mean.g_per_kwh))
    assert {one["intensity"]["kind"] for one in document["alternatives"]} == {"yearly mean"}


def test_savings_are_the_difference_of_the_figures_that_are_shown() -> None:
    # The hours are dirtier than the year's 20 g/kWh: 62 and then 38, so the place saves less than by the year.
    document = found(steps("SE-SE3", [one + 30 for one in DIRTY_THEN_CLEAN]), baseline=f"{{region: {EAST}}}")
    savings, chosen = document["savings"], document["placement"]
    assert chosen["emissions_kg"] == pytest.approx(kg(chosen, 38))
    assert savings["emissions_kg"] == pytest.approx(document["baseline"]["emissions_kg"] - chosen["emissions_kg"])
    assert savings["by_waiting_kg"] == pytest.approx(kg(chosen, 50) - kg(chosen, 38))
    parts = ("by_hardware_kg", "by_place_kg", "by_waiting_kg")
    assert sum(savings[part] for part in parts) == pytest.approx(savings["emissions_kg"])


def test_both_sources_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    document = found(steps("SE-SE3", DIRTY_THEN_CLEAN))
    hours = document["inputs"]["hours"]
    assert (hours["answered_by"], hours["zone"], hours["kind"]) == ("energy-charts", "SE-SE3", "forecast")
    assert document["inputs"]["intensity_answered_by"] == "embedded"
    assert document["inputs"]["intensity"]["SE-SE3"]["kind"] == "yearly mean"
    (note,) = [note for note in document["notes"] if note.startswith("places are ranked by yearly mean")]
    assert "by the hours of SE-SE3, forecast of a forecast" in note
    show_plan(document, explain=True)
    shown = capsys.readouterr().out
    assert "ranked by" in shown
    assert "the hours of SE-SE3: a forecast, forecast" in shown


def test_a_gap_at_the_earliest_start_is_no_figure_of_a_start_at_once() -> None:
    document = found(steps("SE-SE3", [32, float("nan"), *DIRTY_THEN_CLEAN[2:]]))
    (note,) = [note for note in document["notes"] if note.startswith("places are ranked by yearly mean")]
    assert "the emissions of a start at once are unknown" in note
    assert "if started at once" not in note


@pytest.mark.parametrize("known", ["another basis", "another zone", "nothing to wait for"])
def test_without_hours_of_the_place_the_year_stands(known: str) -> None:
    hours = steps("US-MIDA-PJM" if known == "another zone" else "SE-SE3", DIRTY_THEN_CLEAN)
    basis = Basis.DIRECT if known == "another basis" else Basis.LIFECYCLE
    made = plan(hours, basis=basis, deadline="+4h" if known == "nothing to wait for" else "+12h")
    document = plan_document(made)
    assert made.hours is None
    assert "ranked" not in document
    assert document["placement"]["intensity"]["kind"] == "yearly mean"
    assert document["placement"]["start"] == "2026-03-28T00:00:00Z"


def test_time_that_breaks_a_limit_is_not_taken() -> None:
    job = found(steps("SE-SE3", [300.0, 300.0, *[200.0] * 10]), limits="{emissions_kg: 5}")
    assert "ranked" not in job  # 40 kWh at 200 g are 8 kg; by the year it is less than 2 kg
    assert (
        "no time in the hourly data of SE-SE3 keeps the limits, so they are not used"
        in job["inputs"]["intensity_notes"]
    )


def test_ranking_is_watched_and_required_to_be_live_as_before() -> None:
    made = plan(steps("SE-SE3", DIRTY_THEN_CLEAN))
    watched = round_of(made)
    assert watched.emissions_kg == made.decision.placement.emissions_kg
    assert watched.start is not None
    with pytest.raises(Refused, match="the answer comes from embedded, not from a service"):
        refuse_unless_live(made.answered_by, {}, [])
