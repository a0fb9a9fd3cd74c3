"""Chips against their data sheets."""

import pytest

from greenai_infra.catalog.accelerators import accelerators, find_accelerator
from greenai_infra.catalog.offers import EMBEDDED, offers
from greenai_infra.errors import InputError


def test_power_speed_and_memory_are_of_one_chip() -> None:
    h100 = find_accelerator("h100")
    assert (h100.tdp_w, h100.tflops["bf16"], h100.tflops["fp8"], h100.memory_gb) == (700, 989, 1979, 80)
    assert find_accelerator("TPU-v4").tdp_w == 192  # 275 is its TFLOPS


@pytest.mark.parametrize(
    ("name", "gib"),
    [("TPU-v4", 32), ("TPU7x", 192), ("Inferentia2", 32), ("Trainium1", 32), ("Trainium2", 96), ("Trainium3", 144)],
)
def test_memory_that_a_vendor_states_in_gib_is_held_in_gb(name: str, gib: float) -> None:
    assert find_accelerator(name).memory_gb == pytest.approx(gib * 1024**3 / 1e9, abs=0.06)


def test_the_memory_of_a_b300_is_what_its_machine_reports() -> None:
    assert find_accelerator("B300").memory_gb == pytest.approx(275_040 * 1024**2 / 1e9, abs=0.06)


@pytest.mark.parametrize("name", ["T4", "V100"])
def test_chips_without_bf16_do_not_list_it(name: str) -> None:
    assert "bf16" not in find_accelerator(name).tflops
    assert "fp16" in find_accelerator(name).tflops


@pytest.mark.parametrize("name", ["TPU-v5e", "TPU-v6e", "TPU7x", "Inferentia2", "Trainium2", "Trainium3", "B300"])
def test_unpublished_power_is_an_estimate_with_a_wide_band(name: str) -> None:
    chip = find_accelerator(name)
    assert chip.tdp_w is None
    assert chip.power_w_low < chip.power_w < chip.power_w_high
    assert chip.power_w_high >= 1.3 * chip.power_w_low
    assert chip.power_source.startswith("estimate")


def test_embodied_figures_with_band_boundary_and_source() -> None:
    a100, h100 = find_accelerator("A100-40GB").embodied, find_accelerator("H100").embodied
    assert (a100.kg, a100.high) == (127.6, 319)
    assert h100.kg == 1312 / 8
    assert not h100.is_estimate
    for chip in accelerators():
        assert 0 < chip.embodied.low <= chip.embodied.kg <= chip.embodied.high
        assert chip.embodied.boundary
        assert chip.embodied.source


@pytest.mark.parametrize(
    ("name", "kg", "low", "high"),
    [
        # By GB of memory: HGX H100 1,312 kg / 8 / 80 GB, low HGX B200 2,274 / 8 / 180, high Boavizta's A100 319 / 40.
        ("Trainium2", 103.1 * 1312 / 8 / 80, 103.1 * 2274 / 8 / 180, 103.1 * 319 / 40),
        ("Gaudi2", 96 * 1312 / 8 / 80, 96 * 2274 / 8 / 180, 96 * 319 / 40),
        # B200's own, and Boavizta's 1,415 kg of it; two thirds of it as low.
        ("B300", 288.4 * 2274 / 8 / 180, 288.4 * 2274 / 8 / 180 * 2 / 3, 288.4 * 1415 / 180),
        # L40S 277 kg by Boavizta over 2.5 or 5, T4's 131 kg as high.
        ("RTX-PRO-6000", 96 * 277 / 48 / 2.5, 96 * 277 / 48 / 5, 96 * 131 / 16),
        # TPU v5p 1,101 kg with its host's share, half of it, and TPU v6e 692 kg.
        ("TPU-v4", 34.4 * 1101 / 95, 34.4 * 1101 / 95 / 2, 34.4 * 692 / 32),
    ],
)
def test_a_chip_without_a_figure_takes_that_of_its_class(name: str, kg: float, low: float, high: float) -> None:
    embodied = find_accelerator(name).embodied

    assert (embodied.kg, embodied.low, embodied.high) == pytest.approx((kg, low, high), rel=0.01)
    assert embodied.is_estimate
    assert embodied.high > 3 * embodied.low


def test_tpu_figures_say_that_they_hold_the_host() -> None:
    boundaries = [chip.embodied.boundary for chip in accelerators() if chip.family == "tpu"]
    assert boundaries
    assert all("with host share" in boundary for boundary in boundaries)
    assert all(chip.embodied.holds_host == (chip.family == "tpu") for chip in accelerators())


def test_an_ambiguous_name_lists_the_variants() -> None:
    with pytest.raises(InputError, match="write A100-40GB or A100-80GB"):
        find_accelerator("A100")
    with pytest.raises(InputError, match="did you mean Trainium"):
        find_accelerator("Trainum2")


def test_every_offered_chip_is_described() -> None:
    known = {chip.name for chip in accelerators()}
    assert {offer.accelerator for offer in offers(include_suspect=True, path=EMBEDDED)} <= known
