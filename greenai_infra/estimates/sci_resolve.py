"""Resolves the names of an SCI file: intensities of zones and regions, hardware of the catalog, hours of a CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog import tables
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.grid_zones import find_zone
from greenai_infra.catalog.hosts import find_host
from greenai_infra.catalog.offers import offers
from greenai_infra.catalog.read import near, table_from
from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.clock import parse_time
from greenai_infra.errors import InputError
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.market_based import market_based, market_words
from greenai_infra.footprint.sci import Hardware, sci
from greenai_infra.intensity.model.checks import implausible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenai_infra.catalog.accelerators import Embodied
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.estimates.sci_file import Component, HardwareShare, Hourly, IntensityOf, SciFile
    from greenai_infra.footprint.sci import SciScore

CSV_COLUMNS = ("datetime", "energy_kwh", "g_per_kwh")
WHOLE_PLATFORM = "whole platform"


@dataclass(frozen=True, slots=True)
class Hours:
    """E and I of the same hours, in order of time; a single pair where the file states one value."""

    energy_kwh: list[float]
    g_per_kwh: list[float]
    source: str


def energy_and_intensity(part: Component, file: SciFile, folder: Path) -> Hours:
    """E and I of a part, location-based and of the file's signal and basis. Raises InputError."""
    if part.hourly is not None:
        return _hours(part.hourly, file, folder)
    assert part.energy_kwh is not None
    assert part.intensity is not None
    value, source = intensity_of(part.intensity, file)
    return Hours([part.energy_kwh], [value], source)


def intensity_of(stated: IntensityOf, file: SciFile) -> tuple[float, str]:
    """An intensity in gCO2eq/kWh and where it comes from. Raises InputError."""
    if stated.g_per_kwh is not None:
        assert stated.source is not None
        _refuse(stated.g_per_kwh, stated.source, file)
        return stated.g_per_kwh, stated.source
    name = stated.region or stated.zone or ""
    if file.signal != "average":
        raise InputError(f"'{name}' has an average yearly mean, but the file says signal: {file.signal}")
    mean = _yearly_mean(stated, file, name)
    if mean is None:
        of = f" of {stated.year}" if stated.year else ""
        raise InputError(f"no {file.basis} yearly mean{of} of '{name}' is in the package; state g_per_kwh")
    return mean.g_per_kwh, f"{mean.source}: mean of {mean.year}, {mean.zone}, {mean.signal}, {mean.basis}"


def _yearly_mean(stated: IntensityOf, file: SciFile, name: str) -> tables.YearlyMean | None:
    if file.basis == "direct":
        region = find_region(name) if stated.region else None
        if region is None or region.provider != "gcp":
            raise InputError(
                f"'{name}' has a lifecycle yearly mean, but the file says basis: direct (the package has direct means "
                "for regions of gcp only)"
            )
        return tables.direct(region.name, stated.year)
    zone = find_region(name).zone if stated.region else find_zone(name)[0]
    return tables.lifecycle(zone, stated.year)


def pue_of(part: Component) -> tuple[float, str]:
    """The PUE of a part and where it comes from."""
    if part.pue is not None:
        return part.pue, "stated"
    assert part.intensity is not None
    assert part.intensity.region is not None
    region = find_region(part.intensity.region)
    fleet = ", mean of the provider's fleet" if region.pue_is_fleet_mean else ""
    return region.pue, f"{region.key}, {region.pue_year}{fleet}"


def wrong_rows(hourly: Hourly, file: SciFile) -> Iterator[tuple[int, str, str]]:
    """Problems of rows in the file: number, key, and the reason."""
    seen: set[float] = set()
    for number, row in enumerate(hourly.rows or ()):
        try:
            moment = parse_time(row.hour).timestamp()
        except InputError as error:
            yield number, "hour", str(error)
            continue
        if moment in seen:
            yield number, "hour", f"the hour {row.hour} appears twice"
        seen.add(moment)
        try:
            _refuse(row.g_per_kwh, hourly.source, file)
        except InputError as error:
            yield number, "g_per_kwh", str(error)


def _hours(hourly: Hourly, file: SciFile, folder: Path) -> Hours:
    by_time: dict[float, tuple[float, float]] = {}
    for where, time, energy, intensity in _rows(hourly, folder):
        moment = parse_time(time).timestamp()
        if moment in by_time:
            raise InputError(f"{where}: the hour {time} appears twice")
        try:
            _refuse(intensity, hourly.source, file)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        by_time[moment] = (energy, intensity)
    pairs = [by_time[moment] for moment in sorted(by_time)]
    return Hours([energy for energy, _ in pairs], [intensity for _, intensity in pairs], hourly.source)


def _rows(hourly: Hourly, folder: Path) -> list[tuple[str, str, float, float]]:
    """The position of each hour, its time, its energy and its intensity."""
    if hourly.rows is not None:
        return [(f"row {number}", row.hour, row.energy_kwh, row.g_per_kwh) for number, row in enumerate(hourly.rows, 1)]
    assert hourly.csv is not None
    path = folder / hourly.csv
    rows = table_from(path, CSV_COLUMNS)
    for column in rows[0].columns:
        if named := market_based(column):
            raise InputError(f"{path}:1: column {column}: {market_words(named)}")
    return [
        (f"{path}:{row.line}", row.text("datetime"), row.number("energy_kwh"), row.signed("g_per_kwh")) for row in rows
    ]


def _refuse(g_per_kwh: float, source: str, file: SciFile) -> None:
    if named := market_based(source):
        raise InputError(f"source '{source}': {market_words(named)}")
    if wrong := implausible(g_per_kwh, (Signal(file.signal), Basis(file.basis))):
        hint = "; a score excludes offsets and credits" if g_per_kwh < 0 else ""
        raise InputError(f"{wrong}{hint}")


def hardware_of(stated: HardwareShare, provider: str | None) -> list[Hardware]:
    """The hardware with embodied emissions. `provider` is that of the part's region, if given. Raises InputError."""
    lifespan = constant("hardware_lifetime_years")
    years = stated.lifespan_years or lifespan.value
    default = f"{lifespan.value:g} years ({lifespan.low:g} to {lifespan.high:g}): {lifespan.source}"
    years_source = "stated" if stated.lifespan_years else default

    def piece(name: str, made: Embodied, number: float, reserved: float, total: float) -> Hardware:
        return Hardware(
            name=name,
            embodied_kg=made.kg * number,
            embodied_kg_low=made.low * number,
            embodied_kg_high=made.high * number,
            reserved_hours=stated.reserved_hours,
            lifespan_years=years,
            lifespan_source=years_source,
            resources_reserved=reserved,
            resources_total=total,
            source=f"{made.source} ({made.boundary}, {made.year})",
        )

    if stated.embodied_kg is not None:
        assert stated.name is not None
        assert stated.source is not None
        assert stated.resources_reserved is not None
        assert stated.resources_total is not None
        return [
            Hardware(
                name=_times(stated.count, stated.name),
                embodied_kg=stated.embodied_kg * stated.count,
                reserved_hours=stated.reserved_hours,
                lifespan_years=years,
                lifespan_source=years_source,
                resources_reserved=stated.resources_reserved,
                resources_total=stated.resources_total,
                source=stated.source,
            )
        ]
    offer = _offer(stated, provider)
    chip = find_accelerator(stated.accelerator or (offer.accelerator if offer else ""))
    per_instance = offer.accelerators if offer and stated.instance_type else 1
    chips = stated.count * per_instance
    reserved, total = stated.resources_reserved or 1.0, stated.resources_total or 1.0
    pieces = [piece(_times(chips, chip.name), chip.embodied, chips, reserved, total)]
    if chip.embodied.holds_host or offer is None:
        return pieces
    host = find_host(offer)
    share = chips * reserved / total
    servers = -(-share // host.chips_per_server)
    of_host = piece(
        f"{_times(int(servers), 'server')} ({offer.provider} {host.family.replace('*', 'of any family')})",
        host.embodied,
        servers,
        share,
        servers * host.chips_per_server,
    )
    return [of_host] if host.embodied.boundary.startswith(WHOLE_PLATFORM) else [*pieces, of_host]


def _offer(stated: HardwareShare, provider: str | None) -> Offer | None:
    """An offer of the instance type or chip, from the provider if it has an offer; it determines the server."""
    known = offers(include_suspect=True)
    if stated.instance_type is not None:
        found = [offer for offer in known if offer.instance_type == stated.instance_type]
        if not found:
            hint = near(stated.instance_type, {offer.instance_type for offer in known})
            raise InputError(f"'{stated.instance_type}' is not an instance type in the catalog{hint}")
        return found[0]
    chip = find_accelerator(stated.accelerator or "").name
    found = [offer for offer in known if offer.accelerator == chip]
    return next((offer for offer in found if offer.provider == provider), found[0] if found else None)


def _times(count: int, name: str) -> str:
    return name if count == 1 else f"{count} x {name}"


def score_part(file: SciFile, part: Component, name: str, unit: str, units: float, folder: Path) -> SciScore:
    """The score of a component, per functional unit of its own."""
    hours = energy_and_intensity(part, file, folder)
    pue, pue_source = pue_of(part)
    region = part.intensity.region if part.intensity else None
    provider = None if region is None else find_region(region).provider
    return sci(
        energy_kwh=hours.energy_kwh,
        intensity_g_per_kwh=hours.g_per_kwh,
        functional_units=units,
        functional_unit=unit,
        signal=file.signal,
        basis=file.basis,
        pue=pue,
        boundary=file.boundary,
        quantification=file.quantification,
        hardware=[piece for stated in part.hardware for piece in hardware_of(stated, provider)],
        name=name,
        intensity_source=hours.source,
        pue_source=pue_source,
    )
