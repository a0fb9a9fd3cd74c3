"""What the exporter keeps and what it leaves out, without a server."""

from __future__ import annotations

from greenai_infra.cli.gpu_account import Account, Place
from greenai_infra.monitoring.gpu.exporter import GpuCollector
from greenai_infra.monitoring.gpu.values import Process, Round, Sample


def taken(at_s: float, *instances: int) -> Round:
    card = Sample(
        index="0", uuid="GPU-0", name="NVIDIA A100-SXM4-80GB", mig_mode=True, energy_j=at_s * 100, power_w=100
    )
    parts = [
        Sample(
            index=f"0:{number}", uuid=f"MIG-{number}", parent="GPU-0", name=card.name, mig=f"{number}/0",
            mig_share=1 / 7, sm_active_ratio=0.0, processes=[Process(pid=1)],
        )
        for number in instances
    ]  # fmt: skip
    return Round(at_s=at_s, source="nvml", gpus=[card, *parts])


def shown(account: Account, last: Round) -> dict[tuple[str, str], float]:
    collector = GpuCollector(0.8)
    collector.show(last, account.report())
    return {
        (sample.name, sample.labels.get("uuid", "")): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


def test_the_waste_of_an_instance_that_is_gone_stays_a_counter_and_without_a_price_there_is_none() -> None:
    """61 s of 1/7 of 76 W: 662 J, also when the instance was destroyed."""
    account = Account(Place(intensity=500.0), 1.0, None, 0.0)
    for second in range(62):
        account.add(taken(float(second), 1, 2))
    before = shown(account, taken(61.0, 1, 2))
    account.add(taken(62.0, 2))
    after = shown(account, taken(62.0, 2))

    name = "greenai_gpu_waste_joules_total"
    assert round(before[name, "MIG-1"]) == round(after[name, "MIG-1"]) == round(61 * 76 / 7)
    assert after[name, "MIG-2"] > before[name, "MIG-2"]
    assert round(after["greenai_gpu_waste_co2e_grams_total", "MIG-1"], 6) == round(61 * 76 / 7 / 3.6e6 * 500, 6)
    assert not [one for one, _ in after if one.startswith("greenai_gpu_waste_usd")]
    assert after["greenai_gpu_used_joules_total", "GPU-0"] == 6200


def test_before_the_first_reading_nothing_is_shown() -> None:
    assert list(GpuCollector(0.8).collect()) == []
