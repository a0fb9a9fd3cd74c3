"""The READMEs are short, complete, and name only what exists."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import click
import pytest

import greenai_infra
from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig
from greenai_infra.contracts.stack.given import Buckets
from greenai_infra.contracts.stack.inference import InferenceConfig
from greenai_infra.contracts.stack.training import TrainingConfig
from tests.cli.in_process import run_here
from tests.readme.documents import ROOT, blocks, leaves, name_of, our_commands, prose, readmes, resolve, short_commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_LINES = 150
SAME_WORDS = 14
"""So many words in a row are a text that stands twice."""

LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)\)")
PATH = re.compile(r"`((?:greenai_infra|stacks|templates|tests|training)/[\w./-]+\.(?:py|md|csv|yaml|yml|json|j2))`")
MADE = {"stacks/policy/greenai-policy.yaml"}  # by init, in the user's project


@pytest.mark.parametrize("readme", readmes(), ids=name_of)
def test_no_readme_is_longer_than_150_lines(readme: Path) -> None:
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("readme", readmes(), ids=name_of)
def test_links_and_paths_lead_to_files(readme: Path) -> None:
    text = prose(readme)
    links = [link for link in LINK.findall(text) if "://" not in link]
    paths = [path for path in PATH.findall(text) if path not in MADE]

    assert [link for link in links if not (readme.parent / link).exists()] == []
    assert [path for path in paths if not (ROOT / path).exists() and not (readme.parent / path).exists()] == []


@pytest.mark.parametrize(
    "readme", [path for path in readmes() if name_of(path).split("/")[0] in ("stacks", "training")]
)
def test_what_init_copies_links_to_nothing_outside_of_its_folder(readme: Path) -> None:
    assert [link for link in LINK.findall(prose(readme)) if link.startswith("..")] == []


@pytest.mark.parametrize("readme", readmes(), ids=name_of)
def test_every_command_shown_exists_with_its_options(readme: Path) -> None:
    for words in [*our_commands(readme), *short_commands(readme)]:
        try:
            resolve(words)
        except click.BadOptionUsage:
            assert words in short_commands(readme)  # an option that the text names without a value
        except click.UsageError as error:
            pytest.fail(f"greenai-infra {' '.join(words)}: {error.format_message()}")


def test_an_unknown_command_option_or_choice_would_be_found() -> None:
    for line in ("plann w.yaml", "plan w.yaml --hardwear", "budget sett", "card --format pdf x.json"):
        with pytest.raises(click.UsageError):
            resolve(line.split())


def test_every_command_is_shown() -> None:
    shown = {resolve(words) for readme in readmes() for words in our_commands(readme)}

    assert [" ".join(leaf) for leaf in leaves() if leaf not in shown] == []


def test_every_workload_key_has_a_row_and_every_row_a_key() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "templates/workloads/README.md").read_text(), re.MULTILINE)
    schema = json.loads(run_here("schema").stdout)
    keys = set(_keys(schema, schema["$ref"].rpartition("/")[2], ""))
    after_work = {key for row in rows for key in re.findall(r"`([a-z_.0-9]+)`", row)}
    ways = {"model", "accelerator_hours", "measured", "served_model", "measured_request"}  # the table before this one

    assert len(keys) > 60
    assert keys - after_work == set()
    assert after_work - keys - ways - {"requests_per_second", "serve_hours"} == set()


def _keys(schema: dict[str, Any], name: str, before: str) -> Iterator[str]:
    for key, value in schema["$defs"][name]["properties"].items():
        yield before + key
        for form in [value, *value.get("anyOf", [])]:
            below = form.get("$ref", "").rpartition("/")[2]
            if "properties" in schema["$defs"].get(below, {}):
                yield from _keys(schema, below, f"{before}{key}.")


def test_every_name_of_the_python_face_is_listed() -> None:
    text = (ROOT / "greenai_infra/README.md").read_text(encoding="utf-8")

    assert [name for name in greenai_infra.__all__ if f"`{name}`" not in text] == []


def test_no_text_stands_in_two_readmes() -> None:
    where: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for readme in readmes():
        words = [word for word in prose(readme).split() if any(letter.isalnum() for letter in word)]
        for start in range(len(words) - SAME_WORDS + 1):
            where[tuple(words[start : start + SAME_WORDS])].add(name_of(readme))

    assert [(" ".join(words), names) for words, names in where.items() if len(names) > 1] == []


def test_the_first_readme_leads_to_all_others() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        readme = ahead.pop().resolve()
        if readme not in reached:
            reached.add(readme)
            ahead += [readme.parent / link for link in LINK.findall(prose(readme)) if link.endswith(".md")]

    assert {name_of(readme) for readme in readmes()} - {name_of(readme) for readme in reached} == set()


def test_a_good_part_of_the_examples_runs() -> None:
    assert sum(block.runs for readme in readmes() for block in blocks(readme)) >= 12


def test_every_key_by_which_a_stack_takes_what_is_the_user_s_own_is_shown() -> None:
    text = (ROOT / "stacks/README.md").read_text(encoding="utf-8")
    keys = {"network", "vpc_id", "subnet_ids", "subnet", "buckets", *Buckets.__struct_fields__}
    for config in (TrainingConfig, GcpTrainingConfig, InferenceConfig):
        own = {"image", "data_uri", "permissions_boundary", "notification_channels", "service_account", "kms_key"}
        keys |= {key for key in config.__struct_fields__ if key in own or key.endswith("_arn")} - {"model_key_arn"}

    assert {"kms_key_arn", "role_arn", "topic_arn", "service_account"} < keys
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
