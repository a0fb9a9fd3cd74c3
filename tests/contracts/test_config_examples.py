"""Whatever a config may hold, the error about it can say what is expected there, with an example that is accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec import Struct, structs

from greenai_infra.contracts.plan import PlanFile
from greenai_infra.contracts.stack import alarms, gcp_alarms, stack_specs, training
from greenai_infra.policy.settings import EXAMPLE, GateSettings
from greenai_infra.typed_yaml.expected import expected_at
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS: list[tuple[type[Struct], str | None]] = [
    (alarms.BudgetSection, alarms.BUDGET_EXAMPLE),
    (gcp_alarms.GcpBudgetSection, alarms.BUDGET_EXAMPLE),
    *((spec.config, spec.example) for spec in stack_specs()),
]
WITH_SETTINGS: list[tuple[type[Struct], str | None]] = [*MODELS, (GateSettings, EXAMPLE)]


def fields(kind: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every field of a model, of the models in it and in its lists, with the place of it; found without a schema."""
    for field in structs.fields(kind):
        place = (*above, field.encode_name)
        yield place, field
        for inner, step in models_in(field.type):
            yield from fields(inner, (*place, *step))


def models_in(annotation: Any, step: tuple[int, ...] = ()) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The models that a value may be, or that its list may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation, step
        return
    for one in getattr(annotation, "__args__", ()):
        yield from models_in(one, (0,) if getattr(annotation, "__origin__", None) in (list, tuple) else step)


@pytest.mark.parametrize(("kind", "example"), WITH_SETTINGS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_key_has_something_to_be_expected(kind: type[Struct], example: str | None) -> None:
    said = {place: expected_at(kind, place, example) for place, _ in fields(kind)}
    assert len(said) >= 5
    untold = {
        place: words
        for place, words in said.items()
        if not words.startswith("expected ")
        or not (", for example " in words or words.startswith("expected a section with ") or "keys with" in words)
    }
    assert untold == {}


@pytest.mark.parametrize(("kind", "example"), MODELS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_examples_are_accepted(kind: type[Struct], example: str) -> None:
    """By the field alone: two examples together may contradict each other."""
    for place, field in fields(kind):
        if ", for example " not in (words := expected_at(kind, place, example)):
            continue
        value = json.loads(words.partition(", for example ")[2])
        values = yaml.safe_load(example).popitem()[1]
        refused = _refused(kind, _with(values, place, value))
        assert place not in refused, (place, field, words)


def _with(values: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The values with another one at a place; parents that are not there are made."""
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        items = values if isinstance(values, list) and values else [{}]
        return [_with(items[0], tuple(rest), value), *items[1:]]
    above = values if isinstance(values, dict) else {}
    return {**above, first: _with(above.get(first), tuple(rest), value)}


def _refused(kind: type[Struct], values: Any) -> list[tuple[str | int, ...]]:
    try:
        read_values(values, kind)
    except Unreadable as error:
        return [place for place, _ in error.problems]
    return []


def test_a_place_that_is_none_is_not_talked_about() -> None:
    assert expected_at(training.TrainingConfig, ("network", "mask"), training.TRAINING_EXAMPLE) == ""
    assert expected_at(training.TrainingConfig, ("slices", "start"), training.TRAINING_EXAMPLE) == ""


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("instance_count",), "expected a whole number, for example 1"),
        (("planned", "energy_kwh"), "expected a number, for example 61.4"),
        (("max_wait_hours",), "expected a number, for example 1"),
        (("spot",), "expected true or false, for example false"),
        (("slices", 0, "start"), 'expected a time, for example "2026-12-01T22:00:00Z"'),
        (("network",), "expected a section with cidr, availability_zones, vpc_id, subnet_ids"),
        (("launch",), 'expected a string, for example "scheduled"'),
        (("notify_emails",), 'expected a list, for example ["ml-team@example.com"]'),
        (("notify_emails", 3), 'expected a string, for example "ml-team@example.com"'),
        (("hyperparameters", "epochs"), 'expected a string, for example "3"'),
    ],
)
def test_what_is_said(place: tuple[str | int, ...], words: str) -> None:
    assert expected_at(training.TrainingConfig, place, training.TRAINING_EXAMPLE) == words


def test_a_number_of_a_plan_has_an_example_too() -> None:
    assert expected_at(PlanFile, ("placement", "emissions_kg"), None) == "expected a number, for example 1"
    assert expected_at(PlanFile, ("placement", "instances"), None) == "expected a whole number, for example 1"
