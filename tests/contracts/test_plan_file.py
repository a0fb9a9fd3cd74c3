"""A plan that can't be used is refused with the key and the value that are wrong, before anything is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.plan import read_plan_file
from greenai_infra.errors import InputError
from tests.pinning.plans import FOUR, NORTH, OREGON, placement, plan, write_plan

if TYPE_CHECKING:
    from pathlib import Path


def with_value(path: str, value: Any) -> dict[str, Any]:
    """The plan of four regions, edited by hand at one place."""
    document: dict[str, Any] = json.loads(json.dumps(FOUR))
    *parents, last = path.split(".")
    inner: Any = document
    for key in parents:
        inner = inner[int(key)] if key.isdigit() else inner.setdefault(key, {})
    inner[last] = value
    return document


def without(path: str) -> dict[str, Any]:
    document = with_value(path, None)
    *parents, last = path.split(".")
    inner: Any = document
    for key in parents:
        inner = inner[key]
    del inner[last]
    return document


def test_the_ranking_is_the_placement_and_its_alternatives_in_their_order(tmp_path: Path) -> None:
    read = read_plan_file(write_plan(tmp_path, FOUR))

    assert [(one.key, one.emissions_kg) for one in read.ranked] == [
        ("aws:eu-north-1", 2.0),
        ("aws:ca-central-1", 4.0),
        ("aws:us-west-2", 8.0),
        ("aws:us-east-2", 25.0),
    ]


def test_keys_that_no_reader_needs_may_be_anything(tmp_path: Path) -> None:
    document = plan(placement(NORTH, 2.0), savings="much")

    assert read_plan_file(write_plan(tmp_path, document)).ranked[0].emissions_kg == 2.0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("placement.energy_kwh", -5, r"placement\.energy_kwh: must be more than 0 \(is -5\)"),
        ("placement.energy_kwh", 0, r"placement\.energy_kwh: .* more than 0 \(is 0\)"),
        ("alternatives.1.emissions_kg", -0.5, r"alternatives\.1\.emissions_kg: .*\(is -0\.5\)"),
        ("alternatives.0.cost_usd", -1, r"alternatives\.0\.cost_usd: .*\(is -1\)"),
        ("placement.intensity.g_per_kwh", -21.5, r"placement\.intensity\.g_per_kwh: .*\(is -21\.5\)"),
        ("placement.instances", 0, r"placement\.instances: .*\(is 0\)"),
        ("placement.energy_kwh", "lots", r"placement\.energy_kwh: .*\(is 'lots'\)"),
        ("placement.energy_kwh", None, r"placement\.energy_kwh: .*must be a number \(is null\); for example 1$"),
        *(
            (path, True, rf"{path}: true and false are no value here \(is true\); expected a (whole )?number, for ex")
            for path in (
                "placement.energy_kwh",
                "placement.emissions_kg",
                "placement.cost_usd",
                "placement.instances",
                "placement.intensity.g_per_kwh",
                "alternatives.0.instances",
                "workload.work.requests_per_second",
            )
        ),
        ("workload.carbon_budget", {"daily_kg": True, "monthly_kg": 40}, r"budget\.daily_kg: true and false are no"),
        ("placement.provider", "azure", r"placement\.provider: .*\(is 'azure'\)"),
        ("placement.purchase", "reserved", r"placement\.purchase: .*\(is 'reserved'\)"),
        ("placement.intensity.signal", "guessed", r"placement\.intensity\.signal: .*\(is 'guessed'\)"),
        ("placement.region", "", r"placement\.region: .*\(is ''\)"),
        ("placement.slices", [], r"placement\.slices: .*at least 1 item"),
        ("placement.start", "2026-03-01T01:00:00", r"placement\.start: .*time zone.*\(is '2026-03-01T01:00:00'\)"),
        ("placement.start", "soon", r"placement\.start: .*\(is 'soon'\)"),
        ("as_of", "9999-12-31T23:00:00-10:00", r"as_of: years from 1971 to 2199 are understood \(is '9999"),
        ("placement.intensity.observed_at", "0001-01-01T00:00:00+14:00", r"observed_at: years from 1971 to 2199"),
        ("workload.name", "Tune_7B", r"workload\.name: .*\(is 'Tune_7B'\)"),
        ("workload.kind", "both", r"workload\.kind: .*\(is 'both'\)"),
        ("plan_id", "yes", r"plan_id: .*\(is 'yes'\)"),
        ("alternatives", {}, r"alternatives: must be a list"),
    ],
)
def test_a_value_edited_by_hand_is_named_with_its_key(tmp_path: Path, path: str, value: Any, message: str) -> None:
    file = write_plan(tmp_path, with_value(path, value))

    with pytest.raises(InputError, match=message) as raised:
        read_plan_file(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("path", ["plan_id", "placement", "alternatives", "workload.team", "placement.intensity"])
def test_a_key_that_is_missing_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=rf"{path}: is missing"):
        read_plan_file(write_plan(tmp_path, without(path)))


def test_every_problem_is_named_at_once_on_its_own_line(tmp_path: Path) -> None:
    document = with_value("placement.energy_kwh", -5)
    document["placement"]["instances"] = 0

    with pytest.raises(InputError) as raised:
        read_plan_file(write_plan(tmp_path, document))

    assert [line.split(": ")[1] for line in str(raised.value).splitlines()] == [
        "placement.instances",
        "placement.energy_kwh",
    ]


def test_a_region_that_is_ranked_twice_is_named(tmp_path: Path) -> None:
    document = plan(placement(NORTH, 2.0), placement(OREGON, 3.0), placement(OREGON, 4.0))

    with pytest.raises(InputError, match=r"ranks aws:us-west-2 more than once"):
        read_plan_file(write_plan(tmp_path, document))


def test_regions_of_the_same_name_at_two_providers_are_two(tmp_path: Path) -> None:
    document = plan(placement("us-west1", 2.0, provider="gcp"), placement("us-west1", 3.0))

    assert len(read_plan_file(write_plan(tmp_path, document)).ranked) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"is not a plan: not JSON"),
        ("name: tune\n", r"is not a plan: not JSON"),
        ("[]", r"expected an object, found list"),
        ("{}", r"has no schema_version"),
        ('{"schema_version": "2"}', r"has schema_version '2', this release reads '1'"),
        ('{"schema_version": 1}', r"has schema_version 1, this release reads '1'"),
        ('{"schema_version": "1", "placement": {"energy_kwh": NaN}}', r"NaN is not a JSON number"),
        ('{"schema_version": "1", "placement": {"energy_kwh": -Infinity}}', r"-Infinity is not a JSON number"),
        ("[" * 100_000, r"is not a plan"),
        ('{"schema_version": ' + "1" * 5000 + "}", r"is not a plan: not JSON"),
    ],
)
def test_a_text_that_is_no_plan_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=message):
        read_plan_file(file)


def test_a_number_too_large_for_a_double_is_no_number(tmp_path: Path) -> None:
    file = write_plan(tmp_path, FOUR)
    file.write_text(file.read_text(encoding="utf-8").replace("48.5", "1e999", 1), encoding="utf-8")

    with pytest.raises(InputError, match=r"placement\.energy_kwh: must be a finite number \(is inf\)"):
        read_plan_file(file)


def test_a_missing_file_is_named_with_the_command_that_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"

    with pytest.raises(InputError, match=rf"{file} can't be read .*greenai-infra plan WORKLOAD --out {file}"):
        read_plan_file(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"plan_id": "a", "plan_id": "b"}', "the key 'plan_id' stands twice in one object"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' stands twice in one object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "it is nested too deeply"),
    ],
)
def test_json_that_two_readers_take_differently_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputError, match=f"plan.json is not a plan: not JSON .{said}"):
        read_plan_file(tmp_path / "plan.json")
