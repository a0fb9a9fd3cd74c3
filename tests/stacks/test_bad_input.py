"""Config that can't be used, for every example stack: refused before anything is declared, by key, with an example."""

from __future__ import annotations

import copy
import math
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.contracts.stack.alarms import read_alarms_config, read_budget_section
from greenai_infra.contracts.stack.cache import read_cache_config
from greenai_infra.contracts.stack.gcp_alarms import read_gcp_alarms_config, read_gcp_budget_section
from greenai_infra.contracts.stack.gcp_cache import read_gcp_cache_config
from greenai_infra.contracts.stack.gcp_inference import read_gcp_inference_config
from greenai_infra.contracts.stack.gcp_training import read_gcp_training_config
from greenai_infra.contracts.stack.inference import read_inference_config
from greenai_infra.contracts.stack.ledger import read_ledger_config
from greenai_infra.contracts.stack.training import read_training_config
from greenai_infra.errors import InputError
from greenai_infra.previews.run import preview

from .declare import CONFIGS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STACKS = sorted(file.name.split(".")[1] for file in CONFIGS.glob("Pulumi.*.yaml") if "regions" not in file.name)
"""A stack of several regions holds the same sections; what is around them has tests of its own."""
PREFIX = "greenai-infra:"
Key = tuple[str | int, ...]
READERS: dict[tuple[str, str], Callable[[Any, str], Any]] = {
    ("alarms", "aws"): read_alarms_config,
    ("alarms", "gcp"): read_gcp_alarms_config,
    ("budget", "aws"): read_budget_section,
    ("budget", "gcp"): read_gcp_budget_section,
    ("cache", "aws"): read_cache_config,
    ("cache", "gcp"): read_gcp_cache_config,
    ("inference", "aws"): read_inference_config,
    ("inference", "gcp"): read_gcp_inference_config,
    ("ledger", "aws"): read_ledger_config,
    ("training", "aws"): read_training_config,
    ("training", "gcp"): read_gcp_training_config,
}
"""(section, provider) -> what its program reads it with; `budget` is `alarms` in the stack of another program."""


def document(stack: str) -> dict[str, Any]:
    """The config file of an example stack."""
    content: dict[str, Any] = yaml.safe_load((CONFIGS / f"Pulumi.{stack}.yaml").read_text())
    return content


def sections(stack: str) -> list[str]:
    """The typed sections of an example stack."""
    config = document(stack)["config"]
    return [key for key, value in config.items() if key.startswith(PREFIX) and isinstance(value, dict)]


def read(stack: str, section: str, values: Any) -> str:
    """What is said about values in the place of a section of an example stack; empty if they are sound."""
    config = document(stack)["config"]
    program = config[f"{PREFIX}program"]
    provider = config[f"{PREFIX}{program}"].get("provider", "aws")
    name = section.removeprefix(PREFIX)
    try:
        READERS[name if name == program else "budget", provider](values, section)
    except InputError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose only stack's config each test writes."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def refusal(project: Path, content: dict[str, Any], exit_code: int) -> str:
    """What the preview says is wrong; nothing may have been declared by then."""
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))
    result = preview(project, "dev", choose_gate=lambda _: None)
    assert (result.exit_code, result.built) == (exit_code, ())
    return "\n".join(one.message for one in result.findings if one.severity == "error")


def places(value: Any, above: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value of a section with its key, the first of each list."""
    yield above, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*above, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*above, 0))


def of_another_type(value: Any) -> Any:
    """A value that can't be meant where this one stands."""
    if isinstance(value, bool):
        return "perhaps"
    if isinstance(value, int | float):
        return "many"
    if isinstance(value, list):
        return "one"
    return 7 if isinstance(value, dict) else ["a", "b"]


def changed(stack: str, section: str, key: Key, value: Any) -> dict[str, Any]:
    """The config of an example stack with another value at a key; at no key, another section."""
    content = copy.deepcopy(document(stack))
    place: Any = content["config"]
    last: str | int = section
    for part in key:
        place, last = place[last], part
    place[last] = value
    return content


def is_told(message: str, section: str, key: Key) -> bool:
    """Whether a refusal names the key, and says what is expected there, with an example."""
    name = ".".join(map(str, key))
    expected = ("for example", "as in", "expected a section with", "expected keys with values")
    return section in message and name in message and any(words in message for words in expected)


@pytest.mark.parametrize("stack", STACKS)
def test_a_value_of_another_type_is_refused_with_an_example(stack: str) -> None:
    untold = []
    for section in sections(stack):
        for key, value in places(document(stack)["config"][section]):
            if key:
                message = read(stack, section, changed(stack, section, key, of_another_type(value))["config"][section])
                if not is_told(message, section, key):
                    untold.append((section, key, message))
    assert untold == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_number_that_is_none_is_refused(stack: str) -> None:
    untold = []
    for section in sections(stack):
        for key, value in places(document(stack)["config"][section]):
            if isinstance(value, int | float) and not isinstance(value, bool) and "hyperparameters" not in key:
                for wrong in (math.nan, math.inf, -math.inf, -1, True):
                    message = read(stack, section, changed(stack, section, key, wrong)["config"][section])
                    if not is_told(message, section, key):
                        untold.append((section, key, wrong, message))
    assert untold == []


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("word", ["true", "yes", "on"])
def test_a_flag_for_a_number_is_said_to_be_one(stack: str, word: str) -> None:
    """As YAML reads it; for the first number that each section holds, and every number within it."""
    content = document(stack)
    for section in sections(stack):
        for key, value in places(content["config"][section]):
            if isinstance(value, int | float) and not isinstance(value, bool) and "hyperparameters" not in key:
                wrong = changed(stack, section, key, yaml.safe_load(word))
                message = read(stack, section, wrong["config"][section])
                line = next(one for one in message.splitlines() if ".".join(map(str, key)) in one)
                assert "true and false are no value here (is true); expected a " in line
                assert "number, for example " in line


@pytest.mark.parametrize("stack", STACKS)
def test_a_section_that_is_none_is_shown_one_and_nothing_is_declared(stack: str, project: Path) -> None:
    content = document(stack)
    program = PREFIX + content["config"][f"{PREFIX}program"]
    for wrong in (7, ["a"], True):
        message = refusal(project, changed(stack, program, (), wrong), exit_code=2)
        assert message.startswith(f"{program}: ")
        assert "a section with keys and values" in message
        assert "as in" in message
    del content["config"][program]
    message = refusal(project, content, exit_code=2)
    assert message.startswith(f"{program}: missing")
    assert "as in" in message


@pytest.mark.parametrize("stack", STACKS)
def test_a_key_of_another_name_is_refused_with_the_one_that_is_meant(stack: str, project: Path) -> None:
    content = document(stack)
    program = PREFIX + content["config"][f"{PREFIX}program"]
    content["config"][program]["worklod"] = content["config"][program].pop("workload")
    message = refusal(project, content, exit_code=2)
    assert f"{program}: workload: is missing; expected a string, for example " in message
    assert f"{program}: worklod: unknown key; did you mean 'workload'?" in message


ELSEWHERE = {
    # of the provider's own config: what another place would be, and the section's key for it
    "aws:region": ("ap-southeast-2", "region"),
    "gcp:region": ("asia-northeast1", "region"),
    "gcp:project": ("somebody-else", "gcp_project"),
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_provider_in_another_place_than_the_section_is_refused(stack: str, project: Path) -> None:
    """The resources would be where the section says, and not where the heading of the preview says."""
    content = document(stack)
    program = content["config"][f"{PREFIX}program"]
    section = content["config"][f"{PREFIX}{program}"]
    provider = section.get("provider", "aws")
    for key, (other, ours) in ELSEWHERE.items():
        wrong = {"config": {**content["config"], key: other}}
        if key.startswith(provider):
            said = f"{PREFIX}{program}: {ours} is {section[ours]}, and {key} is {other}; make them the same"
            by_select = "; `greenai-infra select` writes both" if ours == "region" else ""
            message = refusal(project, wrong, exit_code=2)
            assert message == said + (by_select if program in ("training", "inference") else "")
        else:  # the other cloud's
            (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(wrong))
            assert preview(project, "dev", choose_gate=lambda _: None).built


@pytest.mark.parametrize("stack", ["contiguous", "serverless", "cache-serverless", "gcp-slices", "gcp-budget"])
def test_a_provider_without_a_place_of_its_own_is_no_contradiction(stack: str, project: Path) -> None:
    content = document(stack)
    for key in ELSEWHERE:
        content["config"].pop(key, None)
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))
    assert preview(project, "dev", choose_gate=lambda _: None).built


def test_a_key_like_no_other_is_refused_with_all_there_are() -> None:
    section = f"{PREFIX}training"
    wrong = changed("contiguous", section, ("network", "zzz"), 1)
    message = read("contiguous", section, wrong["config"][section])
    assert (
        message
        == f"{PREFIX}training: network.zzz: unknown key; known here: cidr, availability_zones, vpc_id, subnet_ids"
    )


BUDGETED = ("budget", "budgeted", "gcp-budget")


@pytest.mark.parametrize("stack", BUDGETED)
@pytest.mark.parametrize("key", ["daily_budget_kg", "monthly_budget_kg"])
@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, True, None, "much"])
def test_a_budget_that_is_none_is_refused(stack: str, key: str, wrong: Any, project: Path) -> None:
    message = refusal(project, changed(stack, f"{PREFIX}alarms", (key,), wrong), exit_code=2)
    assert is_told(message, f"{PREFIX}alarms", (key,))
