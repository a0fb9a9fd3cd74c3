"""The shipped fit against 881 measured runs: how far off it is, and whether its band holds where it has not looked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import greenai_infra
from greenai_infra.estimates.serving import ServingRow, estimate_serving, resolve
from greenai_infra.footprint.constants import serving_fit

from .compare import accuracy, chapter, ecologits
from .fit import ENGINES, FREE, QUICK, LeftOut, fit, leave_out, of_engine, quantiles, shipped, values_of
from .measured import measured


@pytest.fixture(scope="module")
def left_out() -> LeftOut:
    return leave_out(measured().families, shipped(), QUICK)


def test_every_measured_run_has_an_estimate() -> None:
    found = estimate_serving([resolve(row) for row in measured().rows])

    assert all(np.isfinite(column).all() and (column > 0).all() for column in found)
    assert accuracy(found.gpu_j_per_output_token, measured().j_per_output_token).median_error_percent < 10


def test_the_shipped_coefficients_are_those_of_the_fit() -> None:
    # `python -m tests.calibration.fit` starts elsewhere; where it ends, a fit has nothing left to mend.
    best = fit(np.arange(len(measured().rows)), shipped())

    for name, value in zip(FREE, np.exp(best), strict=True):
        assert serving_fit()[name].value == pytest.approx(value, rel=0.002), name
    for name, value in values_of(shipped()).items():
        assert serving_fit()[name].value == pytest.approx(value, rel=1e-3), name


def test_models_of_families_that_were_left_out(left_out: LeftOut) -> None:
    found = accuracy(left_out.j_per_output_token, measured().j_per_output_token)

    assert found.median_error_percent < 13
    assert found.rank_correlation > 0.98
    assert found.within_factor_2_percent > 98
    assert np.nanmedian(np.abs(left_out.between_tokens_s / measured().between_tokens_s - 1)) < 0.19


def test_the_error_is_less_than_half_of_others(left_out: LeftOut) -> None:
    true = measured().j_per_output_token
    ours = accuracy(left_out.j_per_output_token, true).median_error_percent

    assert ours < 0.45 * accuracy(ecologits(), true).median_error_percent
    assert ours < 0.2 * accuracy(chapter(), true).median_error_percent


def test_the_band_holds_nine_of_ten_unseen_runs(left_out: LeftOut) -> None:
    # Each family is judged by a band from the other families, as an unseen model is.
    of = measured()
    ratio = of.j_per_output_token / left_out.j_per_output_token
    inside = np.zeros(ratio.size, dtype=bool)
    widths = []
    for family in np.unique(of.families):
        others = of.families != family
        for engine in ENGINES:
            here = of_engine(engine) & ~others
            if not here.any():
                continue
            seen = of_engine(engine) & others
            own = quantiles(left_out, seen) if seen.any() else quantiles(left_out, others)
            low, high = np.exp(0.7 * own + 0.3 * quantiles(left_out, others))
            inside |= here & (ratio >= low) & (ratio <= high)
            widths.append(high / low)

    assert 0.85 <= inside.mean() <= 0.95
    assert np.median(widths) <= 3


def test_a_model_known_by_its_size_only_is_not_much_worse() -> None:
    rows = [
        ServingRow(
            "my-own-model", row.accelerator, row.accelerators, row.precision, row.batch, None, row.output_tokens,
            engine=row.engine, architecture=row.architecture, parameters=row.parameters,
            active_parameters=row.active_parameters,
        )
        for row in measured().rows
    ]  # fmt: skip
    found = estimate_serving([resolve(row) for row in rows])
    close = accuracy(found.gpu_j_per_output_token, measured().j_per_output_token)

    assert close.median_error_percent < 12
    assert close.within_factor_2_percent > 97


def test_the_table_in_the_methods_says_the_same(left_out: LeftOut) -> None:
    text = (Path(greenai_infra.__file__).parent / "data" / "METHODS.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.endswith("% |")]
    true = measured().j_per_output_token

    for estimated, row in zip((left_out.j_per_output_token, ecologits(), chapter()), rows, strict=True):
        said = [float(cell.removesuffix(" %")) for cell in row[1:]]
        assert said == pytest.approx(accuracy(estimated, true), abs=0.1), row[0]
