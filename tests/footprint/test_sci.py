"""SCI against the specification's own figures and hand-worked ones."""

from __future__ import annotations

from math import nan

import pytest

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.footprint import sci_ai
from greenai_infra.footprint.market_based import market_based
from greenai_infra.footprint.sci import Hardware, SciScore, aggregate, converted, method_differences, sci


def hardware(**changed: object) -> Hardware:
    values: dict[str, object] = {
        "name": "device", "embodied_kg": 1000.0, "reserved_hours": 1.0, "lifespan_years": 4.0,
        "resources_reserved": 1.0, "resources_total": 1.0, "source": "SCI 1.1.0, Embodied emissions",
    }  # fmt: skip
    return Hardware(**{**values, **changed})  # type: ignore[arg-type]


def score(**changed: object) -> SciScore:
    values: dict[str, object] = {
        "energy_kwh": 100.0, "intensity_g_per_kwh": 400.0, "functional_units": 1e6, "functional_unit": "request",
        "signal": "average", "basis": "lifecycle", "pue": 1.0, "boundary": ["inference"],
    }  # fmt: skip
    return sci(**{**values, **changed})  # type: ignore[arg-type]


def test_the_specifications_example_of_a_time_share() -> None:
    """1,000 kg over four years, reserved for one hour: 1,000 kg x 1 / (4 x 365 x 24)."""
    assert hardware().embodied_g() == pytest.approx(28.5388, abs=1e-4)


def test_one_gpu_of_eight_carries_an_eighth() -> None:
    assert hardware(resources_total=8.0).embodied_g() == pytest.approx(28.5388 / 8, abs=1e-4)


def test_the_python_face_has_it() -> None:
    assert greenai_infra.sci is sci


def test_operational_and_embodied_add_up_over_r() -> None:
    """(10 kWh x 1.2 x 300 g/kWh + 28.5388 g) / 1,000 = 3.6285 g."""
    found = score(energy_kwh=10.0, pue=1.2, intensity_g_per_kwh=300.0, functional_units=1000.0, hardware=[hardware()])

    assert found.operational_g_per_unit == pytest.approx(3.6)
    assert found.sci_g_per_unit == pytest.approx(3.6285388)


def test_the_energy_of_an_hour_meets_the_intensity_of_that_hour() -> None:
    """10 x 100 + 90 x 500 = 46,000 g, where the plain mean of 300 g/kWh would give 30,000."""
    hourly = score(energy_kwh=[10.0, 90.0], intensity_g_per_kwh=[100.0, 500.0], functional_units=1.0)

    assert hourly.sci_g_per_unit == pytest.approx(46_000)
    assert hourly.intensity_g_per_kwh == pytest.approx(460)
    assert hourly.method.granularity == "hourly"


def test_the_band_is_that_of_the_embodied_figure() -> None:
    found = score(hardware=[hardware(embodied_kg_low=500.0, embodied_kg_high=3000.0)], functional_units=1.0)

    assert found.sci_g_per_unit - found.sci_g_per_unit_low == pytest.approx(28.5388 / 2, abs=1e-3)
    assert found.sci_g_per_unit_high - found.sci_g_per_unit == pytest.approx(28.5388 * 2, abs=1e-3)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"functional_units": 0}, "functional_units 0"),
        ({"functional_units": -5}, "functional_units -5"),
        ({"functional_units": nan}, "functional_units nan"),
        ({"energy_kwh": 0}, "energy_kwh 0"),
        ({"energy_kwh": []}, "energy_kwh is missing"),
        ({"energy_kwh": -1}, "energy_kwh -1"),
        ({"intensity_g_per_kwh": -20}, "offsets and credits can't enter"),
        ({"intensity_g_per_kwh": nan}, "intensity_g_per_kwh nan"),
        ({"intensity_g_per_kwh": 0}, "an SCI of 0 is impossible"),
        ({"energy_kwh": [1, 2], "intensity_g_per_kwh": [1]}, "each hour needs both"),
        ({"pue": 0.9}, "pue 0.9"),
        ({"functional_unit": " "}, "functional_unit is empty"),
        ({"intensity_source": "contract, after RECs"}, "market-based"),
    ],
)
def test_what_can_not_be_scored_is_refused_by_name(changed: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        score(**changed)


@pytest.mark.parametrize("key", ["embodied_kg", "reserved_hours", "lifespan_years", "resources_total"])
def test_hardware_needs_every_figure(key: str) -> None:
    with pytest.raises(InputError, match=f"device: {key} 0"):
        hardware(**{key: 0.0})


def test_more_than_all_can_not_be_reserved() -> None:
    with pytest.raises(InputError, match="resources_reserved 9 is more than resources_total 8"):
        hardware(resources_reserved=9.0, resources_total=8.0)


def test_scores_are_summed_per_equal_unit_alone() -> None:
    whole = aggregate([score(), score(energy_kwh=50.0)], "both")

    assert whole.sci_g_per_unit == pytest.approx(0.04 + 0.02)
    with pytest.raises(InputError, match="different functional unit"):
        aggregate([score(), score(functional_unit="token")])
    with pytest.raises(InputError, match="different basis"):
        aggregate([score(), score(basis="direct")])
    with pytest.raises(InputError, match="different signal"):
        aggregate([score(), score(signal="marginal")])


def test_a_converted_score_discloses_its_factor() -> None:
    """0.04 g a token, 250 tokens a request: 10 g a request."""
    found = converted(score(functional_unit="token"), 250, "request", "mean of our logs")

    assert found.sci_g_per_unit == pytest.approx(10)
    assert found.method.functional_unit == "request"
    assert found.conversion == "250 x token per request: mean of our logs"


def test_a_baseline_shares_the_method() -> None:
    old, new = score(hardware=[hardware(lifespan_years=6.0)]), score(hardware=[hardware()], quantification="measured")

    assert method_differences(old, old) == []
    assert method_differences(new, old) == [
        "quantification (measured against modelled)", "lifespan of device (4 against 6 years)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("net of RECs", "recs"), ("PPA-adjusted", "ppa"), ("market-based, 2024", "market based"),
        ("after offsets", "offsets"), ("carbon_free_share", "carbon free"), ("residual mix 2023", "residual mix"),
        ("location-based, no offsets", ""), ("Electricity Maps, SE-SE3", ""), ("not market-based", ""),
        ("records of the recent year", ""),
    ],
)  # fmt: skip
def test_market_based_instruments_are_recognised(text: str, named: str) -> None:
    assert market_based(text) == named


@pytest.mark.parametrize(
    ("unit", "total_kg", "units", "value", "words"),
    [
        ("token", 6_500, 50e9, 130, "gCO2eq per million tokens"),
        ("inference", 3_200, 40e6, 0.08, "gCO2eq per inference"),
        ("FLOP", 200_000, 5e22, 4, "gCO2eq per 1e15 FLOPs"),
        ("parameter", 75_000, 2.5e9, 30_000, "kgCO2eq per billion parameters"),
    ],
)
def test_the_examples_of_sci_for_ai_put_right(
    unit: str, total_kg: float, units: float, value: float, words: str
) -> None:
    """Sections 9.1 and 9.2; 130 kg per billion tokens is 130 g per million, not 0.13; 75 t over 2.5e9 is 30 t."""
    known = {**sci_ai.CONSUMER_UNITS, **sci_ai.PROVIDER_UNITS}[unit]

    found, said = known.reported(1000 * total_kg / units)

    assert found == pytest.approx(value)
    assert said == words
