"""`advise serving`: the break-even by hand, the day of a bursty load, the stack's keys, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.stack.gcp_inference import Garden
from greenai_infra.contracts.stack.inference import Serverless
from greenai_infra.planning.workload_file import parse_workload
from greenai_infra.typed_yaml.values import read_values
from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Command

WORKLOAD = ROOT / "templates/workloads/serve-8b.yaml"
MODEL = ("--model", "Llama-3.1-8B-Instruct", "--input-tokens", 500, "--output-tokens", 200)
ON_H100 = (*MODEL, "--accelerator", "H100", "--requests-per-hour", 20)
MEASURED_START = ("--cold-start-seconds", 100, "--cold-start-wh", 10)


def _advice(greenai: Command, *arguments: object) -> dict[str, Any]:
    done = greenai("advise", "serving", *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)  # type: ignore[no-any-return]


def test_the_break_even_by_hand(greenai: Command) -> None:
    # H100 waits at 108 W and carries 150 W of its server: 258 W. A start of 100 s and 10 Wh is 10 - 258 x 100 / 3600
    # = 2.8333 Wh more than staying up: 258 / 2.8333 = 91.06 requests an hour, a pause of 39.53 s.
    found = _advice(greenai, *ON_H100, *MEASURED_START)["break_even"]
    assert found["requests_per_hour"] == pytest.approx(91.06, rel=1e-3)
    assert found["pause_s"] == pytest.approx(39.53, rel=1e-3)


def test_a_machine_that_stays_saves_only_the_model(greenai: Command) -> None:
    # 108 W with a model, 70 W without: 38 / 2.8333
    found = _advice(greenai, *ON_H100, *MEASURED_START, "--machine", "stays")["break_even"]
    assert found["requests_per_hour"] == pytest.approx(13.41, rel=1e-3)


def test_a_bursty_day_sleeps_outside_its_hours(greenai: Command) -> None:
    found = _advice(greenai, *ON_H100, "--active-hours", 8, "--keep-warm-minutes", 5, "--region", "us-west-2")
    zero, on = found["per_day"]["scale_to_zero"], found["per_day"]["always_on"]
    assert [one["requests_per_hour"] for one in found["hours"]] == [60.0] * 8 + [0.0] * 16
    assert on["machine_hours"] == 24
    assert 7.9 < zero["machine_hours"] < 8.1  # 60 an hour: it hardly sleeps within the eight
    assert zero["usd"] == pytest.approx(on["usd"] * zero["machine_hours"] / 24)
    # 258 W through the sixteen hours that are slept through
    assert on["kwh"] - zero["kwh"] == pytest.approx(16 * 0.258, rel=0.02)
    assert found["advice"].startswith("scale to zero")


def test_waits_are_shares_of_requests(greenai: Command) -> None:
    # 2 an hour, nothing kept warm: nearly every request finds the server asleep and waits for its start
    found = _advice(greenai, *MODEL, "--accelerator", "H100", "--requests-per-hour", 2, "--keep-warm-minutes", 0)
    zero = found["per_day"]["scale_to_zero"]
    assert zero["waiting_share"] > 0.99
    assert zero["mean_wait_s"] == pytest.approx(found["cold_start"]["seconds"], rel=0.05)


def test_a_load_of_many_machines_stays_on(greenai: Command) -> None:
    found = _advice(greenai, WORKLOAD)
    day = found["per_day"]
    assert found["advice"].startswith("always on")
    assert day["always_on"]["kwh"] == pytest.approx(day["scale_to_zero"]["kwh"])
    # what `plan` says of the same load: energy_kwh of 720 hours
    plan = json.loads(greenai("plan", WORKLOAD, "--json").out)
    assert day["always_on"]["kwh"] * 30 == pytest.approx(plan["placement"]["energy_kwh"], rel=0.02)


def test_the_documents_rows_are_all_answered(greenai: Command) -> None:
    rows = {row["workload"]: row["computed"] for row in _advice(greenai, *ON_H100)["table"]}
    assert len(rows) == 6
    assert "needs --region" in rows["Batch processing"]
    assert "of your requests wait" in rows["Customer-facing critical"]


def test_a_model_too_big_for_serverless_is_told_so(greenai: Command) -> None:
    stack = _advice(greenai, *ON_H100)["stack"]
    assert "serverless" not in stack["keys"]
    assert "no accelerators" in stack["why"]


def test_a_small_models_serverless_keys_are_what_the_stack_takes(greenai: Command) -> None:
    small = ("--parameters", 1.2e9, "--accelerator", "T4", "--precision", "fp16", "--requests-per-hour", 900)
    keys = _advice(greenai, *small, "--input-tokens", 100, "--output-tokens", 50)["stack"]["keys"]
    # 2.4 GB with a quarter of headroom is 2,861 MiB
    assert read_values(keys["serverless"], Serverless).memory_mb == 3072


def test_keys_on_google_cloud_are_what_its_stack_takes(greenai: Command) -> None:
    options = (*MODEL, "--accelerator", "TPU-v5e", "--requests-per-hour", 200_000, "--region", "us-west1")
    keys = _advice(greenai, *options)["stack"]["keys"]
    garden = read_values({"hugging_face_model": "meta-llama/Llama-3.1-8B-Instruct", **keys["garden"]}, Garden)
    assert garden.min_replicas == 1
    assert garden.max_replicas > 1


def test_batch_gives_a_workload_that_can_be_planned(greenai: Command) -> None:
    options = (*ON_H100[:-1], 5000, "--pattern", "batch", "--region", "us-west-2")
    batch = _advice(greenai, *options)["batch"]
    workload = parse_workload(batch["workload"], "batch.yaml")
    assert workload.hardware.purchase == "spot"
    assert workload.work.accelerator_hours is not None
    assert workload.work.accelerator_hours.hours == pytest.approx(batch["accelerator_hours_per_day"], rel=1e-3)
    assert batch["kwh_per_day"] < batch["always_on_kwh_per_day"]


def test_text_fits_eighty_columns(greenai: Command) -> None:
    for options in ((WORKLOAD,), ON_H100, (*ON_H100, "--pattern", "batch", "--region", "us-west-2")):
        done = greenai("advise", "serving", *options)
        assert done.code == 0, done.err
        assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "--model"),
        (ON_H100[:-2], "--requests-per-hour"),
        ((*ON_H100, "--pattern", "bursty"), "--active-hours"),
        ((*ON_H100, "--pattern", "constant", "--active-hours", "3"), "bursty"),
        ((*MODEL, "--accelerator", "H10", "--requests-per-hour", 1), "H100"),
        ((*MODEL, "--accelerator", "H100", "--requests-per-hour", "nan"), "nan"),
        ((*ON_H100, "--region", "us-west-9"), "us-west"),
        ((WORKLOAD, "--accelerator", "H100"), "--accelerator"),
        ((ROOT / "templates/workloads/finetune-7b.yaml",), "training"),
        ((*ON_H100[:-4], "--accelerator", "Inferentia2", "--requests-per-hour", 1, "--machine", "stays"), "unknown"),
    ],
)
def test_bad_input_names_what_to_do(greenai: Command, options: tuple[object, ...], says: str) -> None:
    done = greenai("advise", "serving", *options)
    assert done.code == 2
    assert says in done.err
    assert done.out == ""
