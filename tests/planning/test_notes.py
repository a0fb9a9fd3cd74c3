"""What a reader of a plan must not miss stands in its notes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.errors import WorkloadError
from greenai_infra.intensity.model.values import Flag, Series
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.workload_file import window_of

from .made_up import EAST, NORTH, T0, TRAINING, Forecast, offer, steps, workload

if TYPE_CHECKING:
    from collections.abc import Sequence

OFFERS = [offer(NORTH), offer(EAST), offer("aws:ca-central-1")]


def document(series: Sequence[Series], deadline: str = "+10h", text: str = TRAINING) -> dict[str, Any]:
    job = workload(text, when=f"{{deadline: {deadline}}}")
    return plan_document(make_plan(job, window_of(job, T0), OFFERS, Forecast(series)))


def with_flag(series: Series, flag: Flag) -> Series:
    return replace(series, provenance=series.provenance.flagged(flag))


def test_regions_without_intensity_are_named() -> None:
    notes = document([steps("US-MIDA-PJM", [400.0] * 10)])["notes"]
    assert notes[0] == (
        "2 of 3 regions are left out, as the source has no intensity for them: aws:ca-central-1, aws:eu-north-1; "
        "any of them may be cleaner (not in this world)"
    )


def test_made_up_values_are_said_first() -> None:
    notes = document([with_flag(steps("SE-SE3", [20.0] * 10), Flag.SANDBOX)])["notes"]
    assert notes[0].startswith("the intensity is MADE UP: the token is a sandbox token")


@pytest.mark.parametrize("flag", sorted(set(Flag) - {Flag.DOUBTFUL}))
def test_every_flag_has_its_sentence(flag: Flag) -> None:
    notes = document([with_flag(steps("SE-SE3", [20.0] * 10), flag)])["notes"]
    assert notes[0].startswith("the intensity ")
    assert not notes[0].endswith((":", ")"))


def test_zone_with_doubtful_values_decides_nothing() -> None:
    off = with_flag(steps("SE-SE3", [0.2] * 10), Flag.DOUBTFUL)
    off = replace(off, provenance=replace(off.provenance, detail="far too clean"))
    found = document([off, steps("US-MIDA-PJM", [400.0] * 10), steps("CA-QC", [45.0] * 10)])
    assert found["placement"]["region"] == "ca-central-1"
    assert found["notes"][0].startswith("1 of 3 regions are left out")
    assert found["notes"][0].endswith("aws:eu-north-1; any of them may be cleaner (doubtful: far too clean)")


def test_steps_that_were_left_out_are_said() -> None:
    gap = steps("SE-SE3", [20.0] * 10)
    gap = replace(gap, provenance=replace(gap.provenance, left_out="1 of 10 steps are gaps"))
    assert "a forecast, SE-SE3: 1 of 10 steps are gaps" in document([gap])["notes"]


def test_part_of_the_window_that_was_not_looked_at() -> None:
    notes = document([steps(zone, [20.0] * 30) for zone in ("SE-SE3", "US-MIDA-PJM", "CA-QC")], "+72h")["notes"]
    assert notes[0] == (
        "the source knows SE-SE3 up to 2026-03-29T06:00:00Z only: the last 42 h before the deadline were not considered"
    )


def test_gap_at_the_earliest_start_is_the_reason_for_a_later_one() -> None:
    gap = steps("SE-SE3", [20.0, math.nan, *[20.0] * 8])
    found = document([gap, steps("US-MIDA-PJM", [400.0] * 10), steps("CA-QC", [45.0] * 10)])
    assert found["placement"]["start"] == "2026-03-28T02:00:00Z"
    assert found["notes"][0] == (
        "a start at the earliest moment was not possible: the source has no value of SE-SE3 for it"
    )


def test_equal_hours_save_nothing_by_waiting() -> None:
    # Running sums of 0.1 g/kWh carry rounding; a plan must not sell it as a saving.
    found = document([steps("SE-SE3", [0.1] * 500, step_hours=1 / 12)], "+41h")
    assert found["savings"]["by_waiting_kg"] == 0.0
    assert found["placement"]["intensity"]["g_per_kwh"] == 0.1


def test_separate_servers_are_said() -> None:
    grid = [steps("SE-SE3", [20.0] * 10)]
    measured = document(grid, text=TRAINING.replace("count: 8", "count: 16"))["notes"]
    assert any(note.startswith("2 x p4d.24xlarge are separate servers") for note in measured)

    text = TRAINING.replace(
        "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}",
        "accelerator_hours: {hours: 64, accelerator: A100-40GB}",
    ).replace("accelerators: [A100-40GB]", "accelerators: [A100-40GB]\n  count: 16")
    assert any(note.startswith("2 x p4d.24xlarge lose 3 %") for note in document(grid, text=text)["notes"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("where: {allow: [aws:eu-north-9]}", "w.yaml:10: where.allow.0: 'aws:eu-north-9' is not a region"),
        ("where: {deny: [mars-1]}", "w.yaml:10: where.deny.0: 'mars-1' is not a region"),
        ("where: {residency: [Atlantis]}", "w.yaml:10: where.residency.0: "),
        ("data: {size_gb: 1, region: mars-1}", "w.yaml:10: data.region: 'mars-1' is not a region"),
        ("baseline: {region: mars-1}", "w.yaml:10: baseline.region: 'mars-1' is not a region"),
        ("baseline: {accelerator: H1000}", "w.yaml:10: baseline.accelerator: 'H1000' is not an accelerator"),
    ],
)
def test_unknown_name_is_found_by_its_line(line: str, message: str) -> None:
    key, _, value = line.partition(": ")
    with pytest.raises(WorkloadError) as caught:
        workload(**{key: value})
    (problem,) = caught.value.problems
    assert problem.startswith(message)


def test_unknown_chips_are_all_named() -> None:
    with pytest.raises(WorkloadError) as caught:
        workload(TRAINING.replace("[A100-40GB]", "[H1000, A100-40GB, B2]"))
    assert [problem[:32] for problem in caught.value.problems] == [
        "w.yaml:9: hardware.accelerators.",
        "w.yaml:9: hardware.accelerators.",
    ]


def test_freedom_to_stop_has_its_price() -> None:
    # Two clean hours, one dirty hour, two clean hours: a run of 4 h needs the dirty one unless it may stop.
    ridge = [10.0, 10.0, 110.0, 10.0, 10.0, *[200.0] * 5]
    found = document([steps("SE-SE3", ridge)])
    (price,) = [one for one in found["constraints"] if one["constraint"] == "when.interruptible"]
    # 40 kWh over 4 h, PUE 1.10: (10 + 10 + 110 + 10) / 4 = 35 against 10 g/kWh.
    assert price["costs_kg"] == pytest.approx(40 * 1.10 * (35 - 10) / 1000)
    assert len(price["without_it"]["slices"]) == 2


@pytest.mark.parametrize(("g_per_kwh", "said"), [(1.5, True), (2.1, False), (249.0, False), (260.0, True)])
def test_own_data_that_are_not_like_the_zone_are_doubted(g_per_kwh: float, said: bool) -> None:
    # Stockholm's yearly means, life cycle, are 20 to 25 g/kWh.
    notes = document([steps("SE-SE3", [g_per_kwh] * 10)])["notes"]

    assert any("10 times off the yearly means of SE-SE3 (20 to 25" in note for note in notes) is said
