"""What stands beside a run is part of its cost: by hand from list prices, and as the stacks' programs declare it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import NoPlacement
from greenai_infra.planning.document import plan_document
from greenai_infra.reporting.plan_text import show_plan

from .made_up import EAST, NORTH, TRAINING, offer, planned, steps

if TYPE_CHECKING:
    from greenai_infra.planning.planner import Plan

GRIDS = {"SE-SE3": 20.0, "US-MIDA-PJM": 400.0, "NL": 100.0}
BUDGET = "{daily_kg: 10, monthly_kg: 100}"


def plan_in(region: str, *, usd_per_hour: float = 20.0, zones: tuple[str, ...] = (), **sections: str) -> Plan:
    """Four hours on one machine of 20 USD an hour."""
    sold = [offer(region, usd_per_hour, zones=zones)]
    text = TRAINING + "".join(f"{key}: {value}\n" for key, value in sections.items())
    return planned(sold, *(steps(zone, [value] * 8) for zone, value in GRIDS.items()), text=text)


# us-east-1: seven endpoints x zones x 0.01 USD an hour, and a key of 1 USD a month of 730 h.
@pytest.mark.parametrize(("zones", "number"), [((), 3), (("use1-az1",), 2), (("use1-az1", "use1-az2", "use1-az4"), 3)])
def test_a_training_s_endpoints_and_key_cost_by_the_hour(zones: tuple[str, ...], number: int) -> None:
    made = plan_document(plan_in(EAST, zones=zones))["placement"]

    standing = 4 * (7 * number * 0.01 + 1 / 730)
    assert made["standing_usd"] == pytest.approx(standing)
    assert made["cost_usd"] == pytest.approx(4 * 20 + standing)
    assert (made["standing_usd_low"], made["standing_usd_high"]) == pytest.approx((standing, standing))
    assert made["standing_is_estimate"] is False


def test_a_carbon_budget_s_alarms_stand_beside_it() -> None:
    made = plan_document(plan_in(EAST, carbon_budget=BUDGET))["placement"]

    # Two keys, six alarms of 0.10, three composite ones of 0.50 from memory (half to twice), a dashboard of 3 USD.
    rest = 2 + 0.6 + 1.5 + 3
    ends = [4 * (0.21 + usd / 730) for usd in (rest - 0.75, rest, rest + 1.5)]
    assert [made[f"standing_usd{end}"] for end in ("_low", "", "_high")] == pytest.approx(ends)
    assert made["standing_is_estimate"] is True


def test_where_a_region_has_no_price_us_east_1_s_stands_in_with_a_band() -> None:
    made = plan_document(plan_in(NORTH))["placement"]

    endpoints, key = 4 * 0.21, 4 / 730  # AWS names one price of keys for all regions
    assert made["standing_usd"] == made["standing_usd_low"] == pytest.approx(endpoints + key)
    assert made["standing_usd_high"] == pytest.approx(2 * endpoints + key)
    assert made["standing_is_estimate"] is True


def test_it_counts_toward_the_limit_of_cost() -> None:
    with pytest.raises(NoPlacement, match=r"limits\.cost_usd \(80\.0\) removed 1; the cheapest is 80\.85 USD"):
        plan_in(EAST, limits="{cost_usd: 80}")
    assert plan_in(EAST, limits="{cost_usd: 80.9}").decision.placement.cost_usd == pytest.approx(80.8455, abs=1e-4)


def test_on_google_cloud_it_is_not_known_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{TRAINING}  buildable_only: false\n"
    sold = [offer("gcp:europe-west4", 20.0, instance_type="a2-highgpu-8g")]
    document = plan_document(planned(sold, steps("NL", [100.0] * 8), text=text))

    show_plan(document)

    assert document["placement"]["standing_usd"] is None
    assert document["placement"]["cost_usd"] == pytest.approx(80)
    assert "standing  not known on this cloud, and not in the cost" in capsys.readouterr().out


def test_the_plan_says_how_much_of_the_cost_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(plan_document(plan_in(NORTH)))

    assert "standing  ~0.845 USD of the cost" in capsys.readouterr().out


def test_what_it_costs_while_the_run_waits_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    # Six dirty hours in us-east-1 before four clean ones: 6 h x 21.1 cents that the cost of the run does not hold.
    text = TRAINING + "when: {deadline: +10h}\n"
    grid = steps("US-MIDA-PJM", [900] * 6 + [100] * 4)
    show_plan(plan_document(planned([offer(EAST, 20.0)], grid, text=text)))
    waits = " ".join(capsys.readouterr().out.split())
    show_plan(plan_document(plan_in(EAST)))
    at_once = " ".join(capsys.readouterr().out.split())

    assert "alarms of its stack; if it stands from the earliest start on, 1.27 USD more for 6.00 h" in waits
    assert "from the earliest start on" not in at_once
