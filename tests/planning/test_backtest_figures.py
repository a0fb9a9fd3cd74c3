"""From workload and traces to the figures of the comparison, by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from greenai_infra.errors import InputError
from greenai_infra.planning.backtest.document import backtest_document
from greenai_infra.planning.backtest.replay import Backtest, make_backtest
from greenai_infra.planning.document import document_text

from .made_up import NORTH, TRAINING, offer, workload
from .replays import WEEK, trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLAT = [100.0] * (WEEK + 12)
# By the hour of the day; 4 h of work (40 kWh) from midnight on, or four hours later, within eight.
NIGHT = ([200.0] * 4 + [50.0] * 4 + [200.0] * 16) * 7 + [200.0] * 4 + [75.0] * 8


def backtest(zones: Mapping[str, Sequence[float]], *, starts: int | None = 1, **sections: str) -> Backtest:
    traces = [trace(zone, values) for zone, values in zones.items()]
    job = workload(TRAINING, **sections)
    return make_backtest(job, traces, [offer(NORTH)], baseline="A", starts=starts, all_zones=True)


def document(zones: Mapping[str, Sequence[float]], *, starts: int | None = 1, **sections: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(document_text(backtest_document(backtest(zones, starts=starts, **sections))))
    return made


def rows(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["strategy"]: row for row in made["strategies"]}


def test_figures_of_one_start_by_hand() -> None:
    zones = {"A": FLAT[: WEEK + 8], "B": NIGHT[: WEEK + 8]}  # the only start with 8 h ahead

    found = rows(document(zones, when="{deadline: +8h}"))

    # 10 kW. In A 4 h at 100 g/kWh: 4 kg. In B, four hours later, at 75 g/kWh: 3 kg.
    assert found["now"]["emissions_kg"]["mean"] == pytest.approx(4)
    assert found["climatology"]["emissions_kg"]["mean"] == pytest.approx(3)
    assert found["climatology"]["saving_kg"]["mean"] == pytest.approx(1)
    assert found["climatology"]["saving_percent"]["mean"] == pytest.approx(25)
    assert found["climatology"]["oracle_percent"]["mean"] == pytest.approx(100)
    assert found["climatology"]["waited_hours"]["mean"] == pytest.approx(4)
    assert found["climatology"]["zones"] == {"B": 1.0}
    assert found["hourly greenest"]["saving_kg"]["mean"] == pytest.approx(0)
    assert found["hourly greenest"]["oracle_percent"]["mean"] == pytest.approx(0)
    assert found["fixed greenest"]["zones"] == {"A": 1.0}  # B had 175 g/kWh on average


def test_percentages_are_ratios_of_means() -> None:
    # Two starts, in hours with 100 and 300 g/kWh in A, and 50 in B both times: 300 of 400 is saved, not (50 + 83) / 2.
    ahead = [100.0, 300.0, 300.0, 300.0, 300.0]
    zones = {"A": [*[60.0] * WEEK, *ahead], "B": [50.0] * (WEEK + 5)}

    found = rows(document(zones, starts=2))

    # Starts at hours 0 and 1: 4 h meet 1,000 and 1,200 in A, 200 in B.
    assert found["now"]["emissions_kg"]["mean"] == pytest.approx((10 + 12) / 2)
    assert found["oracle"]["saving_percent"]["mean"] == pytest.approx(100 * 18 / 22)


def test_a_strategy_that_is_not_allowed_has_no_figures() -> None:
    found = rows(document({"A": FLAT}))["interruptible"]

    assert found["allowed"] is False
    assert found["emissions_kg"] is None


def test_where_nothing_can_be_saved_no_share_of_it_is_kept() -> None:
    found = rows(document({"A": FLAT}))

    assert found["climatology"]["oracle_percent"] == {"mean": None, "low": None, "high": None}
    assert found["climatology"]["saving_percent"]["mean"] == 0


def test_a_single_start_has_no_interval_and_says_so() -> None:
    made = document({"A": FLAT})

    assert rows(made)["now"]["emissions_kg"] == {"mean": pytest.approx(4), "low": None, "high": None}
    assert "1 start times are too few for intervals: 8 are needed" in made["notes"]


def test_intervals_hold_the_mean_and_short_traces_are_told() -> None:
    rng = np.random.default_rng(3)
    zones = {"A": list(rng.uniform(100, 300, 900)), "B": list(rng.uniform(50, 200, 900))}

    made = document(zones, starts=200)

    for row in made["strategies"]:
        if row["allowed"]:
            assert row["emissions_kg"]["low"] <= row["emissions_kg"]["mean"] <= row["emissions_kg"]["high"]
    assert any("the intervals are TOO NARROW" in note for note in made["notes"])


def test_the_oracle_is_never_beaten_by_a_strategy_that_keeps_the_rules() -> None:
    rng = np.random.default_rng(4)
    zones = {zone: list(rng.uniform(10, 500, 500)) for zone in "ABC"}
    rule = "{deadline: +30h, interruptible: {resume_overhead_minutes: 10, minimum_slice_hours: 1}}"

    found = rows(document(zones, starts=100, when=rule))

    oracle = found["oracle"]["emissions_kg"]["mean"]
    for name in ("now", "fixed greenest", "best window", "interruptible", "climatology"):
        assert oracle <= found[name]["emissions_kg"]["mean"]
    assert found["interruptible"]["emissions_kg"]["mean"] <= found["best window"]["emissions_kg"]["mean"]


def test_the_document_holds_every_input_and_definition() -> None:
    made = document({"A": [*FLAT, 5.0], "B": NIGHT[: WEEK + 12]}, when="{deadline: +8h}")

    assert made["workload"]["name"] == "a-job"
    assert (made["run"]["hours"], made["run"]["energy_kwh"], made["run"]["deadline_hours"]) == (4, 40, 8)
    assert made["baseline"] == {"zone": "A", "why": "as --baseline says"}
    assert made["pue"] is None
    assert [(one["zone"], one["files"], one["basis"]) for one in made["traces"]] == [
        ("A", ["A.csv"], "lifecycle"),
        ("B", ["B.csv"], "lifecycle"),
    ]
    assert made["traces"][0]["mean_g_per_kwh"] == 100
    assert (made["starts"]["count"], made["starts"]["usable"], made["starts"]["left_out_for_holes"]) == (1, 5, 0)
    assert all(row["definition"] for row in made["strategies"])
    notes = "\n".join(made["notes"])
    assert "no PUE is applied: the catalogue has no region in A, B" in notes
    assert "the traces cover different times: only 2026-03-28T00:00:00Z to 2026-04-04T12:00:00Z is used" in notes
    assert "the embodied share and data transfer are left out" in notes


def test_the_same_inputs_give_the_same_bytes() -> None:
    rng = np.random.default_rng(6)
    zones = {"A": list(rng.uniform(100, 300, 600)), "B": list(rng.uniform(50, 200, 600))}

    assert document(zones, starts=50) == document(zones, starts=50)


def test_the_signal_must_be_the_workloads() -> None:
    with pytest.raises(InputError, match="the workload asks for marginal intensity, the traces have average"):
        backtest({"A": FLAT}, signal="marginal")
