"""`catalog refresh-services`: AWS's price lists from a folder and from a real local server, and what a preview makes of
them."""

from __future__ import annotations

import json
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.catalog.fetchers.aws_price_list import read_price_list
from greenai_infra.errors import InputError
from tests.loopback import answering

from .price_lists import REGION, price_list, write_price_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Command

ROOT = Path(__file__).parents[2]
REFRESH = ("catalog", "refresh-services", "--region", f"aws:{REGION}", "--from")


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return write_price_lists(tmp_path / "lists")


@pytest.fixture
def url(lists: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with answering(partial(Quiet, directory=str(lists))) as address:
        yield address


def rows(output: str) -> dict[str, str]:
    return {cells[1]: cells[2] for line in output.splitlines() if (cells := line.split())[:1] == [f"{REGION}"]}


def test_known_items_are_read_and_no_others(greenai: Command, url: str) -> None:
    done = greenai(*REFRESH, url)

    assert (done.code, done.err) == (0, "")
    assert rows(done.out) == {
        "vpc-endpoint-interface": "0.011",
        "kms-key": "1",
        "secretsmanager-secret": "0.4",
        "cloudwatch-alarm-metric": "0.1",  # the tier that costs something
        "cloudwatch-alarm-composite": "0.5",
        "elasticache-valkey:cache.r7g.large": "0.186",  # not the one with extended support
        "elasticache-valkey:serverless-data": "0.09",
        "sagemaker-hosting:ml.inf2.xlarge": "1.1",
        "sagemaker-training:ml.p5.48xlarge": "60",
    }


def test_a_preview_takes_the_fetched_prices(greenai: Command, lists: Path, own_project: Path) -> None:
    pytest.importorskip("pulumi_aws")
    shutil.copy(ROOT / "tests" / "stacks" / "configs" / "Pulumi.budget.yaml", own_project)
    before = json.loads(greenai("preview", "--offline", "--json", cwd=own_project).out)["standing"]
    assert greenai(*REFRESH, lists).code == 0

    after = json.loads(greenai("preview", "--offline", "--json", cwd=own_project).out)["standing"]

    # Key and dashboard; alarms by us-east-1's price, which may be half of Stockholm's; composite ones from memory too.
    ends = ("cost_usd_per_month", "cost_usd_per_month_low", "cost_usd_per_month_high")
    assert [before["total"][key] for key in ends] == pytest.approx(
        [4 + 6 * 0.10 + 3 * 0.50, 4 + 6 * 0.10 + 3 * 0.25, 4 + 6 * 0.20 + 3 * 2.00]
    )
    assert [after["total"][key] for key in ends] == pytest.approx(3 * [1 + 3 + 6 * 0.10 + 3 * 0.50])
    assert not any(one["cost_is_estimate"] for one in after["resources"])
    assert after["unpriced"] == []
    composite = next(one for one in after["resources"] if one["type"].endswith(":CompositeAlarm"))
    assert composite["price_source"].startswith("0.5 USD a alarm-month: AWS price list, AmazonCloudWatch, EUN1-CW:")
    assert composite["price_source"].endswith(", 2026-11-20")


JOB = """
name: tune
project: trial
team: planner
kind: training
work: {{accelerator_hours: {{hours: 64, accelerator: {chip}}}}}
hardware: {{accelerators: [{chip}], count: 8}}
where: {{allow: [aws:eu-north-1, aws:ca-central-1]}}
"""


@pytest.mark.parametrize(
    ("chip", "regions"), [("H100", ["eu-north-1", "ca-central-1"]), ("A100-40GB", ["ca-central-1"])]
)
def test_a_plan_goes_where_sagemakers_own_list_has_the_type(
    greenai: Command, lists: Path, tmp_path: Path, chip: str, regions: list[str]
) -> None:
    # The list of eu-north-1 has training on p5.48xlarge and on nothing else; that of ca-central-1 is not read.
    job, not_read = tmp_path / "job.yaml", "EC2 has it, SageMaker's list not read"
    job.write_text(JOB.format(chip=chip))
    before = json.loads(greenai("plan", job, "--source", "embedded", "--json").out)
    greenai(*REFRESH, lists)

    after = json.loads(greenai("plan", job, "--source", "embedded", "--json").out)

    assert not_read in " ".join(before["notes"])
    assert before["placement"]["region"] == "eu-north-1"
    ranked = [after["placement"], *after["alternatives"]]
    assert [one["region"] for one in ranked] == regions
    assert (not_read in " ".join(after["notes"])) is (regions[0] == "ca-central-1")
    own = "SageMaker's own is 60 USD an hour for ml.p5.48xlarge on demand (2026-11-20)"
    assert (own in " ".join(after["notes"])) is (chip == "H100")


def test_prices_of_other_regions_are_kept(greenai: Command, lists: Path) -> None:
    greenai(*REFRESH, lists)
    text = json.dumps(price_list("AmazonVPC", {"EUW2-VpcEndpoint-Hours": ("Hrs", {"0": "0.012"}, {})}, "eu-west-2"))
    other = lists / "offers" / "v1.0" / "aws" / "AmazonVPC" / "current" / "eu-west-2" / "index.json"
    other.parent.mkdir()
    other.write_text(text)

    done = greenai("catalog", "refresh-services", "--region", "aws:eu-west-2", "--from", lists)

    written = Path(done.out.rpartition("written: ")[2].strip()).read_text()
    assert done.code == 0
    assert "AmazonSageMaker in eu-west-2: " in done.err
    assert "aws,vpc-endpoint-interface,eu-west-2,0.012," in written
    assert f"aws,vpc-endpoint-interface,{REGION},0.011," in written


def test_a_spoilt_file_of_fetched_prices_is_told(greenai: Command, lists: Path) -> None:
    file = Path(greenai(*REFRESH, lists).out.rpartition("written: ")[2].strip())
    file.write_text(file.read_text().replace(",0.011,", ",eleven,"))

    done = greenai(*REFRESH, lists)

    assert done.code == 2
    assert f"error: {file}:" in done.err
    assert "usd 'eleven'" in done.err
    assert "remove the file" in done.err


def test_dry_run_writes_nothing(greenai: Command, lists: Path, tmp_path: Path) -> None:
    done = greenai(*REFRESH, lists, "--dry-run")

    assert (done.code, "dry run: nothing written" in done.out) == (0, True)
    assert not list((tmp_path / "home").rglob("service-prices.csv"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--region", "gcp:europe-north1"], 2, "service price lists exist for AWS regions only"),
        (
            ["--region", "aws:eu-north-1", "--from", "nowhere"],
            2,
            "--from 'nowhere' is neither a folder nor an https://",
        ),
        (["--region", "aws:eu-north-1", "--from", "http://example.com"], 2, "is neither a folder nor an https://"),
        (["--region", "aws:eu-north-1", "--from", "."], 1, "no price found; nothing is written"),
        (["--region", "aws:eu-nowhere-1"], 2, "eu-nowhere-1"),
    ],
)
def test_what_can_not_be_used_is_refused(greenai: Command, arguments: list[str], code: int, message: str) -> None:
    done = greenai("catalog", "refresh-services", *arguments)

    assert done.code == code
    assert message in done.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offerCode": "AmazonEC2"}, "is a list of 'AmazonEC2', not of AmazonVPC"),
        ({"publicationDate": "soon"}, "publicationDate 'soon' is not a date"),
        ({"products": []}, "it has no products and terms"),
    ],
)
def test_another_text_is_no_price_list(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_price_list(json.dumps({**price_list("AmazonVPC"), **change}), "AmazonVPC", REGION, "x")


def test_a_list_of_another_region_is_refused() -> None:
    with pytest.raises(InputError, match="is a list of region 'eu-west-2', not of eu-north-1"):
        read_price_list(json.dumps(price_list("AmazonVPC", region="eu-west-2")), "AmazonVPC", REGION, "x")


@pytest.mark.parametrize(
    ("usages", "reason"),
    [
        ({"EUN1-VpcEndpoint-Hours": ("Hrs", {"0": "0"}, {})}, "no price in USD on demand"),
        ({"EUN1-VpcEndpoint-Hours": ("Hrs", {"0": "nan"}, {})}, "no price in USD on demand"),
        ({"EUN1-VpcEndpoint-Hours": ("GB", {"0": "0.01"}, {})}, "its unit is 'GB', which is not by hour"),
        ({"EUN1-VpcEndpoint-Hours": ("Hrs", {"zero": "0.01"}, {})}, "its terms can't be read"),
        ({"EUN1-VpcEndpoint-Hours": ("Hrs", {"0": "much"}, {})}, "its terms can't be read"),
        (
            {
                "EUN1-VpcEndpoint-Hours": ("Hrs", {"0": "0.01"}, {}),
                "VpcEndpoint-Hours": ("Hrs", {"0": "0.02"}, {}),
            },
            "two prices, 0.01 and 0.02 USD a zone-hour",
        ),
    ],
)
def test_a_price_that_is_not_sure_is_left_out(usages: dict[str, Any], reason: str) -> None:
    found, left_out = read_price_list(json.dumps(price_list("AmazonVPC", usages)), "AmazonVPC", REGION, "x")

    assert found == []
    [told] = left_out
    assert reason in told
