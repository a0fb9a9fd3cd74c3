"""`greenai-infra check` as a user and a CI job run it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from greenai_infra.policy.rules import RULES
from tests.policy.declare import TAGS
from tests.previews.offline_project import write_project

from .in_process import run_here

if TYPE_CHECKING:
    import subprocess

pytest.importorskip("pulumi_aws")

PACK = Path(__file__).parents[2] / "stacks" / "policy"
OPEN = (
    f"TAGS = {TAGS!r}\n"
    'aws.vpc.SecurityGroupIngressRule("in", security_group_id="sg-1", ip_protocol="-1", tags=TAGS, '
    'cidr_ipv4="0.0.0.0/0")\n'
)
ADVICE = "rules: {plan-age: {severity: disabled}, no-public-access: {severity: advisory}}\n"
"""The tags are of a fixed day, so their age is left out."""


def greenai(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(*arguments, cwd=folder)


def settings(folder: Path, text: str) -> str:
    (folder / "rules.yaml").write_text(text)
    return "rules.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project without a gate of its own, with an open door."""
    return write_project(tmp_path, OPEN)


def with_gate(folder: Path, text: str = "rules: {plan-age: {severity: disabled}}\n") -> None:
    shutil.copytree(PACK, folder / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "policy" / "greenai-policy.yaml").write_text(text)


def test_a_violation_ends_with_1_and_says_where_and_what_to_do(shop: Path) -> None:
    done = greenai(shop, "check")

    assert done.returncode == 1
    assert done.stdout.startswith("Carbon gate SHUT for shop/dev in eu-north-1 by no-public-access\n")
    assert "x in: cidrIpv4: everybody is let in: 0.0.0.0/0 (__main__.py:5)" in done.stdout
    assert "-> name the security group or network instead" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_advice_ends_with_0(shop: Path) -> None:
    done = greenai(shop, "check", "--settings", settings(shop, ADVICE))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Carbon gate open for shop/dev")
    assert "! in: cidrIpv4" in done.stdout


UNJUDGED = """
aws.ec2.Eip("address")
aws.ebs.Volume("one", availability_zone="eu-north-1a", size=9)
aws.ebs.Volume("two", availability_zone="eu-north-1b", size=9)
aws.cloudformation.Stack("template", template_body="{}")
aws.ecs.Cluster.get("theirs", "c-1")
aws.ecs.TaskSet  # not declared
aws.ec2.RouteTable("quiet", vpc_id="vpc-1")
aws.rds.SubnetGroup("quiet", subnet_ids=["s-1"])
pulumi.StackReference("org/other/dev")
"""


def test_types_that_no_rule_judges_are_said_and_shut_nothing(tmp_path: Path) -> None:
    rules = "rules: {carbon-tags: {severity: disabled}, plan-age: {severity: disabled}}\n"
    shop = write_project(tmp_path, UNJUDGED)
    chosen = settings(shop, rules)

    done = greenai(shop, "check", "--settings", chosen)
    document = json.loads(greenai(shop, "check", "--json", "--settings", chosen).stdout)

    said = "not judged: 4 resources of types aws:cloudformation:Stack (1), aws:ebs:Volume (2), aws:ec2:Eip (1)"
    assert said in " ".join(done.stdout.split())
    assert done.returncode == 0
    assert document["policy"]["not_judged"] == {
        "aws:cloudformation/stack:Stack": 1,
        "aws:ebs/volume:Volume": 2,
        "aws:ec2/eip:Eip": 1,
    }
    with_gate(shop, rules)
    assert said in " ".join(greenai(shop, "preview", "--offline").stdout.split())


def test_an_error_beside_the_rules_ends_with_1_too(tmp_path: Path) -> None:
    shop = write_project(
        tmp_path, f'TAGS = {TAGS!r}\naws.cloudwatch.EventRule("r", schedule_expression="rat", tags=TAGS)\n'
    )
    rules = settings(shop, "rules: {plan-age: {severity: disabled}}\n")

    done = greenai(shop, "check", "--settings", rules)
    document = json.loads(greenai(shop, "check", "--json", "--settings", rules).stdout)

    assert done.returncode == 1
    assert done.stdout.startswith("Carbon gate open for shop/dev")
    said = " ".join(done.stdout.split())
    assert (
        "Not passed: the preview also has an error, apart from the rules: greenai-infra preview --offline --stack dev"
        in said
    )
    assert (document["passed"], document["shut_by"], document["other_errors"]) == (False, [], 1)


def test_json(shop: Path) -> None:
    done = greenai(shop, "check", "--json", "--settings", settings(shop, "rules: {plan-age: {severity: disabled}}\n"))
    document = json.loads(done.stdout)

    assert done.returncode == 1
    assert (document["passed"], document["shut_by"]) == (False, ["no-public-access"])
    assert [(one["code"], one["severity"]) for one in document["findings"]] == [("no-public-access", "error")]
    assert [one["id"] for one in document["policy"]["rules"]] == [rule.id for rule in RULES]


def test_a_preview_holds_the_same_verdict(shop: Path) -> None:
    with_gate(shop)
    preview = greenai(shop, "preview", "--offline", "--json")
    (shop / "preview.json").write_text(preview.stdout)
    document = json.loads(preview.stdout)

    then, now = greenai(shop, "check", "--preview", "preview.json"), greenai(shop, "check")

    assert preview.returncode == 1
    assert {one["id"]: one["violations"] for one in document["policy"]["rules"]}["no-public-access"] == 1
    assert set(document["policy"]["rules"][0]) >= {"id", "title", "severity", "violations", "not_run"}
    assert (then.returncode, then.stdout) == (now.returncode, now.stdout) == (1, then.stdout)


def test_the_preview_shows_the_gate(shop: Path) -> None:
    with_gate(shop)
    done = greenai(shop, "preview", "--offline")
    assert "error [no-public-access] aws:vpc:SecurityGroupIngressRule in: everybody is let in" in " ".join(
        done.stdout.split()
    )
    assert "Carbon gate: shut by no-public-access." in done.stdout
    without = greenai(shop, "preview", "--offline", "--no-policy")
    assert without.returncode == 0, without.stdout
    assert "Carbon gate" not in without.stdout


def test_a_rule_that_could_not_run_is_not_called_broken(shop: Path) -> None:
    unknown = (
        'key = aws.kms.Key("key", tags=TAGS)\naws.sns.Topic("t", kms_master_key_id=key.arn, tags={"a": key.arn})\n'
    )
    only = "rules: {plan-age: {severity: disabled}, no-public-access: {severity: %s}}\n"
    for severity, said in (
        ("advisory", "shut as mandatory rules could not run: carbon-tags"),
        ("mandatory", "shut by no-public-access; could not run: carbon-tags"),
    ):
        (shop / "__main__.py").write_text(f"import pulumi_aws as aws\n{OPEN}{unknown}")
        shutil.rmtree(shop / "policy", ignore_errors=True)
        with_gate(shop, only % severity)
        preview, check = greenai(shop, "preview", "--offline"), greenai(shop, "check")
        assert (preview.returncode, check.returncode) == (1, 1)
        assert f"Carbon gate: {said}." in " ".join(preview.stdout.split())
        assert said.replace("shut", "Carbon gate SHUT for shop/dev in eu-north-1", 1) in " ".join(check.stdout.split())


def test_half_a_stack_is_not_shut_by_any_rule(shop: Path) -> None:
    with_gate(shop)
    with (shop / "__main__.py").open("a") as program:
        program.write("raise ValueError('no such region')\n")
    done = greenai(shop, "preview", "--offline")
    assert done.returncode == 1
    assert "Carbon gate: shut, as the program stopped and no rule could run." in done.stdout


def test_a_program_that_fails_has_not_been_judged(shop: Path) -> None:
    (shop / "__main__.py").write_text("raise ValueError('no such region')\n")

    done = greenai(shop, "check")

    assert done.returncode == 1
    assert "the program failed, so no rule could run" in done.stdout
    assert "kept" not in done.stdout


def edited(**changes: Any) -> str:
    rules = [{"id": rule.id, "title": "", "severity": "mandatory", "violations": 0, "not_run": 0} for rule in RULES]
    content = {
        "schema_version": 1,
        "project": "shop",
        "stack": "dev",
        "region": "",
        "policy": {"rules": rules},
        "findings": [],
    }
    return json.dumps({**content, **changes})


FINDING = {"severity": "error", "code": "encryption", "urn": "", "property": "", "message": "m", "remedy": "r"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "schema_version is None"),
        (edited(schema_version=2), "schema_version is 2, expected 1"),
        (edited(policy={}), "no rule was run"),
        (edited(policy={"rules": []}), "no rule was run"),
        (edited(policy={"rules": [{"id": "encryption"}]}), "is no preview"),
        (edited(policy={"rules": json.loads(edited())["policy"]["rules"][1:]}), "policy.rules lacks carbon-tags"),
        (edited(findings=[FINDING]), "a finding of encryption, which policy.rules does not count"),
        (edited(findings=None), "is no preview"),
    ],
)
def test_a_file_that_is_no_preview_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "preview.json").write_text(text)

    done = greenai(tmp_path, "check", "--preview", "preview.json")

    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_preview_in_which_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(edited())
    assert greenai(tmp_path, "check", "--preview", "preview.json").returncode == 0


def test_list_needs_no_project(tmp_path: Path) -> None:
    shown, as_json = greenai(tmp_path, "check", "--list"), greenai(tmp_path, "check", "--list", "--json")

    assert (shown.returncode, as_json.returncode) == (0, 0)
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for rule in RULES:
        assert f"{rule.id} (" in shown.stdout
    assert [one["id"] for one in json.loads(as_json.stdout)] == [rule.id for rule in RULES]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: {speed: {}}\n", "rules.yaml: rules.speed: unknown key"),
        ("rules: {plan-age: {max_hours: never}}\n", "rules.yaml: rules.plan-age.max_hours"),
        *(
            (f"rules: {{{rule}: {{{key}: true}}}}\n", f"rules.{rule}.{key}: true and false are no value here (is true)")
            for rule, key in (
                ("plan-age", "max_hours"),
                ("region-intensity", "max_g_per_kwh"),
                ("cost-cap", "max_usd_per_month"),
                ("carbon-cap", "max_kg_per_month"),
            )
        ),
        ("rules: {plan-age: {max_hours: true}}\n", "expected a number, for example 168"),
        ("rules: {plan-age: {max_hour: 12}}\n", "rules.plan-age.max_hour: unknown key; did you mean 'max_hours'?"),
        ("rules: {region-intensity: {max_g_per_kwh: low}}\n", "for example 100"),
        ("exemptions: [{rule: encryption, resource: x}]\n", "rules.yaml: exemptions.0.reason: is missing"),
        (
            "exemptions: [{rule: encryption, resource: x, reason: y, expires: 2027-31-01}]\n",
            "must be a date (is '2027-31-01'); for example",
        ),
        ("- a list\n", "rules.yaml"),
    ],
)
def test_settings_that_are_refused(shop: Path, text: str, says: str) -> None:
    done = greenai(shop, "check", "--settings", settings(shop, text))

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_options_that_contradict(tmp_path: Path) -> None:
    assert greenai(tmp_path, "check", "--preview", "p.json", "--stack", "dev").returncode == 2


def test_the_schema_of_the_settings(tmp_path: Path) -> None:
    schema = json.loads(greenai(tmp_path, "schema", "policy").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"rules": {"plan-age": {"max_hours": 24}}}, schema)
