"""What a plan costs beside what it saves, and the choice by a price of carbon or a limit to the premium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.errors import WorkloadError
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.watch.changes import round_of
from greenai_infra.reporting.plan_text import show_plan

from .made_up import EAST, NORTH, candidate, decision, offer, planned, steps, timing, workload

if TYPE_CHECKING:
    from greenai_infra.planning.decide import Decision

# 50 kWh each: A 1 kg for 200 USD, C 3 kg for 80 USD, E 5 kg for 40 USD. From A to C a tonne costs 120 USD / 0.002 t =
# 60,000 USD, from C to E 40 USD / 0.002 t = 20,000 USD.
ZONES = {"A": [20.0] * 4, "C": [60.0] * 4, "E": [100.0] * 4}
PRICES = {"A": 50, "C": 20, "E": 10}


def made(**sections: Any) -> Decision:
    of_each = [candidate(zone, usd_per_hour=usd) for zone, usd in PRICES.items()]
    return decision(*of_each, zones=ZONES, when=timing(4), **sections)


def zone_of(found: Decision) -> str:
    return found.placement.candidate.region.zone


@pytest.mark.parametrize(
    ("usd_per_tonne", "zone"), [(0, "E"), (19_999, "E"), (20_001, "C"), (59_999, "C"), (60_001, "A")]
)
def test_a_price_of_carbon_chooses_on_the_front(usd_per_tonne: float, zone: str) -> None:
    found = made(objective=f"{{carbon_price_usd_per_tonne: {usd_per_tonne}}}")

    assert zone_of(found) == zone
    assert [one.candidate.region.zone for one in found.pareto] == ["A", "C", "E"]


def test_the_other_regions_are_ranked_by_the_price_too() -> None:
    # At 30,000 USD a tonne: A 200 + 30, C 80 + 90, E 40 + 150.
    found = made(objective="{carbon_price_usd_per_tonne: 30000}")

    assert zone_of(found) == "C"
    assert [one.candidate.region.zone for one in found.alternatives] == ["E", "A"]


@pytest.mark.parametrize(("percent", "zone"), [(0, "E"), (99.9, "E"), (100, "C"), (399.9, "C"), (400, "A")])
def test_the_premium_is_over_the_cheapest_that_is_allowed(percent: float, zone: str) -> None:
    found = made(limits=f"{{max_premium_percent: {percent}}}")

    assert zone_of(found) == zone
    assert [one.candidate.region.zone for one in found.pareto] == ["A", "C", "E"]  # what more money would buy
    assert all(one.cost_usd <= 40 * (1 + percent / 100) + 1e-9 for one in found.alternatives)
    lifted = [(one.constraint, one.placement.candidate.region.zone) for one in found.lifted]
    assert lifted == ([] if zone == "A" else [("limits.max_premium_percent", "A")])


def test_what_another_rule_forbids_is_not_the_cheapest() -> None:
    # E would be the cheapest but is denied: 100 % over C's 80 USD are 160 USD, 150 % are 200.
    denied = candidate("E", usd_per_hour=10, removed_by=frozenset({"where.deny"}))
    others = [candidate("A", usd_per_hour=50), candidate("C", usd_per_hour=20)]

    for percent, zone in ((149, "C"), (150, "A")):
        limits = f"{{max_premium_percent: {percent}}}"
        assert zone_of(decision(*others, denied, zones=ZONES, when=timing(4), limits=limits)) == zone


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=8),
    usd_per_tonne=st.sampled_from([0, 100, 5_000, 20_000, 80_000]),
    percent=st.sampled_from([None, 0, 10, 100]),
)
def test_the_choice_against_every_placement(
    rows: list[tuple[int, int]], usd_per_tonne: int, percent: int | None
) -> None:
    zones = {f"Z{number}": [float(g) * 10] * 4 for number, (g, _) in enumerate(rows)}
    of_each = [candidate(f"Z{number}", usd_per_hour=usd) for number, (_, usd) in enumerate(rows)]
    limits = "{}" if percent is None else f"{{max_premium_percent: {percent}}}"

    found = decision(
        *of_each,
        zones=zones,
        when=timing(4),
        limits=limits,
        objective=f"{{carbon_price_usd_per_tonne: {usd_per_tonne}}}",
    ).placement

    every = [(4 * usd, 50 * g * 10 / 1000) for g, usd in rows]  # USD and kg of 50 kWh
    most = min(usd for usd, _ in every) * (1 + (1e9 if percent is None else percent) / 100)
    least = min(usd + usd_per_tonne * kg / 1000 for usd, kg in every if usd <= most + 1e-9)
    assert found.cost_usd <= most + 1e-9
    assert found.cost_usd + usd_per_tonne * found.emissions_kg / 1000 == pytest.approx(least, rel=2e-4)


def plan(east_usd: float = 20.0, **sections: Any) -> dict[str, Any]:
    """Stockholm for 25 USD/h against Virginia, 4 h: 0.88 and 18.4 kg of operation, embodied alike."""
    return plan_document(
        planned(
            [offer(NORTH, 25.0), offer(EAST, east_usd)],
            steps("SE-SE3", [20] * 4),
            steps("US-MIDA-PJM", [400] * 4),
            **sections,
        )
    )


def test_savings_say_what_they_cost() -> None:
    # 40 kWh x (1.15 x 400 - 1.10 x 20) g = 17.52 kg for 100 - 80 USD: 20 / 0.01752 t.
    savings = plan()["savings"]

    assert savings["emissions_kg"] == pytest.approx(17.52)
    assert savings["cost_usd"] == pytest.approx(-20)
    assert savings["cost_percent"] == pytest.approx(-25)
    assert savings["usd_per_tonne_avoided"] == pytest.approx(20 / 0.01752)


def test_the_rows_of_the_front_have_the_price_between_them() -> None:
    document = plan()

    assert len(document["pareto"]) == 2
    assert document["pareto_usd_per_tonne"] == pytest.approx([20 / 0.01752])


def test_the_headline_says_kg_usd_and_the_price_of_a_tonne(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(plan())
    dearer = capsys.readouterr().out
    show_plan(plan(30.0, objective="{carbon_price_usd_per_tonne: 50}"))
    cheaper = capsys.readouterr().out

    headline = "Saves 17.5 kg CO2e (93.6 %) against the baseline and costs 20.0 USD"
    assert f"{headline} (25 %) more:\n1,140 USD per tonne avoided.\n" in dearer
    assert f"{headline} (16.7 %)\nless: 1,140 USD saved per tonne avoided.\n" in cheaper
    assert max(len(line) for line in dearer.splitlines()) <= 80
    assert "* aws:eu-north-1" in " ".join(dearer.split())
    assert " 1,140 " in dearer.split("Pareto front")[1]


@pytest.mark.parametrize(
    ("north_usd", "sections", "said", "end"),
    [
        (24.38, {}, False, ""),  # 17.52 USD more for 17.52 kg less: 1,000 USD a tonne
        (24.39, {}, True, "or limits.max_premium_percent"),
        (24.39, {"objective": "{carbon_price_usd_per_tonne: 5000}"}, True, "80.00 USD)"),
        (24.39, {"objective": "{carbon_price_usd_per_tonne: 50}"}, True, "and is not the choice"),
    ],
)
def test_a_tonne_of_more_than_a_thousand_usd_is_said_with_the_neighbour(
    north_usd: float, sections: dict[str, Any], said: bool, end: str
) -> None:
    notes = plan_document(
        planned(
            [offer(NORTH, north_usd), offer(EAST, 20.0)],
            steps("SE-SE3", [20] * 4),
            steps("US-MIDA-PJM", [400] * 4),
            **sections,
        )
    )["notes"]

    found = [note for note in notes if "USD a tonne over its neighbour" in note]
    assert bool(found) is said
    if said:
        assert "the cleanest, aws:eu-north-1 on 1 x p4d.24xlarge" in found[0]
        assert "aws:us-east-1 on 1 x p4d.24xlarge" in found[0]
        assert found[0].endswith(end)


def test_a_dear_tonne_is_said_over_a_further_row_too_where_the_neighbour_is_nearly_the_same() -> None:
    # 4 h and 44 kWh after PUE in the north. The neighbour emits 17 kg more for 0.40 USD less, the next for 28 USD less.
    made_plan = planned(
        [offer(NORTH, 22.0), offer("ca-central-1", 21.9), offer(EAST, 15.0)],
        steps("SE-SE3", [20] * 4),
        steps("CA-QC", [380] * 4),
        steps("US-MIDA-PJM", [400] * 4),
    )
    document = plan_document(made_plan)
    [note] = [one for one in document["notes"] if "USD a tonne" in one]

    said = "the cleanest, aws:eu-north-1 on 1 x p4d.24xlarge, costs 1,600 USD a tonne over aws:us-east-1 on 1 x p4d"
    assert note.startswith(said)  # 28 USD for 17.5 kg
    assert "neighbour" not in note


def test_the_explanation_says_by_what_the_choice_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    # Virginia at 500 USD a tonne: 80 + 0.5 x 18.72 kg (0.32 of it embodied); Stockholm emits 17.5 kg less for 20 more.
    show_plan(plan(objective="{carbon_price_usd_per_tonne: 500}"), explain=True)
    priced = " ".join(capsys.readouterr().out.split())
    show_plan(plan(limits="{max_premium_percent: 10}"), explain=True)
    limited = " ".join(capsys.readouterr().out.split())

    assert "it costs least with carbon at 500 USD a tonne: 89.36 USD" in priced
    assert "aws:eu-north-1 on 1 x p4d.24xlarge emits 17.5 kg (93.6 %) less for 20.0 USD more, which is not" in priced
    assert "limits.max_premium_percent (10.0): 17.5 kg; without it aws:eu-north-1 on 1 x p4d.24xlarge" in limited


def test_rows_of_the_front_that_differ_by_slices_alone_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    # Two clean hours at either end: the run is cut in two, or costs less and emits more without a break.
    made_plan = planned(
        [offer(NORTH, 25.0)],
        steps("SE-SE3", [10, 10, 900, 900, 900, 900, 10, 10, 10]),
        when="{deadline: +9h, interruptible: {resume_overhead_minutes: 12, minimum_slice_hours: 1}}",
    )
    show_plan(plan_document(made_plan))
    front = capsys.readouterr().out.split("Pareto front")[1]

    assert "03-28 00:00 /2 " in front
    assert "03-28 05:00     " in front
    assert "\n/n in n slices\n" in front


def test_watch_weighs_regions_as_the_plan_does() -> None:
    # 25 USD/h against 20: at 500 USD a tonne Virginia is worth it, though it emits more.
    made_plan = planned(
        [offer(NORTH, 25.0), offer(EAST, 20.0)],
        steps("SE-SE3", [20] * 4),
        steps("US-MIDA-PJM", [400] * 4),
        objective="{carbon_price_usd_per_tonne: 500}",
    )
    found = round_of(made_plan)

    assert [region for region, _ in found.weighed] == [EAST, NORTH]
    kg = dict(found.ranked)
    assert dict(found.weighed) == pytest.approx({EAST: 80 + kg[EAST] / 2, NORTH: 100 + kg[NORTH] / 2})


@pytest.mark.parametrize(
    "sections",
    [
        {"objective": "{carbon_price_usd_per_tonne: -1}"},
        {"objective": "{}"},
        {"objective": "{carbon_price: 5}"},
        {"limits": "{max_premium_percent: -5}"},
    ],
)
def test_what_is_no_price_or_premium_is_refused(sections: dict[str, str]) -> None:
    with pytest.raises(WorkloadError, match=next(iter(sections))):
        workload(**sections)
