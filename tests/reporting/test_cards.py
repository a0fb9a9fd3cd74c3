"""`card`: each format against its documented fields, with figures worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from botocore.loaders import Loader

from greenai_infra.catalog import tables
from greenai_infra.catalog.regions import find_region
from tests.cli.conftest import Command, Done, greenai

__all__ = ["greenai"]
ROOT = Path(__file__).parents[2]
COLUMNS = (
    "timestamp,project_name,run_id,duration,emissions,energy_consumed,gpu_energy,pue,country_name,region,gpu_count,"
    "gpu_model,codecarbon_version"
)
# 100 kWh in ten hours and 20 kg, so 200 g/kWh.
ROW = "2026-11-01T10:00:00,sentiment,r1,36000,20,100,90,1,Sweden,stockholm,8,8 x NVIDIA H100,3.3.2"

# What the Hub documents of co2_eq_emissions (huggingface.co/docs/hub/model-cards-co2).
HUB = {
    "type": "object",
    "required": ["emissions", "source"],
    "additionalProperties": False,
    "properties": {
        "emissions": {"type": "number", "exclusiveMinimum": 0},
        "source": {"type": "string"},
        "training_type": {"enum": ["pre-training", "fine-tuning"]},
        "geographical_location": {"type": "string"},
        "hardware_used": {"type": "string"},
    },
}
_TEXT = {"type": "string", "maxLength": 1024}
# The parts in use of SageMakerModelCardSchema (SageMaker Developer Guide, model card JSON schema).
SAGEMAKER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "training_details": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "training_observations": _TEXT,
                "training_job_details": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "training_environment": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"container_image": {"type": "array", "items": _TEXT, "maxItems": 15}},
                        },
                        "user_provided_training_metrics": {
                            "type": "array",
                            "maxItems": 50,
                            "items": {
                                "type": "object",
                                "required": ["name", "value"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string", "pattern": "^.{1,255}$"},
                                    "notes": _TEXT,
                                    "value": {"type": "number"},
                                },
                            },
                        },
                    },
                },
            },
        },
        "additional_information": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"custom_details": {"type": "object", "additionalProperties": _TEXT}},
        },
    },
}


@pytest.fixture
def plan(greenai: Command, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    path = tmp_path / "plan.json"
    at = "2026-01-05T00:00:00Z"
    workload = ROOT / "templates" / "workloads" / "finetune-7b.yaml"
    assert greenai("plan", workload, "--source", "embedded", "--at", at, "--out", path).code == 0
    return path, json.loads(path.read_text())


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return written(tmp_path, ROW)


def written(folder: Path, *rows: str) -> Path:
    path = folder / "emissions.csv"
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return path


def hub(done: Done) -> dict[str, Any]:
    """The front matter of a card, checked against the Hub's fields."""
    assert done.code == 0, done.err
    found = re.fullmatch(r"---\n(.*)---\n", done.out, re.DOTALL)
    assert found
    (block,) = yaml.safe_load(found[1]).items()
    assert block[0] == "co2_eq_emissions"
    jsonschema.validate(block[1], HUB)
    values: dict[str, Any] = block[1]
    return values


def test_the_hub_gets_grams_of_a_plan(greenai: Command, plan: tuple[Path, dict[str, Any]]) -> None:
    path, document = plan
    chosen = document["placement"]
    grams = chosen["energy_kwh"] * chosen["pue"] * chosen["intensity"]["g_per_kwh"]

    block = hub(greenai("card", "--format", "hf", path, "--training-type", "fine-tuning"))

    assert block["emissions"] == pytest.approx(grams, rel=1e-5)
    assert block["training_type"] == "fine-tuning"
    assert block["hardware_used"].startswith(f"{chosen['accelerators']} x {chosen['accelerator']} (")
    assert chosen["place"] in block["geographical_location"]
    for words in ("Estimated before the run, not measured", document["plan_id"], "average, lifecycle", "PUE"):
        assert words in block["source"]


def test_the_hub_gets_grams_of_what_was_measured(greenai: Command, report: Path) -> None:
    done = greenai("card", "--format", "hf", report)

    block = hub(done)
    assert block["emissions"] == 20_000
    assert block["hardware_used"] == "8 x NVIDIA H100, 10.0 hours"
    assert block["source"].startswith("Energy measured during the run: CodeCarbon 3.3.2, emissions.csv")
    assert "200 gCO2eq/kWh" in block["source"]
    assert "neither signal nor basis" in block["source"]
    assert "training_type" not in block
    assert "the card has no training_type" in done.err


def test_a_region_replaces_the_trackers_intensity_and_adds_its_pue(greenai: Command, report: Path) -> None:
    region = find_region("aws:eu-north-1")
    mean = tables.lifecycle(region.zone)
    assert mean is not None

    block = hub(greenai("card", "--format", "hf", report, "--region", "aws:eu-north-1"))

    assert block["emissions"] == pytest.approx(100 * region.pue * mean.g_per_kwh, rel=1e-5)
    assert f"{region.place} (aws:eu-north-1" in block["geographical_location"]


def test_quebec_without_a_region_is_told_as_doubtful(greenai: Command, tmp_path: Path) -> None:
    report = written(tmp_path, ROW.replace("Sweden,stockholm", "Canada,quebec"))

    assert "also what CodeCarbon writes where it has no internet" in greenai("card", "--format", "hf", report).err
    assert "internet" not in greenai("card", "--format", "hf", report, "--region", "aws:ca-central-1").err


def test_the_sagemaker_card_fits_its_schema(greenai: Command, plan: tuple[Path, dict[str, Any]], report: Path) -> None:
    limit = Loader().load_service_model("sagemaker", "service-2")["shapes"]["ModelCardContent"]["max"]
    for path, status, kwh in (
        (plan[0], "estimated", plan[1]["placement"]["energy_kwh"] * plan[1]["placement"]["pue"]),
        (report, "measured", 100.0),
    ):
        done = greenai("card", "--format", "sagemaker", path)

        content = json.loads(done.out)
        jsonschema.validate(content, SAGEMAKER)
        assert len(done.out) <= limit
        metrics = {
            one["name"]: one
            for one in content["training_details"]["training_job_details"]["user_provided_training_metrics"]
        }
        assert metrics["training_energy_kwh"]["value"] == pytest.approx(kwh)
        assert metrics["training_energy_kwh"]["notes"].startswith(status)
        details = content["additional_information"]["custom_details"]
        assert details["environment: estimated or measured"] == status


def test_no_text_outgrows_the_sagemaker_limit(greenai: Command, tmp_path: Path) -> None:
    report = written(tmp_path, ROW.replace("8 x NVIDIA H100", "x" * 5000).replace("stockholm", "y" * 5000))

    jsonschema.validate(json.loads(greenai("card", "--format", "sagemaker", report).out), SAGEMAKER)


def test_the_eu_form_has_mwh_with_two_significant_figures(
    greenai: Command, plan: tuple[Path, dict[str, Any]], report: Path
) -> None:
    """100 kWh are 0.1 MWh, which is written 0.100; a plan of 7.25e9 x 2e9 x 6 FLOP says 8.7e+19."""
    measured = greenai("card", "--format", "eu-gpai", report).out
    estimated = greenai("card", "--format", "eu-gpai", plan[0]).out
    mwh = plan[1]["placement"]["energy_kwh"] * plan[1]["placement"]["pue"] / 1000

    assert "| Amount of energy used for training | 0.100 MWh, measured |" in measured
    assert "**known (measured)**" in measured
    assert "10.0 hardware days" not in measured
    assert "0.417 days of wall clock, 3.33 hardware days" in measured
    found = re.search(r"energy used for training \| ([0-9.]+) MWh, estimated \(band ", estimated)
    assert found
    assert float(found[1]) == pytest.approx(mwh, rel=5e-3)
    assert len(found[1].replace(".", "").lstrip("0")) >= 2
    assert "| Amount of computation used for training | 8.7e+19 FLOP, estimated |" in estimated
    assert "**estimated**" in estimated
    assert "Measurement methodology" in estimated


def test_a_run_of_little_energy_keeps_its_figures(greenai: Command, tmp_path: Path) -> None:
    """0.012 kWh are 0.000012 MWh, not 0.00."""
    report = written(tmp_path, "2026-11-01T10:00:00,tiny,r1,60,0.003,0.012,0.01,1,Sweden,stockholm,1,T4,3.3.2")

    assert "| 0.0000120 MWh, measured |" in greenai("card", "--format", "eu-gpai", report).out
    assert hub(greenai("card", "--format", "hf", report))["emissions"] == 3


def test_a_run_without_energy_is_named(greenai: Command, tmp_path: Path) -> None:
    silent = ROW.replace("r1,36000,20,100,90", "r2,36000,0,0,0")
    both = greenai("card", "--format", "hf", written(tmp_path, ROW, silent))
    none = greenai("card", "--format", "hf", written(tmp_path, silent))

    assert "1 run measured no energy, so that the true figure is higher" in both.out
    assert none.code == 2
    assert "no run in it has measured energy" in none.err


def test_what_is_no_training_run_is_refused(greenai: Command, tmp_path: Path, plan: tuple[Path, Any]) -> None:
    serving = tmp_path / "serving.json"
    serve = ROOT / "templates" / "workloads" / "serve-8b.yaml"
    assert greenai("plan", serve, "--source", "embedded", "--out", serving).code == 0
    (tmp_path / "empty.csv").write_text("")
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema_version": "1", "workload": {"kind": "training"}}')

    for path, said in (
        (serving, "is a plan for inference"),
        (tmp_path / "empty.csv", "lacks the column duration"),
        (tmp_path / "missing.csv", "can't be read"),
        (broken, "placement: is missing"),
    ):
        done = greenai("card", "--format", "hf", path)
        assert (done.code, said in done.err) == (2, True), done.err
    refused = greenai("card", "--format", "hf", plan[0], "--region", "aws:eu-north-1")
    assert refused.code == 2
    assert "the plan" in refused.err


def test_made_up_intensity_belongs_on_no_card(greenai: Command, plan: tuple[Path, dict[str, Any]]) -> None:
    path, document = plan
    document["placement"]["intensity"]["flags"] = ["sandbox"]
    path.write_text(json.dumps(document))

    done = greenai("card", "--format", "hf", path)

    assert done.code == 2
    assert "made-up values" in done.err


def test_a_card_is_written_whole_to_a_file(greenai: Command, report: Path, tmp_path: Path) -> None:
    done = greenai("card", "--format", "hf", report, "--out", tmp_path / "card.md")

    assert done.out == f"card of sentiment (measured) written to {tmp_path / 'card.md'}\n"
    assert (tmp_path / "card.md").read_text().startswith("---\nco2_eq_emissions:\n  emissions: 20000.0\n")
