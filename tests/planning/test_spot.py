"""What a plan on spot machines says: the price it takes, the loss by interruptions, and where spot is no bargain."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.catalog.interruptions import interruption_rate
from greenai_infra.planning.document import plan_document
from greenai_infra.reporting.plan_text import show_plan

from .made_up import NORTH, TRAINING, offer, planned, steps

SPOT = TRAINING.replace("accelerators: [A100-40GB]", "accelerators: [A100-40GB]\n  purchase: spot")


def plan(spot_usd: float = 8.0, text: str = SPOT, **changes: Any) -> dict[str, Any]:
    """8 x A100 in Stockholm for 4 h: 40 kWh, 20 USD/h on demand."""
    sections = {key: changes.pop(key) for key in ("when",) if key in changes}
    sold = offer(NORTH, 20.0, **{"usd_per_hour_spot": spot_usd, **changes})
    return plan_document(planned([sold], steps("SE-SE3", [20] * 12), text=text, **sections))


def test_interruptions_lose_half_a_checkpoint_interval_and_a_restart_each() -> None:
    # p4d.24xlarge: 0.00282 an hour (0.0000347 to 0.229). Each loses 0.5 x 1 h + 0.085 h (0.141 to 1.76 h).
    made = plan()
    loss = made["interruptions"]

    assert loss["expected"] == pytest.approx(4 * 0.00282)
    assert (loss["expected_low"], loss["expected_high"]) == pytest.approx((4 * 0.0000347, 4 * 0.229))
    assert (loss["lost_hours_each"], loss["lost_hours_each_high"]) == pytest.approx((0.585, 1.76))
    hours = 4 * 0.00282 * 0.585
    assert loss["run_hours"] == pytest.approx(hours)
    assert loss["energy_kwh"] == pytest.approx(10 * hours)
    assert loss["cost_usd"] == pytest.approx(8 * hours)
    assert loss["cost_usd_high"] == pytest.approx(8 * 4 * 0.229 * 1.76)
    placement = made["placement"]
    per_hour_kg = (placement["operational_kg"] + placement["embodied_kg"]) / 4
    assert loss["emissions_kg"] == pytest.approx(per_hour_kg * hours)
    assert placement["cost_usd"] == 32  # which holds none of it


def test_a_stated_resume_takes_the_place_of_the_restart() -> None:
    when = "{deadline: +10h, interruptible: {resume_overhead_minutes: 12, minimum_slice_hours: 1}}"

    loss = plan(when=when)["interruptions"]

    assert loss["lost_hours_each"] == pytest.approx(0.5 + 0.2)


def test_an_unknown_type_says_so_and_has_a_wide_band() -> None:
    known = interruption_rate("aws", "p4d.24xlarge")
    kin = interruption_rate("aws", "p5.4xlarge")
    unknown = interruption_rate("aws", "p9.48xlarge")
    tpu = interruption_rate("gcp", "tpu-v5litepod")

    assert (known.instance_type, kin.instance_type) == ("p4d.24xlarge", "p5.48xlarge")
    assert (unknown.instance_type, tpu.instance_type) == ("*", "*")
    assert all(rate.low == 0 and rate.high == 0.735 for rate in (unknown, tpu))
    text = SPOT.replace("A100-40GB", "Trainium2").replace("count: 8", "count: 16")
    made = plan(text=text, accelerator="Trainium2", accelerators=16, instance_type="trn2.48xlarge")
    assert made["interruptions"]["rate"]["of_instance_type"] is None
    assert any("how often trn2.48xlarge is taken back on spot is unknown" in note for note in made["notes"])


@pytest.mark.parametrize(("spot_usd", "said"), [(20.01, True), (20.0, False), (8.0, False)])
def test_spot_that_is_dearer_than_on_demand_is_said(spot_usd: float, said: bool) -> None:
    notes = plan(spot_usd)["notes"]

    found = [note for note in notes if note.startswith("spot is dearer than on demand there")]
    assert bool(found) is said
    if said:
        assert "(20.01 against 20.00 USD/h)" in found[0]


def test_on_demand_says_nothing_of_spot() -> None:
    made = plan(99.0, text=TRAINING)

    assert "interruptions" not in made
    assert not any("spot" in note for note in made["notes"])


def test_text_names_the_spot_price_and_who_prices_managed_spot(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(plan())
    text = " ".join(capsys.readouterr().out.split())

    assert "32.00 USD at the spot price" in text
    assert "0.011 (0.00014 to 0.92) interruptions expected" in text
    assert "SageMaker's managed spot is priced by SageMaker" in text


def test_interruptions_that_break_the_deadline_are_said() -> None:
    # 11 s are left after the run; 0.0066 h (24 s) of loss are expected.
    short = plan(when="{deadline: +4.003h}")["notes"]
    ample = plan(when="{deadline: +5h}")["notes"]

    assert any("it would miss its deadline" in note for note in short)
    assert not any("it would miss its deadline" in note for note in ample)
