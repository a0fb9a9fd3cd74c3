"""A carbon priority picks a point of the front; the example that this tool's first description gave, answered right.

That example: 720 hours of inference for 2,000 USD. Its formula, priority x performance a watt / watts + (1 - priority)
/ USD an hour, counts watts twice, and its second term is a hundred times the first, so the cheapest hour wins up to a
priority of 0.99: a T4, whose 16 GB do not hold an 8B model in 16 bits (8.03e9 x 2 bytes are 16.1 GB before any cache).
It prints Inferentia2 at 1.92 USD an hour, a price of another instance. Here every chip serves the same work, and kg and
USD count over the least of any feasible choice.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra import plan
from greenai_infra.errors import InputError

from .made_up import at, workload

if TYPE_CHECKING:
    from greenai_infra.planning.make import MadePlan

EXAMPLE = """
name: serve-a-month
project: pp1
team: tt1
kind: inference
work:
  requests_per_second: 1
  serve_hours: 720
  served_model: {model: Llama-3.1-8B-Instruct, input_tokens: 500, output_tokens: 200}
hardware: {accelerators: [A100-80GB, H100, TPU-v5e, Inferentia2, L4, T4], precision: fp16}
limits: {cost_usd: 2000}
"""


@cache
def made(priority: float | None) -> MadePlan:
    return plan(workload(EXAMPLE), source="embedded", at=at(0), hardware=True, carbon_priority=priority)


def planned(priority: float | None) -> dict[str, Any]:
    return made(priority).document


def test_one_t4_is_too_small_two_are_beaten_and_the_large_chips_are_too_dear() -> None:
    (one_t4,) = [misfit for misfit in made(0.5).made.field.misfits if misfit.instance_type == "g4dn.xlarge"]
    found = {row["accelerator"]: row for row in planned(0.5)["hardware"]}

    assert one_t4.reason.startswith("needs 20 GB, 1 x T4 have 16 GB")
    assert found["T4"]["placement"]["accelerators"] == 2
    assert not found["T4"]["on_pareto_front"]
    for chip in ("A100-80GB", "H100"):
        assert "limits.cost_usd" in found[chip]["reason"]


def test_a_month_of_inferentia2_is_what_the_list_says() -> None:
    # inf2.xlarge 0.7582 USD an hour in us-west-2 x 720 h; not 1.92 x 720 = 1,382.40.
    chosen = planned(0.0)["placement"]

    assert (chosen["accelerator"], chosen["region"]) == ("Inferentia2", "us-west-2")
    assert chosen["cost_usd"] == pytest.approx(0.7582 * 720, abs=0.1)


@pytest.mark.parametrize("priority", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_the_choice_has_the_least_score_of_the_front(priority: float) -> None:
    document = planned(priority)
    front: list[tuple[float, float]] = [(one["emissions_kg"], one["cost_usd"]) for one in document["pareto"]]
    least_kg, least_usd = min(kg for kg, _ in front), min(usd for _, usd in front)
    chosen = document["placement"]

    def score(kg: float, usd: float) -> float:
        return priority * kg / least_kg + (1 - priority) * usd / least_usd

    best = min(score(*one) for one in front)
    assert score(chosen["emissions_kg"], chosen["cost_usd"]) == pytest.approx(best, rel=1e-3)
    assert document["carbon_priority"]["score"] == pytest.approx(best, rel=1e-3)
    assert document["carbon_priority"]["least_usd"] == pytest.approx(least_usd, rel=1e-3)


def test_the_ends_are_least_cost_and_least_emissions() -> None:
    cheapest, cleanest = planned(0.0)["placement"], planned(1.0)["placement"]

    assert cheapest["cost_usd"] == pytest.approx(planned(None)["pareto"][-1]["cost_usd"])
    assert cleanest["emissions_kg"] == planned(None)["placement"]["emissions_kg"]
    assert cheapest["emissions_kg"] > cleanest["emissions_kg"]


def test_more_priority_never_emits_more() -> None:
    emitted = [planned(priority)["placement"]["emissions_kg"] for priority in (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)]

    assert emitted == sorted(emitted, reverse=True)


def test_a_price_of_carbon_says_the_same_thing_twice() -> None:
    priced = workload(EXAMPLE, objective="{carbon_price_usd_per_tonne: 100}")
    with pytest.raises(InputError, match="state only one"):
        plan(priced, source="embedded", at=at(0), carbon_priority=0.5)


@pytest.mark.parametrize("priority", [-0.1, 1.1, float("nan")])
def test_a_priority_lies_in_0_to_1(priority: float) -> None:
    with pytest.raises(InputError, match="carbon priority"):
        plan(workload(EXAMPLE), source="embedded", at=at(0), carbon_priority=priority)
