"""Embedded yearly means: labelled as such, of a year that was over, and stale after two."""

from datetime import UTC, datetime, timedelta

import pytest

from greenai_infra.catalog.tables import YearlyMean
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.sources.embedded import EmbeddedYear, as_intensity, embedded_direct, newest

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


# Published: Electricity Maps 2025 lifecycle means, Google 2024 direct figures.
@pytest.mark.parametrize(
    ("zone", "g_per_kwh"), [("CA-QC", 41), ("SE-SE3", 20), ("US-NW-BPAT", 129), ("FI", 68), ("SG", 483)]
)
def test_lifecycle_means_of_2025(zone: str, g_per_kwh: float) -> None:
    value = EmbeddedYear(AS_OF).latest([zone])[zone]
    assert isinstance(value, Intensity)
    assert value.g_per_kwh == pytest.approx(g_per_kwh, abs=0.5)
    of = value.provenance
    assert (of.kind, of.signal, of.basis) == (Kind.YEARLY_MEAN, Signal.AVERAGE, Basis.LIFECYCLE)
    assert of.observed_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert of.detail.startswith("mean of 2025")
    assert not of.flags


@pytest.mark.parametrize(
    ("region", "g_per_kwh"), [("northamerica-northeast1", 5.5), ("us-west1", 79), ("us-east4", 323)]
)
def test_direct_figures_of_google_regions(region: str, g_per_kwh: float) -> None:
    value = embedded_direct(region, AS_OF)
    assert isinstance(value, Intensity)
    assert value.g_per_kwh == pytest.approx(g_per_kwh, abs=0.5)
    assert value.provenance.basis is Basis.DIRECT


def test_aws_regions_have_no_direct_figure() -> None:
    assert isinstance(embedded_direct("us-east-1", AS_OF), Unavailable)


@pytest.mark.parametrize(("year", "stale"), [(2023, True), (2024, True), (2025, False)])
def test_stale_from_two_years_on(year: int, stale: bool) -> None:
    mean = YearlyMean("Z", 100, year, Signal.AVERAGE, Basis.LIFECYCLE, "s")
    assert (Flag.STALE in as_intensity("Z", mean, AS_OF).provenance.flags) is stale


def test_planning_as_of_the_past_sees_only_years_that_were_over() -> None:
    means = {year: YearlyMean("Z", year, year, Signal.AVERAGE, Basis.LIFECYCLE, "s") for year in (2021, 2022, 2025)}

    def table(key: str, year: int | None = None) -> YearlyMean | None:
        return means[2025] if year is None else means.get(year)

    assert newest(table, "Z", datetime(2026, 1, 1, tzinfo=UTC)) == means[2025]
    assert newest(table, "Z", datetime(2025, 7, 1, tzinfo=UTC)) == means[2022]
    assert newest(table, "Z", datetime(2021, 7, 1, tzinfo=UTC)) is None


def test_forecast_is_constant_and_history_is_none() -> None:
    source, end = EmbeddedYear(AS_OF), AS_OF + timedelta(days=400)
    series = source.forecast(["FR"], AS_OF, end)["FR"]
    assert isinstance(series, Series)
    assert (series.start, series.end, series.g_per_kwh.tolist()) == (AS_OF, end, [31.0])
    assert source.history(["FR"], AS_OF, end)["FR"] == Unavailable("FR", "a yearly mean has no history")


def test_unknown_zone_gets_near_names() -> None:
    answer = EmbeddedYear(AS_OF).latest(["US-NW-BPAX"])["US-NW-BPAX"]
    assert isinstance(answer, Unavailable)
    assert "US-NW-BPAT" in answer.hint
