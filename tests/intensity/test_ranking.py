"""Intensity x PUE, worked out by hand; and no mix of unlike values."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from greenai_infra.catalog.regions import Region
from greenai_infra.errors import Refused
from greenai_infra.intensity.choice.ranking import rank
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Provenance, Signal

SEEN = datetime(2025, 1, 1, tzinfo=UTC)


def pair(
    name: str, g_per_kwh: float, pue: float, basis: Basis = Basis.LIFECYCLE, signal: Signal = Signal.AVERAGE
) -> tuple[Region, Intensity]:
    region = Region("aws", name, "place", "XX", 0, 0, "Z", "", pue, 2024, False, "s", "")
    return region, Intensity("Z", g_per_kwh, Provenance("s", signal, basis, Kind.YEARLY_MEAN, SEEN))


def test_order_is_by_intensity_times_pue() -> None:
    # 100 x 1.30 = 130, 110 x 1.10 = 121, 125 x 1.04 = 130 (tie, by name), 20 x 1.5 = 30
    ranked = rank([pair("b", 100, 1.3), pair("c", 110, 1.1), pair("a", 125, 1.04), pair("d", 20, 1.5)])
    assert [one.region.name for one in ranked] == ["d", "c", "a", "b"]
    assert [one.effective_g_per_kwh for one in ranked] == pytest.approx([30, 121, 130, 130])


def test_unlike_bases_or_signals_are_refused_by_name() -> None:
    with pytest.raises(Refused, match="average direct and average lifecycle intensities can't be ranked together"):
        rank([pair("a", 1, 1), pair("b", 1, 1, basis=Basis.DIRECT)])
    with pytest.raises(Refused, match="average lifecycle and marginal lifecycle"):
        rank([pair("a", 1, 1), pair("b", 1, 1, signal=Signal.MARGINAL)])


def test_mix_is_ranked_when_told_to() -> None:
    ranked = rank([pair("a", 2, 1), pair("b", 1, 1, basis=Basis.DIRECT)], allow_mixed=True)
    assert [one.region.name for one in ranked] == ["b", "a"]


def test_doubtful_values_stand_last() -> None:
    region, clean = pair("clean", 0.9, 1)
    doubtful = replace(clean, provenance=clean.provenance.flagged(Flag.DOUBTFUL))
    ranked = rank([(region, doubtful), pair("dirty", 400, 1)])
    assert [one.region.name for one in ranked] == ["dirty", "clean"]
