"""What is replayed: hardware, slack, baseline and PUE."""

from __future__ import annotations

import pytest

from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.planning.backtest.job import Job, Slack, job_of, slack_of

from .made_up import EAST, NORTH, TRAINING, offer, workload

NODES = [offer(NORTH, 20.0), offer(EAST, 15.0)]  # 8 x A100, 10 kW for 4 h
ZONES = ["SE-SE3", "US-MIDA-PJM"]
TWO_CHIPS = """
name: a-job
project: pp1
team: tt1
kind: training
work: {accelerator_hours: {hours: 32, accelerator: A100-40GB}}
hardware: {accelerators: [A100-40GB, H100], count: 8}
"""


def made(zones: list[str] | None = None, *, baseline: str | None = None, text: str = TRAINING, **sections: str) -> Job:
    if "baseline_section" in sections:
        sections["baseline"] = sections.pop("baseline_section")
    return job_of(workload(text, **sections), NODES, zones or ZONES, baseline)


@pytest.mark.parametrize(
    ("when", "slack"),
    [
        ("{}", Slack(0, None)),
        ("{earliest: +90m}", Slack(5400, None)),
        ("{earliest: +1h, deadline: +3d}", Slack(3600, 3 * 86400)),
        ("{deadline: +12h}", Slack(0, 43200)),
        ("{earliest: 2026-01-01T00:00:00Z}", Slack(0, None)),
        ("{earliest: 2026-01-01T00:00:00Z, deadline: 2026-01-02T12:00:00+02:00}", Slack(0, 34 * 3600)),
    ],
)
def test_times_become_slack(when: str, slack: Slack) -> None:
    assert slack_of(workload(when=when)) == slack


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("{deadline: 2026-01-01T00:00:00Z}", "deadline"),
        ("{earliest: +1h, deadline: 2026-01-01T00:00:00Z}", "deadline"),
        ("{earliest: 2026-01-01T00:00:00Z, deadline: +12h}", "earliest"),
    ],
)
def test_one_fixed_time_alone_is_refused(when: str, key: str) -> None:
    with pytest.raises(InputError, match=rf"when.{key} 2026-01-01T00:00:00Z is a fixed time.*such as \+72h"):
        slack_of(workload(when=when))


def test_the_hardware_is_what_needs_least_energy() -> None:
    # An H100 does the work of an A100 in (312 x 0.53) / (989 x 0.41) of the time, at 700 W instead of 400 W; a run
    # starts for 0.085 h.
    dear = offer(NORTH, 90.0, instance_type="p5.48xlarge", accelerator="H100")

    found = job_of(workload(TWO_CHIPS), [*NODES, dear], ZONES, None)
    cheap = job_of(workload(TWO_CHIPS, limits="{cost_usd: 100}"), [*NODES, dear], ZONES, None)

    assert found.hardware.offer.instance_type == "p5.48xlarge"
    assert found.duration_s / 3600 == pytest.approx(4 * 312 * 0.53 / (989 * 0.41) + 0.085, rel=0.01)
    assert cheap.hardware.offer.instance_type == "p4d.24xlarge"  # 4 h x 20 USD keep the limit, 1.6 h x 90 USD do not


def test_hardware_that_misses_the_deadline_does_not_count() -> None:
    with pytest.raises(NoPlacement, match=r"no hardware that a-job accepts can run it within 3 h"):
        made(when="{earliest: +1h, deadline: +4h}")


def test_the_baseline_is_the_workloads_zone_else_the_first_trace_unless_named() -> None:
    stated = "{region: us-east-1}"
    assert made(["FR", "US-MIDA-PJM"], baseline_section=stated).baseline_zone == "US-MIDA-PJM"
    first = made(["FR", "DE"], baseline_section=stated)
    assert first.baseline_zone == "FR"
    assert "the first trace, as aws:us-east-1 (US-MIDA-PJM) is not among them" in first.baseline_from
    assert made(["FR", "DE"], baseline="DE").baseline_zone == "DE"
    with pytest.raises(InputError, match="--baseline XX is in no trace; the traces have FR, DE"):
        made(["FR", "DE"], baseline="XX")


def test_pue_is_that_of_the_allowed_region_in_each_zone() -> None:
    # PUE of aws:eu-north-1 is 1.10, of aws:us-east-1 1.15 (2024).
    found = made(where="{providers: [aws]}")

    assert {zone: (region.key, region.pue) for zone, region in found.pue.items()} == {
        "SE-SE3": (NORTH, 1.10),
        "US-MIDA-PJM": (EAST, 1.15),
    }


def test_the_default_baseline_is_where_most_would_start_it_of_the_allowed_zones_that_have_traces() -> None:
    # Of Ireland, Germany and Virginia an EU job has Ireland; of Germany and Poland, Germany.
    europe = "{residency: [EU]}"
    assert made(["PL", "DE", "US-MIDA-PJM", "IE"], where=europe).baseline_zone == "IE"
    assert made(["PL", "DE", "US-MIDA-PJM"], where=europe).baseline_zone == "DE"
    assert made(["PL", "DE", "US-MIDA-PJM"]).baseline_zone == "US-MIDA-PJM"
    assert made(["PL", "SE-SE3"], where=europe).baseline_zone == "PL"
    assert "aws:eu-west-1, where most people would start it" in made(["PL", "IE"], where=europe).baseline_from


def test_without_a_region_in_every_zone_there_is_no_pue_anywhere() -> None:
    nowhere = made(["US-MIDA-PJM", "XX"], where="{providers: [aws]}")

    assert (nowhere.pue, nowhere.without_pue) == ({}, ("XX",))


def test_a_baseline_that_is_stated_keeps_its_region_even_where_the_rules_forbid_it() -> None:
    found = made(where="{providers: [aws], residency: [SE]}", baseline_section="{region: us-east-1}")

    assert found.pue["US-MIDA-PJM"].key == EAST
