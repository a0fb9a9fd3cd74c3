"""What a workload file may say, and what each mistake in one is answered with: file, line, value."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.cli.schema import schema
from greenai_infra.errors import InputError, WorkloadError
from greenai_infra.numbers import counted_in_words
from greenai_infra.planning import workload as workload_module
from greenai_infra.planning.workload_file import parse_workload, read_workload, window_of
from greenai_infra.typed_yaml.section import Section

from .made_up import TRAINING, at, workload

EXAMPLES = sorted((Path(__file__).parents[2] / "templates" / "workloads").glob("*.yaml"))
# Lines of the file that the tests below vary.
GOOD = """name: a-job
project: pp1
team: tt1
kind: training
work:
  model:
    parameters: 7.0e+9
    tokens: 1.0e+9
hardware:
  accelerators: [H100]
  count: 8
where:
  residency: [NO, SE]
when:
  deadline: +72h
  interruptible:
    resume_overhead_minutes: 10
    minimum_slice_hours: 2
"""
SERVING = """name: a-service
project: pp1
team: tt1
kind: inference
work:
  requests_per_second: 10
  serve_hours: 24
  served_model: {parameters: 8.0e+9, kv_bytes_per_token: 131072, input_tokens: 100, output_tokens: 100, batch: 8}
hardware:
  accelerators: any
"""


class Yaml12(yaml.SafeLoader):
    """As editors read it: in YAML 1.2 `7e9` is a number, which 1.1 takes for text."""


Yaml12.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)[eE][-+]?\d+$"), list("-+.0123456789")
)


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(WorkloadError) as raised:
        parse_workload(text, "w.yaml")
    return raised.value.problems


def printed_schema() -> dict[str, Any]:
    result: dict[str, Any] = json.loads(CliRunner().invoke(schema).output)
    return result


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_read_and_passes_the_printed_schema(path: Path) -> None:
    read = read_workload(path)
    values = yaml.load(path.read_text(encoding="utf-8"), Loader=Yaml12)

    assert read.name == path.stem
    jsonschema.Draft202012Validator(printed_schema()).validate(values)


def test_there_are_examples_of_contiguous_interruptible_and_serving_work() -> None:
    assert [path.name for path in EXAMPLES] == ["finetune-7b.yaml", "pretrain-1b.yaml", "serve-8b.yaml"]
    assert read_workload(EXAMPLES[0]).when.interruptible is None
    assert read_workload(EXAMPLES[1]).when.interruptible is not None
    assert read_workload(EXAMPLES[2]).kind == "inference"


def test_the_schema_refuses_an_unknown_key() -> None:
    values = yaml.safe_load(GOOD) | {"owner": "me"}

    assert not jsonschema.Draft202012Validator(printed_schema()).is_valid(values)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("count: 8", "counts: 8", "w.yaml:11: hardware.counts: unknown key; did you mean 'count'?"),
        (
            "  count: 8",
            "  Instance-Types: [p5.48xlarge]",
            "hardware.Instance-Types: unknown key; did you mean 'instance_t",
        ),
        ("name: a-job", "nmae: a-job", "w.yaml:1: nmae: unknown key; did you mean 'name'?"),
        ("tokens", "token", "w.yaml:8: work.model.token: unknown key; did you mean 'tokens'?"),
        (
            "minimum_slice_hours",
            "min_slice_hours",
            "interruptible.min_slice_hours: unknown key; did you mean 'minimum_sl",
        ),
        ("name: a-job", "name: a-job\ndeadline: +3d", "w.yaml:2: deadline: unknown key; did you mean 'when.deadline'?"),
        ("  count: 8", "  zzz: 8", "hardware.zzz: unknown key; hardware has accelerators, precision, count, max_count"),
        ("name: a-job", "name: a-job\nowner: me", "owner: unknown key; a workload has name, project, team, kind, work"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_is_meant(old: str, new: str, problem: str) -> None:
    (found,) = problems(GOOD.replace(old, new))  # and nothing of a key that is missing for it

    assert problem in found


def test_every_unknown_key_is_answered() -> None:
    found = problems(GOOD.replace("tokens", "token").replace("count", "counts").replace("deadline", "dead_line"))

    assert [problem.split(" ")[1] for problem in found] == ["work.model.token:", "hardware.counts:", "when.dead_line:"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "    resume_overhead_minutes: 10\n    minimum_slice_hours: 2\n",
            "",
            "w.yaml:16: when.interruptible: must be a mapping, as in interruptible: {resume_overhead_minutes: 10, "
            "minimum_slice_hours: 1} (is 'true')",
        ),
        (
            "hardware:\n  accelerators: [H100]\n  count: 8",
            "hardware: H100",
            "as in hardware: {accelerators: [H100], count",
        ),
        (
            "  model:\n    parameters: 7.0e+9\n    tokens: 1.0e+9",
            "  model: 7B",
            "as in model: {parameters: 7B, tokens: 1B}",
        ),
        (
            "when:\n",
            "limits: 500\nwhen:\n",
            "w.yaml:14: limits: must be a mapping, as in limits: {cost_usd: 500} (is 500)",
        ),
        (
            "when:\n",
            "data:\n  - 3\nwhen:\n",
            "data: must be a mapping, as in data: {size_gb: 100, region: aws:us-east-1}",
        ),
        ("where:\n  residency: [NO, SE]", "where:", "where: must be a mapping, as in where: {allow: [aws:eu-north-1]}"),
    ],
)
def test_a_value_in_a_mappings_place_is_answered_with_the_mapping(old: str, new: str, problem: str) -> None:
    text = GOOD.replace(old, new)
    (found,) = problems(text.replace("interruptible:\n", "interruptible: true\n") if not new else text)

    assert problem in found


SECTIONS = [
    section
    for section in Section.__subclasses__()
    if hasattr(section, "example") and ".planning." in section.__module__
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)
def test_the_mapping_that_is_shown_can_be_used(section: type[Section]) -> None:
    values = yaml.safe_load(section.example)
    counted = {key: counted_in_words(value) if isinstance(value, str) else value for key, value in values.items()}

    assert msgspec.convert(counted, section, strict=False)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("13B", 13e9), ("7b", 7e9), ("2T", 2e12), ("500M", 5e8), ("1.5k", 1500), ("1.5 G", 1.5e9), ("0.1t", 1e11),
        ("1.1B", 1.1e9), ("4.35M", 4.35e6),
    ],
)  # fmt: skip
def test_counts_may_carry_the_letter_of_their_power(written: str, meant: float) -> None:
    read = parse_workload(GOOD.replace("tokens: 1.0e+9", f"tokens: {written}"), "w.yaml").work.model

    assert read is not None
    assert read.tokens == meant


@pytest.mark.parametrize("written", ["13BB", "B", "1.B", "-2B", "1,5B", "2 TB", "13Q", "1e3k", "0B", "9999999T"])
def test_other_letters_are_no_number(written: str) -> None:
    said = problems(GOOD.replace("1.0e+9", written, 1))[0]
    assert re.match(r"w\.yaml:8: work\.model\.tokens: must be (a number|more than 0|at most 1e\+18) \(is ", said)


@pytest.mark.parametrize(
    "line", ["limits: {emissions_kg: 2T}", "data: {size_gb: 2T, region: aws:us-east-1}", "limits: {cost_usd: k}"]
)
def test_what_has_a_unit_takes_no_letter(line: str) -> None:
    """2T of kg would be tonnes, of GB terabytes."""
    assert "must be a number" in problems(GOOD + line)[0]


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("allow", "eu-north-1", ["eu-north-1"]),
        ("deny", "aws:us-east-1", ["aws:us-east-1"]),
        ("residency", "EU", ["EU"]),
        ("residency", "NO", ["NO"]),
        ("providers", "aws", ["aws"]),
    ],
)
def test_a_single_name_is_a_list_of_it(key: str, written: str, meant: list[str]) -> None:
    where = parse_workload(GOOD.replace("residency: [NO, SE]", f"{key}: {written}"), "w.yaml").where

    assert getattr(where, key) == meant


def test_a_single_chip_is_a_list_of_it_and_any_stays_any() -> None:
    assert parse_workload(GOOD.replace("[H100]", "H100"), "w.yaml").hardware.accelerators == ["H100"]
    assert parse_workload(GOOD.replace("[H100]", "any"), "w.yaml").hardware.accelerators == "any"
    assert "did you mean H100" in problems(GOOD.replace("[H100]", "H10O"))[0]
    assert "where.providers" in problems(GOOD.replace("residency: [NO, SE]", "providers: azure"))[0]


VALUES: st.SearchStrategy[object] = (
    st.sampled_from(["H100", "any", "13B", "2 T", "1.5k", "7e9", "12", "B", "", "true", "eu-north-1", "aws", "lora"])
    | st.integers(-2, 10)
    | st.floats(0.5, 9)
    | st.lists(st.sampled_from(["H100", "aws", "SE", "eu-north-1", 3]), max_size=2)
    | st.just({})
)
PLACES = ["work.model.parameters", "work.model.tokens", "work.model.method", "hardware.accelerators", "hardware.count"]
PLACES += ["where.allow", "where.residency", "where.providers", "when.interruptible", "limits.cost_usd", "hardware.x"]
VALIDATOR = jsonschema.Draft202012Validator(printed_schema())


@settings(deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_the_printed_schema_agrees_with_what_is_read(place: str, value: object) -> None:
    *sections, key = place.split(".")
    values = yaml.load(GOOD.replace("NO, SE", "SE"), Loader=Yaml12)
    inner = values
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[key] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workload_module, "resolve", lambda *parts: (None, []))  # which no schema can know
        try:
            parse_workload(json.dumps(values), "w.yaml")
            is_read = True
        except WorkloadError as error:
            is_read = "accelerators is empty" in str(error)

    assert VALIDATOR.is_valid(values) == is_read


def test_times_and_countries_stay_text() -> None:
    read = parse_workload(GOOD.replace("+72h", "2026-03-30T12:00:00+02:00"), "w.yaml")

    assert read.where.residency == ["NO", "SE"]
    assert read.when.deadline == "2026-03-30T12:00:00+02:00"


def test_numbers_may_be_written_as_people_write_them() -> None:
    # YAML 1.1 takes 7e9 for text, as it has neither point nor sign.
    read = parse_workload(GOOD.replace("7.0e+9", "7e9").replace("1.0e+9", "1_000_000_000"), "w.yaml")

    assert read.work.model is not None
    assert (read.work.model.parameters, read.work.model.tokens) == (7e9, 1e9)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("count: 8", "counts: 8", "w.yaml:11: hardware.counts: unknown key"),
        ("name: a-job", "name: a-job\nowner: me", "w.yaml:2: owner: unknown key"),
        ("name: a-job\n", "", "w.yaml:1: name: is missing"),
        ("    tokens: 1.0e+9\n", "", "w.yaml:6: work.model.tokens: is missing"),
        ("1.0e+9", ".nan", "w.yaml:8: work.model.tokens: must be a finite number (is nan)"),
        ("1.0e+9", ".inf", "w.yaml:8: work.model.tokens: must be a finite number (is inf)"),
        ("1.0e+9", "-1.0e+9", "w.yaml:8: work.model.tokens: must be more than 0 (is -1000000000.0)"),
        ("1.0e+9", "0", "w.yaml:8: work.model.tokens: must be more than 0 (is 0)"),
        ("1.0e+9", "1.0e+19", "w.yaml:8: work.model.tokens: must be at most 1e+18 (is 1e+19)"),
        ("1.0e+9", "many", "w.yaml:8: work.model.tokens: must be a number (is 'many')"),
        ("count: 8", "count: 0", "w.yaml:11: hardware.count: must be at least 1 (is 0)"),
        ("count: 8", "count: 8.5", "w.yaml:11: hardware.count: must be a whole number (is 8.5)"),
        ("kind: training", "kind: NO", "w.yaml:4: kind: must be training or inference (is 'NO')"),
        ("[H100]", "{H100: 8}", "w.yaml:10: hardware.accelerators: must be a list or any"),
        ("[H100]", "[]", "w.yaml:10: hardware: accelerators is empty: name at least one, or write 'any'"),
        ("[NO, SE]", "[3]", "w.yaml:13: where.residency.0: must be a string (is 3)"),
        (
            "minutes: 10",
            "minutes: .nan",
            "w.yaml:17: when.interruptible.resume_overhead_minutes: must be a finite number (is nan)",
        ),
    ],
)
def test_a_wrong_value_is_answered_with_file_line_key_and_value(old: str, new: str, problem: str) -> None:
    assert problems(GOOD.replace(old, new))[0].startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("+72h", "2030-01-01T00:00:00", "w.yaml:15: when: deadline: '2030-01-01T00:00:00' has no time zone"),
        ("+72h", "2030-13-01T00:00:00Z", "w.yaml:15: when: deadline: '2030-13-01T00:00:00Z' is not a time"),
        ("+72h", "'0001-01-01T00:00:00+14:00'", "w.yaml:15: when: deadline: "),
        ("+72h", "+0h", "w.yaml:15: when: deadline: '0h' is not a duration"),
        ("+72h", "+5w", "w.yaml:15: when.deadline: must be a time with offset such as"),
        ("+72h", "12:30", "w.yaml:15: when.deadline: must be a string (is 750)"),
        ("+72h", "+3d\n  earliest: +3d", "w.yaml:15: when: deadline +3d is not after earliest +3d"),
        (
            "+72h",
            "2030-01-01T00:00:00Z\n  earliest: 2030-01-01T02:00:00+02:00",
            "w.yaml:15: when: deadline 2030-01-01T00:00:00Z is not after earliest 2030-01-01T02:00:00+02:00",
        ),
        ("hours: 2", "hours: 0.1", "w.yaml:18: when.interruptible: minimum_slice_hours 0.1 must be longer than"),
    ],
)
def test_impossible_times_are_answered_with_their_line(old: str, new: str, problem: str) -> None:
    assert problems(GOOD.replace(old, new))[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            GOOD.replace("tokens: 1.0e+9", "tokens: 1.0e+9\n    total_parameters: 1.0e+9"),
            "total_parameters 1e+09 is less",
        ),
        (
            GOOD.replace(
                "    tokens: 1.0e+9", "    tokens: 1.0e+9\n  accelerator_hours: {hours: 1, accelerator: H100}"
            ),
            "work needs exactly one of model, accelerator_hours, measured (has 2)",
        ),
        (GOOD.replace("kind: training", "kind: inference"), "work.model belongs to kind: training, not inference"),
        (SERVING.replace("kind: inference", "kind: training"), "belongs to kind: inference, not training"),
        (SERVING.replace("  serve_hours: 24\n", ""), "needs work.requests_per_second and work.serve_hours"),
        (SERVING.replace("8.0e+9,", "8.0e+9, active_parameters: 9.0e+9,"), "active_parameters 9e+09 is more than"),
        (SERVING + "when: {deadline: +3d}\n", "when.deadline and when.interruptible belong to kind: training"),
        (TRAINING + "  count: 16\n", "hardware.count 16 contradicts the 8 of work.measured.count"),
    ],
)
def test_impossible_combinations_are_errors_with_a_line(text: str, problem: str) -> None:
    (found,) = problems(text)

    assert problem in found
    assert found.startswith("w.yaml:")


def test_several_sections_are_answered_at_once() -> None:
    found = problems(GOOD.replace("count: 8", "count: 0").replace("name: a-job", "name: A job"))

    assert [problem.split(":")[1] for problem in found] == ["1", "11"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "w.yaml:1: a workload is a mapping"),
        ("just words", "w.yaml:1: a workload is a mapping"),
        ("- a\n- b\n", "w.yaml:1: a workload is a mapping"),
        ("a: [1, 2\nb: 3\n", "w.yaml:2: not valid YAML"),
        ("a: 1\n\tb: 2\n", "w.yaml:2: not valid YAML"),
        (GOOD + "---\nname: other\n", "w.yaml:19: not valid YAML"),
        (GOOD + "team: other\n", "w.yaml:19: 'team' can't be a key here, or stands twice"),
        ("a: {<<: {b: 1}}\n", "w.yaml:1: '<<' can't be a key here"),
        ("? [a]\n: 1\n", "w.yaml:1: "),
        ("a: &x 1\nb: *x\n", "w.yaml:2: '*x' is an alias; write the value out"),
        ("count: !!int abc\n", "w.yaml:1: 'abc' can't be read as int"),
        ("when: !!timestamp abc\n", "w.yaml:1: 'abc' can't be read as timestamp"),
        ("a: !!python/object:os.system x\n", "w.yaml:1: not valid YAML"),
        (f"a: {'9' * 5000}\n", "w.yaml:1: '999"),
        (f"a: {'[' * 2000}{']' * 2000}\n", "w.yaml:1: nested deeper than 12 levels"),
        (b"name: \xe9", "w.yaml:1: not valid YAML"),
        (bytes(range(256)), "w.yaml:1: not valid YAML"),
    ],
)
def test_what_is_no_workload_is_one_clear_line(text: str | bytes, problem: str) -> None:
    (found,) = problems(text)

    assert found.startswith(problem)
    assert len(found) < 200


def test_an_exploding_document_is_refused_before_it_explodes() -> None:
    bomb = "l0: &l0 [x, x]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40))

    assert problems(bomb) == ["w.yaml:2: '*l0' is an alias; write the value out"]


def test_a_megabyte_of_brackets_does_not_overflow_the_stack() -> None:
    assert problems("a: " + "[" * 900_000) == ["w.yaml:1: nested deeper than 12 levels"]


def test_a_file_of_more_than_a_megabyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(b"#" * 1_000_001)

    with pytest.raises(InputError, match="1000001 bytes is no workload file"):
        read_workload(path)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_missing_file_or_a_directory_is_an_input_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_workload(tmp_path / name)


def is_answered(text: str | bytes) -> bool:
    """Whether a file is read, or refused with its name and a line; anything else raises."""
    try:
        parse_workload(text, "w.yaml")
    except WorkloadError as error:
        return all(re.match(r"w\.yaml:\d+: ", problem) for problem in error.problems)
    return True


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_text_ends_in_a_traceback(text: str | bytes) -> None:
    assert is_answered(text)


@settings(max_examples=200, deadline=None)
@given(
    key=st.sampled_from(["tokens", "parameters", "count", "deadline", "minimum_slice_hours", "residency", "kind"]),
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.lists(st.integers(), max_size=3),
)
def test_no_value_ends_in_a_traceback(key: str, value: object) -> None:
    lines = [
        f"{line.partition(':')[0]}: {json.dumps(value)}" if line.strip().startswith(f"{key}:") else line
        for line in GOOD.splitlines()
    ]

    assert is_answered("\n".join(lines))


# The window: what a workload's times mean once now is known.


def test_times_from_now_and_absolute_times_meet_in_utc() -> None:
    window = window_of(workload(when="{earliest: '2026-03-28T02:00:00+01:00', deadline: +1d}"), at(0))

    assert (window.earliest, window.deadline) == (at(1), at(24))


def test_an_earliest_start_in_the_past_is_now() -> None:
    assert window_of(workload(when="{earliest: '2020-01-01T00:00:00Z'}"), at(0)).earliest == at(0)


def test_a_deadline_in_the_past_is_an_error_with_both_times() -> None:
    job = workload(when="{deadline: '2026-03-27T12:00:00Z'}")

    with pytest.raises(
        InputError, match=r"when.deadline 2026-03-27T12:00:00Z has passed \(now is 2026-03-28T00:00:00Z\)"
    ):
        window_of(job, at(0))


def test_a_deadline_before_an_absolute_start_is_an_error_with_both_times() -> None:
    job = workload(when="{earliest: '2026-03-29T00:00:00Z', deadline: +12h}")

    with pytest.raises(InputError, match=r"2026-03-28T12:00:00Z is not after .* 2026-03-29T00:00:00Z"):
        window_of(job, at(0))


def test_a_deadline_beyond_the_calendar_is_an_error() -> None:
    job = workload(when="{deadline: +9d}")

    with pytest.raises(InputError, match=r"'\+9d' is outside the calendar"):
        window_of(job, at(0).replace(year=9999, month=12, day=30))


BUDGET = """\
name: tune
project: assistants
team: research
kind: training
work: {accelerator_hours: {hours: 8, accelerator: H100}}
hardware: {accelerators: [H100]}
carbon_budget: {daily_kg: %s, monthly_kg: %s%s}
"""


def test_a_carbon_budget_is_read() -> None:
    budget = parse_workload(BUDGET % (4, 40, ", notify: [ml@example.com]"), "w.yaml").carbon_budget
    assert budget is not None
    assert (budget.daily_kg, budget.monthly_kg, budget.notify) == (4, 40, ["ml@example.com"])


@pytest.mark.parametrize(
    ("daily", "monthly", "more", "message"),
    [
        ("0", "40", "", "w.yaml:7: carbon_budget.daily_kg"),
        ("-1", "40", "", "carbon_budget.daily_kg"),
        (".nan", "40", "", "carbon_budget.daily_kg"),
        ("4", ".inf", "", "carbon_budget.monthly_kg"),
        ("50", "40", "", "carbon_budget: daily_kg 50 is more than monthly_kg 40"),
        ("1", "40", "", "carbon_budget: monthly_kg 40 can't be reached with daily_kg 1 (31 days of it are 31)"),
        ("4", "40", ", notify: [team]", "notify 'team' is not an e-mail address"),
        ("4", "40", ", yearly_kg: 3", "carbon_budget.yearly_kg: unknown key"),
    ],
)
def test_a_carbon_budget_that_can_t_be_used_is_refused(daily: str, monthly: str, more: str, message: str) -> None:
    with pytest.raises(WorkloadError) as refused:
        parse_workload(BUDGET % (daily, monthly, more), "w.yaml")
    assert message in str(refused.value)


def test_a_bound_needs_a_measured_answer_to_hold_it_against() -> None:
    measured = SERVING.replace(
        "served_model: {parameters: 8.0e+9, kv_bytes_per_token: 131072, input_tokens: 100, output_tokens: 100, "
        "batch: 8}",
        "latency_bound_ms: 500\n  measured_request: {joules: 9, boundary: server, "
        "requests_per_second_per_accelerator: 3, accelerator: H100}",
    )

    (problem,) = problems(measured)

    assert "work.latency_bound_ms needs work.measured_request.answer_ms" in problem
    assert parse_workload(measured.replace("joules: 9", "joules: 9, answer_ms: 400"), "w").work.latency_bound_ms == 500


@pytest.mark.parametrize("bound", ["0", "-1", "soon", ".nan"])
def test_a_bound_is_a_positive_number(bound: str) -> None:
    assert any(
        "latency_bound_ms" in one for one in problems(SERVING.replace("work:", f"work:\n  latency_bound_ms: {bound}"))
    )
