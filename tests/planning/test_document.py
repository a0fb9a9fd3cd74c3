"""The plan document: what others script against, and that it can be checked from itself alone."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.planning.document import document_text, plan_document
from greenai_infra.planning.hardware import compare_hardware
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.workload_file import window_of
from greenai_infra.reporting.plan_text import show_plan

from .made_up import EAST, NORTH, T0, TRAINING, Forecast, offer, steps, workload

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTED = {
    "provider", "region", "zone", "instance_type", "accelerator", "accelerators", "start", "end", "slices",
    "energy_kwh", "emissions_kg", "cost_usd", "intensity",
}  # fmt: skip
RIDGE = [10.0, 15, 90, 90, 90, 20, 20, 25, 90, 90]
ZONES = [steps("SE-SE3", RIDGE), steps("US-MIDA-PJM", [400.0] * 10), steps("CA-QC", [45.0] * 10)]

WORK = "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}"


def made(**sections: str) -> dict[str, Any]:
    job = workload(
        when="{deadline: +10h, interruptible: {resume_overhead_minutes: 30, minimum_slice_hours: 1}}",
        data="{size_gb: 100, region: us-east-1}",
        where="{deny: [ca-west-1]}",
        **sections,
    )
    offers = [offer(NORTH, 30.0), offer(EAST, 10.0), offer("aws:ca-central-1", 20.0)]
    plan = make_plan(job, window_of(job, T0), offers, Forecast(ZONES))
    return plan_document(plan, compare_hardware(job, plan.field, plan.decision, offers))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return made()


def placements(document: dict[str, Any]) -> list[dict[str, Any]]:
    compared = [row["placement"] for row in document["hardware"] if row["placement"]]
    return [document["placement"], *document["alternatives"], *document["pareto"], document["baseline"], *compared]


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


def unix(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_keys_that_others_script_against(document: dict[str, Any]) -> None:
    assert {"schema_version", "placement", "alternatives", "pareto", "baseline"} <= document.keys()
    assert all(placement.keys() >= SCRIPTED for placement in placements(document))
    assert document["schema_version"] == "1"


def test_the_decision_by_hand(document: dict[str, Any]) -> None:
    # 4 h of work: [0, 2) and, after half an hour of resume, [5, 7.5): 10 + 15 + 20 + 20 + 12.5 = 77.5 g/kWh x h at
    # 10 kW and PUE. 100 GB take 0.1 kWh at the mean of both grids over the ten hours (400 g/kWh where they lie, 54 in
    # the north) and 0.02 USD each; the node 30 USD an hour.
    chosen = document["placement"]

    assert (chosen["provider"], chosen["region"], chosen["zone"]) == ("aws", "eu-north-1", "SE-SE3")
    assert chosen["slices"] == [
        {"start": "2026-03-28T00:00:00Z", "end": "2026-03-28T02:00:00Z"},
        {"start": "2026-03-28T05:00:00Z", "end": "2026-03-28T07:30:00Z"},
    ]
    assert chosen["energy_kwh"] == pytest.approx(45)
    assert chosen["operational_kg"] == pytest.approx(chosen["pue"] * 0.775)
    assert chosen["transfer_kg"] == pytest.approx(0.1 * (400 + 54) / 2 / 1000)
    assert chosen["cost_usd"] == pytest.approx(4.5 * 30 + 2)


def test_times_are_rfc_3339_in_utc(document: dict[str, Any]) -> None:
    times = [value for key, value in leaves(document) if key in ("start", "end", "as_of", "earliest", "observed_at")]

    assert len(times) > 10
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)


def test_every_number_is_finite(document: dict[str, Any]) -> None:
    assert all(math.isfinite(value) for _, value in leaves(document) if isinstance(value, int | float))


def test_units_stand_in_the_keys_of_a_placement(document: dict[str, Any]) -> None:
    units = ("kwh", "kg", "usd", "hours", "hour", "year")
    counted = {"instances", "machine_count", "accelerators", "pue", "pue_is_fleet_mean", "opt_in", "zone_count"}
    counted |= {"embodied_is_estimate", "service_list_read", "standing_is_estimate"}
    numbers = {key for key, value in document["placement"].items() if isinstance(value, int | float)}

    without_unit = {key for key in numbers - counted if not set(key.split("_")) & set(units)}
    assert without_unit == set()


def test_no_slice_begins_early_or_ends_late(document: dict[str, Any]) -> None:
    for placement in [document["placement"], *document["alternatives"], *document["pareto"]]:
        assert document["window"]["earliest"] <= placement["start"]
        assert placement["end"] <= document["window"]["deadline"]
        assert (placement["start"], placement["end"]) == (
            placement["slices"][0]["start"],
            placement["slices"][-1]["end"],
        )


def test_emissions_can_be_recomputed_from_the_intensity_in_the_document(document: dict[str, Any]) -> None:
    for placement in placements(document):
        zone = document["inputs"]["intensity"][placement["zone"]]
        known = zone["steps_g_per_kwh"]
        edges = [unix(start) for start, _ in known] + [unix(zone["until"])]
        weighted = 0.0
        for one in placement["slices"]:
            for (left, right), (_, value) in zip(pairwise(edges), known, strict=True):
                weighted += max(0.0, min(right, unix(one["end"])) - max(left, unix(one["start"]))) * value
        hours = sum(unix(one["end"]) - unix(one["start"]) for one in placement["slices"]) / 3600
        power_kw = placement["energy_kwh"] / hours

        assert placement["run_hours"] == pytest.approx(hours)
        assert placement["operational_kg"] == pytest.approx(power_kw * placement["pue"] * weighted / 3600 / 1000)
        parts = placement["operational_kg"] + placement["transfer_kg"] + placement["embodied_kg"]
        assert placement["emissions_kg"] == pytest.approx(parts)
        assert placement["cost_usd"] == pytest.approx(placement["usd_per_hour"] * hours + placement["transfer_usd"])


def test_a_value_lies_within_its_band_even_with_resumes(document: dict[str, Any]) -> None:
    nearly = 1e-9
    for placement in placements(document):
        for key in ("energy_kwh", "emissions_kg"):
            assert placement[f"{key}_low"] <= placement[key] + nearly
            assert placement[key] <= placement[f"{key}_high"] + nearly


def test_savings_are_what_hardware_place_and_waiting_save(document: dict[str, Any]) -> None:
    savings = document["savings"]

    assert savings["emissions_kg"] == pytest.approx(
        document["baseline"]["emissions_kg"] - document["placement"]["emissions_kg"]
    )
    parts = savings["by_hardware_kg"] + savings["by_place_kg"] + savings["by_waiting_kg"]
    assert parts == pytest.approx(savings["emissions_kg"])


def test_a_plan_that_starts_at_once_saves_exactly_nothing_by_waiting() -> None:
    job = workload(baseline="{region: eu-north-1}")
    plan = make_plan(job, window_of(job, T0), [offer(NORTH)], Forecast([steps("SE-SE3", [33.3] * 7)]))

    assert plan_document(plan)["savings"]["by_waiting_kg"] == 0
    assert plan_document(plan)["savings"]["emissions_kg"] == 0


def test_the_band_of_emissions_holds_network_lifetime_and_making() -> None:
    # The energy is measured, so it has no band. 100 GB at 0.001 to 0.01 kWh/GB and (400 + 54) / 2 g/kWh; p4d's 1,800 kg
    # (to 5,700) and 8 x 127.6 (to 319), over 4 years (3 to 6), for the run's hours.
    one = made()["placement"]
    hours = one["run_hours"]
    moved_kg = 0.1 * (400 + 54) / 2 / 1000
    low = one["operational_kg"] + moved_kg + (1800 + 8 * 127.6) * hours / (6 * 8766)
    high = one["operational_kg"] + 10 * moved_kg + (5700 + 8 * 319) * hours / (3 * 8766)

    assert one["transfer_kg"] == pytest.approx(moved_kg)
    assert (one["emissions_kg_low"], one["emissions_kg_high"]) == pytest.approx((low, high))


def test_hardware_without_a_published_figure_does_not_win_by_its_absence(capsys: pytest.CaptureFixture[str]) -> None:
    # At 20 g/kWh making the hardware counts more than running it. p5: 8 x 164 + 4,500 kg; trn2: 16 x 211 + 4,500 kg.
    text = TRAINING.replace(WORK, "accelerator_hours: {hours: 512, accelerator: H100}")
    job = workload(text.replace("[A100-40GB]", "[H100, Trainium2]"), baseline="{region: us-east-1}")
    trn2 = offer(EAST, accelerator="Trainium2", instance_type="trn2.48xlarge", accelerators=16)
    offers = [offer(EAST, accelerator="H100", instance_type="p5.48xlarge"), trn2]
    plan = make_plan(job, window_of(job, T0), offers, Forecast([steps("US-MIDA-PJM", [20.0] * 200)]))
    document = plan_document(plan, compare_hardware(job, plan.field, plan.decision, offers))
    rows = {row["accelerator"]: row["placement"] for row in document["hardware"] if row["placement"]}
    show_plan(document)
    lines = capsys.readouterr().out.splitlines()

    assert document["placement"]["accelerator"] == "H100"
    assert rows["H100"]["embodied_kg"] == pytest.approx((8 * 164 + 4500) / 35064 * rows["H100"]["run_hours"])
    assert rows["Trainium2"]["embodied_kg"] == pytest.approx(
        (16 * 2.05 * 103.1 + 4500) / 35064 * rows["Trainium2"]["run_hours"]
    )
    assert [rows[name]["embodied_is_estimate"] for name in ("H100", "Trainium2")] == [False, True]
    marked = [line for line in lines if "Trainium2" in line and "~" in line]
    assert len(marked) == 1
    assert "~ part of its embodied share is an estimate, not a published figure" in lines
    assert "estimate" not in " ".join(line for line in lines if "H100" in line)


def test_every_input_says_where_it_comes_from(document: dict[str, Any]) -> None:
    inputs = document["inputs"]

    for zone in inputs["intensity"].values():
        assert zone["source"]
        assert zone["observed_at"]
        assert (zone["signal"], zone["basis"], zone["kind"]) == ("average", "lifecycle", "forecast")
    for name in ("regions", "accelerators", "hosts", "transfer", "constants"):
        assert inputs[name], name
        assert all(row["source"] for row in inputs[name].values()), name
    assert all(row["source"] and row["priced_on"] for row in inputs["offers"])


def test_whatever_a_placement_names_is_among_the_inputs(document: dict[str, Any]) -> None:
    inputs = document["inputs"]
    priced = {(row["region"], row["instance_type"]) for row in inputs["offers"]}
    for placement in placements(document):
        assert placement["zone"] in inputs["intensity"]
        assert placement["accelerator"] in inputs["accelerators"]
        assert (f"{placement['provider']}:{placement['region']}", placement["instance_type"]) in priced


def test_the_pareto_front_begins_with_the_choice_and_gets_cheaper(document: dict[str, Any]) -> None:
    front = [(one["emissions_kg"], one["cost_usd"]) for one in document["pareto"]]

    assert document["pareto"][0] == document["placement"]
    assert front == sorted(front)
    assert [cost for _, cost in front] == sorted((cost for _, cost in front), reverse=True)


def test_equal_inputs_give_equal_bytes_and_id(document: dict[str, Any]) -> None:
    assert document_text(made()) == document_text(document)


def test_another_workload_gives_another_id(document: dict[str, Any]) -> None:
    assert made(limits="{cost_usd: 9999}")["plan_id"] != document["plan_id"]


def test_the_text_is_json_that_reads_back_the_same(document: dict[str, Any]) -> None:
    assert json.loads(document_text(document)) == document


@pytest.mark.parametrize("seed", ["0", "12345"])
def test_the_order_of_hashes_in_another_process_changes_nothing(document: dict[str, Any], seed: str) -> None:
    program = (
        "from greenai_infra.planning import standing; standing._rows = tuple; "  # as in conftest.py
        "from tests.planning.test_document import made; "
        "from greenai_infra.planning.document import document_text; "
        "print(document_text(made()), end='')"
    )

    again = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
    )

    assert again.stdout == document_text(document)


def test_a_long_series_stands_in_short_and_what_does_not_explain_the_choice_as_a_digest() -> None:
    # 20 days of five minutes in three zones; the third is neither chosen nor on the front nor the baseline.
    count = 20 * 288
    waves = {
        zone: [level + (at % 288) / 10 for at in range(count)] for zone, level in (("SE-SE3", 20.0), ("CA-QC", 30))
    }
    waves |= {"US-MIDA-PJM": [400.0] * (count - 1) + [float("nan")]}
    job = workload(when="{deadline: +20d}")
    offers = [offer(NORTH, 30.0), offer(EAST, 10.0), offer("aws:ca-central-1", 40.0)]
    forecast = Forecast([steps(zone, values, 1 / 12) for zone, values in waves.items()])

    document = plan_document(make_plan(job, window_of(job, T0), offers, forecast))

    known = document["inputs"]["intensity"]
    short = known["SE-SE3"]["even_steps"]
    assert (short["from"], short["step_s"], short["g_per_kwh"]) == ("2026-03-28T00:00:00Z", 300, waves["SE-SE3"])
    assert known["US-MIDA-PJM"]["even_steps"]["g_per_kwh"][-1] is None
    assert "steps_g_per_kwh" not in known["SE-SE3"]
    rows = [struct.pack("<dd", T0.timestamp() + 300 * at, value) for at, value in enumerate(waves["CA-QC"])]
    assert known["CA-QC"]["sha256"] == hashlib.sha256(b"".join(rows)).hexdigest()
    assert known["CA-QC"]["steps"] == count
    assert known["CA-QC"]["least_g_per_kwh"] == 30
    assert known["CA-QC"]["mean_g_per_kwh"] == pytest.approx(30 + 14.35)
    assert known["CA-QC"]["most_g_per_kwh"] == pytest.approx(58.7)
    assert len(document_text(document)) < 8 * 3 * count


def test_the_text_has_a_line_for_each_slice(document: dict[str, Any]) -> None:
    text = document_text(document)

    first = document["placement"]["slices"][0]
    assert f'      {{"start": "{first["start"]}", "end": "{first["end"]}"}},\n' in text
    assert max(map(len, text.splitlines())) < 2_000
