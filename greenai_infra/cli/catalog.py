"""`greenai-infra catalog`: accelerators and offers as the planner sees them, and commands that renew the prices."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.catalog.accelerators import accelerators as all_accelerators
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.offers import EMBEDDED, offers, stale_price_warning, user_catalogue
from greenai_infra.catalog.regions import find_region
from greenai_infra.cli.number import NumberRange
from greenai_infra.errors import DataUnavailable, InputError, Refused
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.catalog.fetchers.refresh import Changes
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.catalog.service_prices import ServicePrice

_SHOWN_MOVES = 5
PROVIDERS = ("aws", "gcp")
PUBLIC_CATALOGUE = "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs/v8"
"""Where the SkyPilot project publishes its price lists; its newest release reads v8."""


def max_wait(default_s: float) -> Callable[[Any], Any]:
    """The option `max_wait_s`: how long all downloads together may take."""
    return click.option(
        "--max-wait",
        "max_wait_s",
        metavar="SECONDS",
        type=NumberRange(1, 86_400),
        default=default_s,
        show_default=True,
        help="Time limit for all downloads together.",
    )


@click.group()
def catalog() -> None:
    """Show or refresh accelerators, offers and prices."""


@catalog.command()
@click.option(
    "--from",
    "where",
    metavar="FILE_OR_URL",
    help="SkyPilot's vms.csv of the provider; without --provider, a folder with a vms.csv per provider. "
    "Default: SkyPilot's public catalogue (no account needed).",
)
@click.option("--provider", type=click.Choice(PROVIDERS), help="Provider of the prices. Default: all.")
@click.option(
    "--priced-on",
    metavar="DATE",
    help="Day of the prices (YYYY-MM-DD). Default: today for a URL, the file's date for a file.",
)
@click.option("--dry-run", is_flag=True, help="Print what would change; write nothing.")
@click.option("--allow-shrink", is_flag=True, help="Accept a file that drops most current offers.")
@max_wait(180)
def refresh(
    where: str | None, provider: str | None, priced_on: str | None, dry_run: bool, allow_shrink: bool, max_wait_s: float
) -> None:
    """Renew the offers of AWS and Google Cloud from SkyPilot's public catalogue, or of one provider from a file.

    Example:  greenai-infra catalog refresh --provider aws --from vms.csv --priced-on 2026-11-20
    """
    day, deadline_s = _day(priced_on), time.monotonic() + max_wait_s
    whose = (provider,) if provider else PROVIDERS
    if where is not None and provider is None and where.partition("?")[0].endswith(".csv"):
        raise InputError(
            "--from names a file: say which provider's prices it holds with --provider aws or --provider gcp"
        )
    failed = []
    for name in whose:
        file = where if where is not None and provider else f"{(where or PUBLIC_CATALOGUE).rstrip('/')}/{name}/vms.csv"
        try:
            _renew(name, file, day, deadline_s, dry_run=dry_run, allow_shrink=allow_shrink)
        except (DataUnavailable, InputError, Refused) as error:
            if provider:
                raise
            failed.append(error)
            click.echo(f"warning: {name}: {error}", err=True)
    if failed:
        kept = "; the other provider's prices are renewed" if len(failed) < len(whose) and not dry_run else ""
        raise type(failed[0])(f"{len(failed)} of {len(whose)} price lists could not be used (see above){kept}")


def _renew(
    provider: str, where: str, day: date | None, deadline_s: float, *, dry_run: bool, allow_shrink: bool
) -> None:
    """Renews one provider's offers and keeps the other provider's."""
    from greenai_infra.catalog.fetchers.fetch import fetch
    from greenai_infra.catalog.fetchers.refresh import check, compare, write_catalogue
    from greenai_infra.catalog.fetchers.skypilot import read_vms
    from greenai_infra.reporting.refresh_text import show_dearer_on_spot

    fetched = fetch(where, within_s=max(0.1, deadline_s - time.monotonic()))
    renewed = read_vms(
        StringIO(fetched.text, newline=""),
        provider=provider,
        where=fetched.where,
        priced_on=day or fetched.day,
        source=f"SkyPilot catalog layout: {fetched.where}",
    )
    held = _held()
    changes = compare([offer for offer in held if offer.provider == provider], renewed)
    click.echo(f"{provider} prices of {day or fetched.day} from {fetched.where}")
    _print_changes(changes)
    show_dearer_on_spot(renewed)
    check(changes, allow_shrink=allow_shrink)
    if dry_run:
        click.echo("dry run: nothing written")
        return
    target = user_catalogue()
    write_catalogue([*(offer for offer in held if offer.provider != provider), *renewed], target)
    click.echo(f"written: {target}")


@catalog.command("refresh-services")
@click.option("--region", "regions", required=True, multiple=True, metavar="REGION", help="Such as aws:eu-north-1.")
@click.option(
    "--from", "base", metavar="FOLDER_OR_URL", help="Location of the lists. Default: AWS's public address (no account)."
)
@click.option("--dry-run", is_flag=True, help="Print the prices; write nothing.")
@max_wait(900)
def refresh_services(regions: tuple[str, ...], base: str | None, dry_run: bool, max_wait_s: float) -> None:
    """Fetch AWS's list prices of standing services: endpoints, keys, secrets, alarms, caches, hosted instances.

    Example:  greenai-infra catalog refresh-services --region aws:eu-north-1
    """
    from greenai_infra.catalog.fetchers.aws_price_list import BASE_URL, SERVICES
    from greenai_infra.catalog.service_prices import keep_service_prices, user_service_prices
    from greenai_infra.web.address import is_safe, shown

    places = [find_region(name) for name in regions]
    for place in places:
        if place.provider != "aws":
            raise InputError(f"--region {place.provider}:{place.name}: service price lists exist for AWS regions only")
    base = base or BASE_URL
    if not (is_safe(base) if "://" in base else Path(base).is_dir()):
        raise InputError(f"--from '{shown(base)}' is neither a folder nor an https:// address")
    deadline_s = time.monotonic() + max_wait_s
    found = [
        price for place in places for service in SERVICES for price in _fetched(base, service, place.name, deadline_s)
    ]
    if not found:
        raise DataUnavailable("no price found; nothing is written")
    show_table(
        ["region", "item", "USD", "a", "of"],
        [[one.region, one.item, f"{one.usd:g}", one.unit, str(one.priced_on)] for one in found],
        right=(2,),
    )
    if dry_run:
        click.echo("dry run: nothing written")
        return
    keep_service_prices("aws", found)
    click.echo(f"written: {user_service_prices()}")


def _fetched(base: str, service: str, region: str, deadline_s: float) -> list[ServicePrice]:
    """The prices of one list. A broken list is reported, and reading goes on with the others."""
    from greenai_infra.catalog.fetchers.aws_price_list import LARGEST_BYTES, list_address, read_price_list
    from greenai_infra.catalog.fetchers.fetch import fetch

    try:
        left_s = max(0.0, deadline_s - time.monotonic())
        fetched = fetch(f"{base.rstrip('/')}/{list_address(service, region)}", LARGEST_BYTES, within_s=left_s)
        found, left_out = read_price_list(fetched.text, service, region, fetched.where)
    except (DataUnavailable, InputError) as error:
        click.echo(f"warning: {service} in {region}: {error}", err=True)
        return []
    for reason in left_out:
        click.echo(f"warning: {service} in {region}: left out: {reason}", err=True)
    return found


@catalog.command()
@click.option("--accelerator", metavar="NAME", help="Only this chip, such as H100.")
@click.option("--region", metavar="REGION", help="Only this region, such as aws:eu-north-1.")
@click.option("--provider", type=click.Choice(["aws", "gcp"]), help="Only this provider's offers.")
@click.option(
    "--include-suspect", is_flag=True, help="Also show rows whose on-demand price probably belongs to another tariff."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    accelerator: str | None, region: str | None, provider: str | None, include_suspect: bool, as_json: bool
) -> None:
    """List offers with prices in USD per hour for the whole instance (or per chip where marked).

    Example:  greenai-infra catalog show --accelerator H100 --region aws:eu-north-1
    """
    chip = find_accelerator(accelerator).name if accelerator else None
    place = find_region(region) if region else None
    found = [
        offer
        for offer in offers(include_suspect=include_suspect)
        if (chip is None or offer.accelerator == chip)
        and provider in (None, offer.provider)
        and (place is None or (offer.provider, offer.region) == (place.provider, place.name))
    ]
    if as_json:
        click.echo(json.dumps([asdict(offer) for offer in found], default=str, indent=2))
        return
    if not found:
        click.echo("no offer in the catalog matches; absent means unknown, not unavailable")
        return
    show_table(
        ["region", "instance", "chips", "on demand", "spot"],
        [
            [
                f"{offer.provider}:{offer.region}",
                offer.instance_type,
                f"{offer.accelerators} {offer.accelerator}" + (" (per chip)" if offer.per_chip else ""),
                _usd(offer.usd_per_hour_on_demand) + ("?" if offer.suspect else ""),
                _usd(offer.usd_per_hour_spot),
            ]
            for offer in found
        ],
        right=(3, 4),
    )
    days = sorted({str(offer.priced_on) for offer in found})
    click.echo(f"USD an hour; prices of {days[0]}{f' to {days[-1]}' if len(days) > 1 else ''}")
    warning = stale_price_warning(found, datetime.now(UTC))
    if warning:
        click.echo(f"warning: {warning}", err=True)


@catalog.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with sources and bands.")
def accelerators(as_json: bool) -> None:
    """List power, speed, memory and embodied emissions of each chip.

    Example:  greenai-infra catalog accelerators --json
    """
    if as_json:
        chips = [asdict(chip) | {"uses": sorted(chip.uses)} for chip in all_accelerators()]
        click.echo(json.dumps(chips, indent=2))
        return
    rows = []
    for chip in all_accelerators():
        power = f"{chip.power_w:g}" if chip.tdp_w is not None else f"~{chip.power_w:g}"
        made = chip.embodied
        embodied = f"{'~' if made.is_estimate else ''}{made.kg:.4g}"
        band = f"{made.low:.4g}-{made.high:.4g}"
        speed = chip.tflops.get("bf16") or chip.tflops.get("fp16")
        cells = [f"{chip.memory_gb:g}", f"{chip.bandwidth_gb_per_s:g}", embodied, band]
        rows.append([chip.name, power, f"{speed:g}" if speed else "-", *cells])
    headers = ["chip", "W", "16-bit TFLOPS", "GB", "GB/s", "embodied kg", "low-high"]
    show_table(headers, rows, right=range(1, len(headers)))
    click.echo("~ estimate, not published; - no figure. Sources and rules: --json")


def _held() -> tuple[Offer, ...]:
    """All offers in use. A user's file that can't be read is reported and skipped, so that it can be renewed."""
    try:
        return offers(include_suspect=True)
    except InputError as error:
        click.echo(f"warning: {error}; starting again from the embedded offers", err=True)
        return offers(include_suspect=True, path=EMBEDDED)


def _print_changes(changes: Changes) -> None:
    click.echo(
        f"  offers: {changes.rows_before} before, {changes.rows_after} now, {changes.lost_rows} no longer listed"
    )
    listed: dict[str, Any] = {
        "new types": changes.new_types,
        "types no longer listed": changes.lost_types,
        "new regions": changes.new_regions,
        "regions no longer listed": changes.lost_regions,
    }
    for title, names in listed.items():
        if names:
            click.echo(f"  {title}: {', '.join(names)}")
    dearer = sum(1 for move in changes.moves if move.ratio > 1)
    click.echo(f"  on-demand prices: {dearer} dearer, {len(changes.moves) - dearer} cheaper")
    for move in changes.moves[:_SHOWN_MOVES]:
        click.echo(f"    {move.offer}: {move.before:g} -> {move.after:g} USD/h ({move.ratio - 1:+.0%})")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--priced-on '{text}' is not a date; write it as 2026-11-20") from None
    if day > datetime.now(UTC).date():
        raise InputError(f"--priced-on {text} is in the future")
    return day


def _usd(price: float | None) -> str:
    return "-" if price is None else f"{price:.4f}"
