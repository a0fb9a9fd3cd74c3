"""A new rule of the gate is one file: it shuts the gate, has settings and exemptions, and is in list and schema."""

import json
from pathlib import Path

import pytest

from greenai_infra.policy.rules import RULES
from tests.policy.declare import TAGS
from tests.previews.offline_project import write_project

from .conftest import ROOT, Copy

pytest.importorskip("pulumi_aws")

TOY = '''
    """`short-names`: nobody types a long name."""

    from typing import ClassVar

    from greenai_infra.policy.rule import ResourceRule, RuleSettings, breach


    class ShortNames(RuleSettings, frozen=True, kw_only=True):
        most_letters: int = 12


    def check(resource, settings):
        if len(resource.name) > settings.most_letters:
            yield breach(resource, "", f"{len(resource.name)} letters, more than {settings.most_letters}")


    SHORT_NAMES = ResourceRule(
        id="short-names",
        title="No resource has a long name",
        remedy="shorten the name",
        why="Somebody types it.",
        settings=ShortNames,
        check=check,
        order=5,
        types=frozenset({"aws:ebs/volume:Volume"}),
    )
    '''
PROGRAM = (
    f"TAGS = {TAGS!r}\n"
    'aws.ebs.Volume("volume-of-everybody", availability_zone="eu-north-1a", encrypted=True, kms_key_id="key", '
    "size=8, tags=TAGS)\n"
)
PLAN_AGE = "plan-age: {severity: disabled}"


@pytest.fixture
def toy(copy: Copy) -> Copy:
    copy.write("policy/rules/short_names.py", TOY)
    return copy


def test_a_new_rule_shuts_the_gate(toy: Copy, tmp_path: Path) -> None:
    project = write_project(tmp_path, PROGRAM)
    settings = project / "gate.yaml"

    settings.write_text(f"rules: {{{PLAN_AGE}}}\n")
    shut = toy.run("check", "--settings", settings, cwd=project)
    assert shut.returncode == 1, shut.stderr
    assert shut.stdout.startswith("Carbon gate SHUT for shop/dev in eu-north-1 by short-names\n")
    assert "x volume-of-everybody: 19 letters, more than 12 (__main__.py:5)" in shut.stdout
    assert "-> shorten the name" in shut.stdout
    assert "not judged" not in shut.stdout  # as the rule knows this type

    settings.write_text(f"rules: {{{PLAN_AGE}, short-names: {{most_letters: 40}}}}\n")
    assert toy.run("check", "--settings", settings, cwd=project).returncode == 0

    exemption = "{rule: short-names, resource: volume-of-everybody, reason: as it was}"
    settings.write_text(f"rules: {{{PLAN_AGE}}}\nexemptions: [{exemption}]\n")
    assert toy.run("check", "--settings", settings, cwd=project).returncode == 0


def test_a_new_rule_is_listed_in_its_place_and_in_the_schema(toy: Copy) -> None:
    listed = json.loads(toy.run("check", "--list", "--json").stdout)
    assert [rule["id"] for rule in listed] == ["short-names", *(rule.id for rule in RULES)]
    assert listed[0]["settings"] == {"severity": "mandatory", "most_letters": 12}

    schema = json.loads(toy.run("schema", "policy").stdout)
    assert schema["$defs"]["Rules"]["properties"]["short-names"]["title"] == "No resource has a long name"
    assert "short-names" in schema["$defs"]["Exemption"]["properties"]["rule"]["enum"]


@pytest.mark.parametrize("document", ["templates/greenai-policy.yaml", "greenai_infra/policy/README.md"])
def test_example_and_documentation_name_every_rule(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    sign = "{}:" if document.endswith(".yaml") else "`{}`"
    assert [rule.id for rule in RULES if sign.format(rule.id) not in text] == []
