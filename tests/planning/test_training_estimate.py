"""A training run estimated on a named chip: by hand, and the same as `plan` makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra import estimate_training, plan
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.errors import InputError
from greenai_infra.footprint.training import node_power_of, utilisation_of

from .made_up import at, workload

SEVEN_B = """
name: tune
project: pp1
team: tt1
kind: training
work: {model: {parameters: 7e9, tokens: 1e9}}
hardware: {accelerators: [H100], count: 8}
where: {allow: [aws:us-east-1]}
"""


def test_hours_and_energy_by_hand() -> None:
    # 6 x 7e9 x 1e9 = 4.2e19 FLOP; 8 x 989 TFLOPS x MFU; and 0.085 h to start at 0.35 of the power.
    chip = find_accelerator("H100")
    work_h = 4.2e19 / (8 * 989e12 * utilisation_of(chip).figure.value) / 3600
    power_kw = 8 * 0.7 * node_power_of(chip).figure.value
    found = estimate_training(accelerator="H100", parameters=7e9, tokens=1e9, count=8)

    assert found.hours == pytest.approx(work_h + 0.085)
    assert found.energy_kwh == pytest.approx(power_kw * (work_h + 0.35 * 0.085))
    assert found.hours_low < found.hours < found.hours_high
    assert found.energy_kwh_low < found.energy_kwh < found.energy_kwh_high
    assert found.emissions_kg is None


def test_a_region_gives_what_plan_gives() -> None:
    found = estimate_training(accelerator="H100", parameters=7e9, tokens=1e9, count=8, region="us-east-1")
    planned = plan(workload(SEVEN_B), source="embedded", at=at(0))

    assert found.energy_kwh == pytest.approx(planned.energy_kwh)
    assert found.emissions_kg == pytest.approx(planned.emissions_kg)
    assert found.cost_usd == pytest.approx(planned.cost_usd)
    assert planned.region == "aws:us-east-1"


def test_the_fewest_chips_that_hold_the_model() -> None:
    # 7e9 x 16 bytes x 1.25 are 140 GB: two chips of 80 GB.
    assert estimate_training(accelerator="H100", parameters=7e9, tokens=1e9).accelerators == 2


def test_adapters_take_four_instead_of_six_flop() -> None:
    full, lora = (
        estimate_training(accelerator="H100", parameters=7e9, tokens=1e9, count=8, method=method).hours - 0.085
        for method in ("full", "lora")
    )

    assert lora / full == pytest.approx(4 / 6)


def test_hours_on_the_same_chip_stand() -> None:
    found = estimate_training(accelerator="H100", accelerator_hours=80, count=8)

    assert found.hours == pytest.approx(10 + 0.085)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"accelerator": "H10"}, "did you mean H100"),
        ({"region": "us-eat-1"}, "did you mean us-east-1"),
        ({"region": "aws:eu-west-3", "accelerator": "TPU-v5p"}, "has no offer of TPU-v5p; it is in gcp:"),
        ({"tokens": None}, "give parameters and tokens"),
        ({"accelerator_hours": 5.0}, "not both"),
        ({"count": 12, "region": "gcp:us-central1"}, "12"),
        ({"count": 1}, "needs 140 GB"),
        ({"precision": "bf61"}, "precision"),
        ({"accelerator": "T4"}, "T4: not for training"),
        ({"parameters": float("nan")}, "parameters nan"),
        ({"tokens": float("inf")}, "tokens inf"),
        ({"parameters": 0.0}, "parameters 0"),
        ({"mfu": 2.0}, "mfu"),
    ],
)  # fmt: skip
def test_what_can_t_be_is_said(wrong: dict[str, Any], said: str) -> None:
    stated = {"accelerator": "H100", "parameters": 7e9, "tokens": 1e9, **wrong}
    with pytest.raises(InputError, match=said):
        estimate_training(**stated)
