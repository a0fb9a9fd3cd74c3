"""The carbon gate under the real engine: what stops `up`, what is only said, and what is never passed over."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pulumi_policy")

from greenai_infra.clock import format_time, now
from tests.policy.declare import TAGS

from .command_line import CommandLine, Run
from .engine_cli import ROOT, Engine
from .project import PULUMI_YAML, Project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

FRESH = {**TAGS, "carbon-observed-at": format_time(now())}
HEADER = f"import json, pulumi\nimport pulumi_aws as aws\nTAGS = {FRESH!r}\n"
KEY = 'key = aws.kms.Key("key", tags=TAGS)\n'
SOUND = HEADER + KEY + 'aws.sns.Topic("news", kms_master_key_id=key.arn, tags=TAGS)\n'
UNTAGGED = HEADER + KEY + 'aws.sns.Topic("news", kms_master_key_id=key.arn)\n'
UNKNOWN_TAG = HEADER + KEY + 'aws.sns.Topic("news", kms_master_key_id=key.arn, tags={**TAGS, "k": key.arn})\n'
STAR_WITH_ARN = (
    HEADER
    + KEY
    + """
policy = pulumi.Output.json_dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": key.arn}]})
role = aws.iam.Role("role", tags=TAGS, assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}))
aws.iam.RolePolicy("all", role=role.name, policy=policy)
"""
)
SERVING = HEADER + KEY + 'aws.sagemaker.Endpoint("serve", endpoint_config_name="c", tags=TAGS)\n'
ALARM = """
topic = aws.sns.Topic("page", kms_master_key_id=key.arn, tags=TAGS)
aws.cloudwatch.MetricAlarm("daily", name="daily", namespace="GreenAI", metric_name="carbon_emissions_kg", period=86400,
    evaluation_periods=1, statistic="Sum", comparison_operator="GreaterThanThreshold", threshold=5, tags=TAGS)
aws.cloudwatch.CompositeAlarm(
    "any", alarm_name="any", alarm_rule='ALARM("daily")', alarm_actions=[topic.arn], tags=TAGS)
"""
READER = 'aws.sns.TopicSubscription("oncall", topic=topic.arn, protocol="email", endpoint="oncall@example.com")\n'
NAIVE = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def tagged(args, report):
    if args.resource_type == "aws:sns/topic:Topic" and "team" not in args.props["tagsAll"]:
        report("needs a team")

PolicyPack("greenai-carbon-gate", [ResourceValidationPolicy("naive", "As one would write it.", tagged,
           enforcement_level=EnforcementLevel.MANDATORY)])
"""


class Gated(Project):
    """A project with a carbon gate, and our command line in it."""

    def run(self, *arguments: str) -> Run:
        return CommandLine(self.folder, self.engine.environment)(*arguments)

    @property
    def built(self) -> set[str]:
        """Names of what a provider has built."""
        return {one["urn"].rsplit("::", 1)[-1] for one in self.resources() if one["type"].startswith("aws:")}


def gated(engine: Engine, folder: Path, program: str, settings: str = "") -> Gated:
    (folder / "Pulumi.yaml").write_text(PULUMI_YAML)
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-north-1\n")
    (folder / "__main__.py").write_text(program)
    shutil.copytree(ROOT / "stacks" / "policy", folder / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    if settings:
        (folder / "policy" / "greenai-policy.yaml").write_text(settings)
    made = Gated(engine.apart(folder / "engine"), folder, "dev")
    made.pulumi("stack", "init", "--no-select")
    return made


def test_a_sound_stack_is_built(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, SOUND)

    done = project.run("up", "--yes")

    assert done.code == 0, done.said
    assert project.built == {"key", "news"}


def test_a_violation_stops_up_and_nothing_is_built(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, UNTAGGED)

    preview = project.run("preview")
    up = project.run("up", "--yes")
    as_json = project.run("preview", "--json")

    for run in (preview, up, as_json):
        assert run.code == 1, run.said
        assert run.err.startswith("error: dev: mandatory policies are violated.\n  | [carbon-tags] news: ")
        assert "lacks the tags project, team" in run.err
        assert "greenai-infra check --stack dev" in run.err
    assert project.built == set()


def test_plain_pulumi_with_the_pack_builds_nothing_past_a_violation(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, UNTAGGED)

    up = project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policy", check=False)

    assert up.returncode != 0
    assert "[mandatory]  carbon-tags" in up.stdout
    assert "news" not in project.built


def test_a_rule_about_the_stack_stops_up_too(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, SERVING)

    up = project.run("up", "--yes")

    assert up.code == 1
    assert "[budget-alarm] sample-dev: serve trains or serves, and has no alarm on carbon_emissions_kg" in up.err
    assert project.built == set()


def test_an_alarm_counts_once_somebody_hears_it(engine: Engine, tmp_path: Path) -> None:
    """The engine tells the pack what an unknown ARN is made of; later it is known."""
    project = gated(engine, tmp_path, SERVING + ALARM, "rules: {alarm-heard: {severity: mandatory}}\n")

    unheard = project.run("up", "--yes")
    (tmp_path / "__main__.py").write_text(SERVING + ALARM + READER)
    heard = project.run("up", "--yes")
    again = project.run("preview")

    assert unheard.code == 1
    assert "nobody hears of it: the topic page of the budget alarm daily has no subscription" in unheard.err
    assert (heard.code, again.code) == (0, 0), heard.said + again.said
    assert {"page", "oncall", "daily", "any"} <= project.built


def test_advice_does_not_stop_up(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, UNTAGGED, "rules: {carbon-tags: {severity: advisory}}\n")

    up = project.run("up", "--yes")

    assert up.code == 0, up.said
    assert "[advisory]  carbon-tags" in up.out
    assert project.built == {"key", "news"}


def test_the_engines_own_config_for_packs(engine: Engine, tmp_path: Path) -> None:
    """`--policy-pack-config` changes the level, and is checked against the pack's schema."""
    project = gated(engine, tmp_path, SOUND)
    config, pack = tmp_path / "config.json", ("preview", "--policy-pack", "policy", "--policy-pack-config")

    def preview(content: dict[str, Any]) -> Any:
        config.write_text(json.dumps(content))
        return project.pulumi(*pack, str(config), check=False)

    capped = preview({"region-intensity": {"max_g_per_kwh": 20}})
    advised = preview({"region-intensity": {"enforcementLevel": "advisory", "max_g_per_kwh": 20}})
    refused = preview({"region-intensity": {"max_g_per_kwh": "low"}})

    assert capped.returncode != 0
    assert "20.4 g/kWh, more than the cap of 20" in capped.stdout
    assert advised.returncode == 0, advised.stdout
    assert "[advisory]  region-intensity" in advised.stdout
    assert refused.returncode != 0
    assert "max_g_per_kwh" in refused.stdout + refused.stderr


def test_an_unknown_tag_shuts_the_gate_in_preview(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, UNKNOWN_TAG)

    preview = project.run("preview")

    assert preview.code == 1
    assert "[carbon-tags] news: tags: the rule could not run" in preview.err
    assert "can't run policy" not in preview.said


def test_a_policy_that_the_engine_lets_pass_unrun_shuts_the_gate(engine: Engine, tmp_path: Path) -> None:
    """The trap: plain `pulumi` ends with 0 here."""
    project = gated(engine, tmp_path, UNKNOWN_TAG)
    (tmp_path / "policy" / "__main__.py").write_text(NAIVE)

    plain = project.pulumi("preview", "--policy-pack", "policy", check=False)
    ours = project.run("preview")
    up = project.run("up", "--yes")

    assert plain.returncode == 0
    for run in (ours, up):
        assert run.code == 1, run.said
        assert "rules of the carbon gate could not run, so the gate stays shut" in run.err
        assert "can't run policy 'naive'" in run.err
    assert project.built == set()


def test_a_star_beside_an_arn_stops_its_resource_in_up(engine: Engine, tmp_path: Path) -> None:
    """Unknown in the engine's preview; the offline preview reads it with a stand-in."""
    project = gated(engine, tmp_path, STAR_WITH_ARN)

    check = project.run("check")
    up = project.run("up", "--yes")

    assert check.code == 1
    assert "SHUT for sample/dev in eu-north-1 by no-star-actions" in check.out
    assert up.code == 1, up.said
    assert "[no-star-actions] all: " in up.err
    assert "all" not in project.built


def test_the_gate_can_be_left_out_and_replaced(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, UNTAGGED)
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "policy", other)
    (other / "greenai-policy.yaml").write_text("rules: {carbon-tags: {severity: disabled}}\n")

    without = project.run("preview", "--no-policy")
    replaced = project.run("preview", "--policy-pack", "other")
    both = project.run("preview", "--no-policy", "--policy-pack", "other")
    missing = project.run("preview", "--policy-pack", "nowhere")

    assert without.code == 0, without.said
    assert "warning: the carbon gate is skipped" in without.err
    assert replaced.code == 0, replaced.said
    assert (both.code, missing.code) == (2, 2)
    assert "PulumiPolicy.yaml" in missing.err


def test_settings_that_can_not_be_used(engine: Engine, tmp_path: Path) -> None:
    project = gated(engine, tmp_path, SOUND, "rules: {carbon-tag: {}}\n")

    online, offline = project.run("preview"), project.run("preview", "--offline")

    for run in (online, offline):
        assert run.code == 2, run.said
        assert run.err.startswith("error: greenai-policy.yaml: rules.carbon-tag: unknown key")
