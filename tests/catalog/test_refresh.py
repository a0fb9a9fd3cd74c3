"""`catalog refresh` from files and from a real local server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from greenai_infra.catalog import offers
from greenai_infra.catalog.fetchers import fetch
from greenai_infra.catalog.fetchers.refresh import write_catalogue
from greenai_infra.cli.catalog import PUBLIC_CATALOGUE, catalog
from greenai_infra.errors import DataUnavailable, GreenAIError, InputError, Refused
from tests.catalog.miniature import AWS, GCP
from tests.loopback import answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSWERS = {
    "/vms.csv": (200, "text/plain", AWS, len(AWS)),
    "/page": (200, "text/html; charset=utf-8", "<!DOCTYPE html><p>Sign in</p>", None),
    "/page-as-text": (200, "text/plain", "\n<html><p>Sign in</p></html>", None),
    "/cut": (200, "text/csv", AWS[:-100], len(AWS)),
    "/empty": (200, "text/csv", "", 0),
    "/catalogs/aws/vms.csv": (200, "text/plain", AWS, len(AWS)),
    "/catalogs/gcp/vms.csv": (200, "text/plain", GCP, len(GCP)),
    "/half/gcp/vms.csv": (200, "text/plain", GCP, len(GCP)),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/vms.csv")
            self.end_headers()
            return
        path = self.path.partition("?")[0]
        status, kind, body, length = ANSWERS.get(path, (404, "text/plain", "no such file", None))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with answering(Handler) as address:
        yield address


@pytest.fixture(autouse=True)
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's catalogue, in an empty directory."""
    target = tmp_path / "user data" / "offers.csv"
    monkeypatch.setattr(offers, "user_catalogue", lambda: target)
    monkeypatch.setattr("greenai_infra.cli.catalog.user_catalogue", lambda: target)
    return target


def run(*arguments: str) -> Result:
    return CliRunner().invoke(catalog, list(arguments), catch_exceptions=False, standalone_mode=False)


def refresh(where: str, *options: str, provider: str = "aws") -> Result:
    return run("refresh", "--from", where, "--provider", provider, *options)


def test_refresh_by_url_replaces_one_provider_and_keeps_the_other(url: str, user_file: Path) -> None:
    result = refresh(f"{url}/vms.csv?token=secret", "--allow-shrink")
    assert "p4d.24xlarge us-east-1: 21.9576 -> 20 USD/h (-9%)" in result.output
    assert f"written: {user_file}" in result.output
    assert "secret" not in result.output + user_file.read_text()
    held = offers.offers(include_suspect=True)
    assert sum(offer.provider == "aws" for offer in held) == 4
    assert sum(offer.provider == "gcp" for offer in held) == 173


def test_what_was_written_reads_back_equal(user_file: Path) -> None:
    embedded = offers.offers(include_suspect=True, path=offers.EMBEDDED)
    write_catalogue(embedded, user_file)
    assert offers.offers(include_suspect=True) == embedded
    assert [path.name for path in user_file.parent.iterdir()] == ["offers.csv"]


def test_a_file_is_priced_on_the_given_day(tmp_path: Path) -> None:
    source = tmp_path / "vms.csv"
    source.write_text(GCP)
    result = refresh(str(source), "--priced-on", "2026-11-20", "--allow-shrink", provider="gcp")
    assert "gcp prices of 2026-11-20 from vms.csv" in result.output
    assert {str(offer.priced_on) for offer in offers.offers() if offer.provider == "gcp"} == {"2026-11-20"}


def test_spot_that_is_dearer_than_on_demand_is_told(tmp_path: Path) -> None:
    header = (
        "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone"
    )
    rows = ["55.04,99.0,eu-west-2,euw2-az1", "55.04,20.1,eu-north-1,eun1-az1", "55.04,55.04,us-east-1,use1-az1"]
    prices = tmp_path / "vms.csv"
    prices.write_text("\n".join([header, *(f'p5.48xlarge,H100,8.0,192.0,2048.0,"{{}}",{row}' for row in rows)]) + "\n")

    told = refresh(str(prices), "--priced-on", "2026-01-05", "--dry-run", "--allow-shrink").output

    assert "spot is dearer than on demand: 1 offer\n    p5.48xlarge eu-west-2: 99.00 against 55.04 USD/h" in told


def test_dry_run_writes_nothing(url: str, user_file: Path) -> None:
    result = refresh(f"{url}/vms.csv", "--dry-run", "--allow-shrink")
    assert "offers: 276 before, 4 now" in result.output
    assert not user_file.exists()


def test_a_list_that_lost_most_offers_is_refused(url: str, user_file: Path) -> None:
    with pytest.raises(Refused, match=r"lacks 27[2-6] of 276 offers"):
        refresh(f"{url}/vms.csv")
    assert not user_file.exists()


@pytest.mark.parametrize(
    ("path", "error", "problem"),
    [
        ("/page", DataUnavailable, "answered with a web page"),
        ("/page-as-text", InputError, "is a web page"),
        ("/missing", DataUnavailable, "HTTP 404"),
        ("/cut", DataUnavailable, "broke off"),
        ("/empty", InputError, "is missing"),
    ],
)
def test_a_broken_answer_leaves_the_catalogue_as_it_was(
    url: str, user_file: Path, path: str, error: type[GreenAIError], problem: str
) -> None:
    write_catalogue(offers.offers(path=offers.EMBEDDED), user_file)
    before = user_file.read_bytes()
    with pytest.raises(error, match=problem):
        refresh(url + path)
    assert user_file.read_bytes() == before


def test_an_answer_beyond_the_size_bound_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 100)
    with pytest.raises(DataUnavailable, match="is larger than"):
        refresh(f"{url}/vms.csv")


@pytest.mark.parametrize(
    "where",
    [
        "http://example.com/vms.csv",
        "https://me:word@example.com/vms.csv",
        "ftp://example.com/vms.csv",
        "https:///vms.csv",
        "http://[::1/vms.csv",
    ],
)
def test_only_https_or_this_machine(where: str) -> None:
    with pytest.raises(InputError, match="give a path or an https"):
        refresh(where)


def test_a_redirect_to_plain_http_is_not_followed(url: str) -> None:
    with pytest.raises(DataUnavailable, match=r"redirected to http://192\.0\.2\.1/vms\.csv"):
        refresh(f"{url}/away")


def test_a_missing_file_and_a_future_day_are_said() -> None:
    with pytest.raises(InputError, match="can't be read"):
        refresh("no-such-file.csv")
    with pytest.raises(InputError, match="is in the future"):
        refresh("no-such-file.csv", "--priced-on", "2999-01-01")


def test_a_broken_user_file_is_named_and_can_be_renewed(url: str, user_file: Path) -> None:
    user_file.parent.mkdir()
    user_file.write_text("nonsense\n1\n")
    with pytest.raises(InputError, match=r"offers\.csv: column provider"):
        offers.offers()
    result = refresh(f"{url}/vms.csv", "--allow-shrink")
    assert "starting again from the embedded offers" in result.output
    assert len(offers.offers(include_suspect=True)) == 4 + 173


def test_show_prints_prices_and_json() -> None:
    plain = run("show", "--accelerator", "a100-40gb", "--region", "us-east-1")
    assert "21.9576" in plain.output
    found = json.loads(run("show", "--accelerator", "H100", "--region", "aws:eu-north-1", "--json").output)
    assert [offer["instance_type"] for offer in found] == ["p5.48xlarge"]


def test_accelerators_as_json_carry_their_sources() -> None:
    chips = {chip["name"]: chip for chip in json.loads(run("accelerators", "--json").output)}
    assert chips["H100"]["embodied"]["boundary"] == "baseboard share"
    assert all(chip["source"] for chip in chips.values())


def test_without_options_the_public_catalogue_is_read(
    url: str, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenai_infra.cli.catalog.PUBLIC_CATALOGUE", f"{url}/catalogs")

    result = run("refresh", "--allow-shrink")

    assert f"aws prices of {today()} from {url}/catalogs/aws/vms.csv" in result.output
    assert f"gcp prices of {today()} from {url}/catalogs/gcp/vms.csv" in result.output
    held = offers.offers(include_suspect=True)
    assert {str(offer.priced_on) for offer in held} == {today()}
    assert {offer.provider for offer in held} == {"aws", "gcp"}
    zones = {offer.zones for offer in held if offer.provider == "aws" and offer.instance_type == "p4d.24xlarge"}
    assert zones == {("use1-az1", "use1-az2", "use1-az4")}


def test_one_provider_of_the_public_catalogue(url: str, user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenai_infra.cli.catalog.PUBLIC_CATALOGUE", f"{url}/catalogs")

    result = run("refresh", "--provider", "gcp", "--allow-shrink")

    assert "gcp prices of" in result.output
    assert "aws prices of" not in result.output


def test_a_list_that_is_missing_is_told_and_the_other_taken(url: str, user_file: Path) -> None:
    with pytest.raises(DataUnavailable, match=r"1 of 2 price lists .*; the other provider's prices are renewed"):
        run("refresh", "--from", f"{url}/half", "--allow-shrink")

    days = {offer.provider: str(offer.priced_on) for offer in offers.offers()}
    assert days["gcp"] == today()
    assert days["aws"] != today()


def test_a_single_file_needs_its_provider(url: str, user_file: Path) -> None:
    with pytest.raises(InputError, match="say which provider's prices it holds with --provider"):
        run("refresh", "--from", f"{url}/vms.csv")


def test_the_public_catalogue_lies_with_its_project() -> None:
    assert PUBLIC_CATALOGUE.startswith("https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/")


def today() -> str:
    return str(datetime.now(UTC).date())
