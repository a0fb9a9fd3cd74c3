"""The carbon gate says the same in the offline preview, in the policy pack over gRPC, and in `check`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("pulumi_policy")

from pulumi.runtime.proto import analyzer_pb2

from greenai_infra.clock import format_time, now
from greenai_infra.policy.rules import RULES
from greenai_infra.previews.gate_report import report_of
from greenai_infra.previews.run import preview
from greenai_infra.project.project import read_stack
from tests.engine.pack_driver import Pack, running
from tests.policy.declare import TAGS
from tests.previews.offline_project import write_project

if TYPE_CHECKING:
    from greenai_infra.previews.result import PreviewResult

PACK = Path(__file__).parents[2] / "stacks" / "policy"
FRESH = {**TAGS, "carbon-observed-at": format_time(now())}  # the pack takes the time from the clock
TAGGED = f"TAGS = {FRESH!r}\n"
CONFIG = "config:\n  aws:region: eu-north-1\n"
KEY = 'key = aws.kms.Key("key", tags=TAGS)\n'
JOB = """
aws.sagemaker.TrainingJob("job", training_job_name="job", role_arn="arn:aws:iam::123456789012:role/r", tags=TAGS,
    algorithm_specification={"training_image": "i", "training_input_mode": "File"},
    resource_config={"instance_type": "ml.m5.large", "instance_count": 1, "volume_size_in_gb": 9,
                     "volume_kms_key_id": key.arn},
    output_data_config={"s3_output_path": "s3://bucket/out", "kms_key_id": key.arn},
    stopping_condition={"max_runtime_in_seconds": 60})
"""
ALARM = """
topic = aws.sns.Topic("page", kms_master_key_id=key.arn, tags=TAGS)
alarm = aws.cloudwatch.MetricAlarm("daily", namespace="GreenAI", metric_name="carbon_emissions_kg", period=86400,
    evaluation_periods=1, statistic="Sum", comparison_operator="GreaterThanThreshold", threshold=THRESHOLD, tags=TAGS)
aws.cloudwatch.CompositeAlarm("any", alarm_name="any", alarm_rule=pulumi.Output.concat("ALARM(", alarm.name, ")"),
    alarm_actions=[topic.arn], tags=TAGS)
"""
READER = 'aws.sns.TopicSubscription("oncall", topic=topic.arn, protocol="email", endpoint="oncall@example.com")\n'
OTHERS_TOPIC = ALARM.replace("topic.arn", '"arn:aws:sns:eu-north-1:123456789012:oncall"')
LOOKED_UP = ALARM.replace("topic.arn", 'aws.sns.get_topic_output(name="oncall").arn')
BUCKET = """
bucket = aws.s3.Bucket("data", tags=TAGS)
other = aws.s3.Bucket("logs", tags=TAGS)
for name, of in (("data", bucket), ("logs", other)):
    aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=of.bucket, rules=[{
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}}])
aws.s3.BucketPublicAccessBlock("data", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True,
    ignore_public_acls=True, restrict_public_buckets=True, opts=pulumi.ResourceOptions(depends_on=[other]))
"""
STAR = 'json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})'

CASES: dict[str, tuple[str, str, dict[str, Any], set[tuple[str, str, str]]]] = {
    "sound": (KEY + ALARM.replace("THRESHOLD", "5") + READER + JOB, "", {}, set()),
    "an alarm that nobody hears": (
        KEY + ALARM.replace("THRESHOLD", "5") + JOB,
        "",
        {},
        {("alarm-heard", "page", "advisory")},
    ),
    "a topic from elsewhere": (KEY + OTHERS_TOPIC.replace("THRESHOLD", "5") + JOB, "", {}, set()),
    "a topic of which nothing is known": (
        KEY + LOOKED_UP.replace("THRESHOLD", "5") + JOB,
        "",
        {},
        {("budget-alarm", "any", "mandatory")},
    ),
    "tags from the provider": (
        KEY.replace(", tags=TAGS", ""),
        "  aws:defaultTags: " + json.dumps({"tags": FRESH}) + "\n",
        {},
        set(),
    ),
    "no tags": ('aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")', "", {}, {("carbon-tags", "net", "mandatory")}),
    "unknown tags": (
        KEY + 'aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags={**TAGS, "key": key.arn})',
        "",
        {},
        {("carbon-tags", "net", "mandatory"), ("plan-age", "net", "advisory")},
    ),
    "no alarm": (KEY + JOB, "", {}, {("budget-alarm", "dev", "mandatory")}),
    "unknown threshold": (
        KEY + ALARM.replace("THRESHOLD", "key.arn.apply(len)") + JOB,
        "",
        {},
        {("budget-alarm", "daily", "mandatory")},
    ),
    "a warning": (
        KEY + JOB,
        "",
        {"rules": {"budget-alarm": {"severity": "advisory"}}},
        {("budget-alarm", "dev", "advisory")},
    ),
    "off": (KEY + JOB, "", {"rules": {"budget-alarm": {"severity": "disabled"}}}, set()),
    "an open door": (
        'aws.vpc.SecurityGroupIngressRule("in", security_group_id="sg-1", ip_protocol="tcp", from_port=443, '
        'to_port=443, cidr_ipv4="0.0.0.0/0", tags=TAGS)',
        "",
        {},
        {("no-public-access", "in", "mandatory")},
    ),
    "a bucket without its block": (KEY + BUCKET, "", {}, {("bucket-public-access", "logs", "mandatory")}),
    "a star": (
        f'aws.iam.RolePolicy("all", role="r", policy={STAR})',
        "",
        {},
        {("no-star-actions", "all", "mandatory")},
    ),
    "no encryption": ('aws.sns.Topic("news", tags=TAGS)', "", {}, {("encryption", "news", "mandatory")}),
    "a dirty grid": (
        KEY,
        "",
        {"rules": {"region-intensity": {"max_g_per_kwh": 20}}},
        {("region-intensity", "key", "mandatory")},
    ),
    "a dirty grid in the config": (
        KEY,
        "  shop:training: {carbon: {intensity_g_per_kwh: 480, basis: lifecycle, signal: average}}\n",
        {"rules": {"region-intensity": {"max_g_per_kwh": 50}}},
        {("region-intensity", "dev", "mandatory"), ("plan-age", "dev", "advisory")},
    ),
    "a price over the cap": (
        KEY,
        "",
        {"rules": {"cost-cap": {"max_usd_per_month": 0.5}}},
        {("cost-cap", "dev", "mandatory")},
    ),
    "a price that nobody knows": (
        KEY + 'aws.ec2.Instance("box", instance_type=key.arn, tags=TAGS, associate_public_ip_address=False,'
        ' root_block_device={"encrypted": True, "kms_key_id": key.arn})',
        "",
        {"rules": {"cost-cap": {"max_usd_per_month": 5000}}},
        {("cost-cap", "dev", "mandatory"), ("not-judged", "", "advisory")},
    ),
    "an old plan": (
        KEY,
        "  shop:training: {planned: {planned_at: '2020-01-01T00:00:00Z'}}\n",
        {},
        {("plan-age", "dev", "advisory")},
    ),
    "exempted": (
        'aws.sns.Topic("news", tags=TAGS)',
        "",
        {"exemptions": [{"rule": "encryption", "resource": "news", "reason": "a demo"}]},
        set(),
    ),
    "exempted once": (
        'aws.sns.Topic("news", tags=TAGS)',
        "",
        {"exemptions": [{"rule": "encryption", "resource": "news", "reason": "a demo", "expires": "2020-01-31"}]},
        {("encryption", "news", "mandatory")},
    ),
    "an exemption for nothing": (
        KEY,
        "",
        {"exemptions": [{"rule": "encryption", "resource": "gone", "reason": "a demo"}]},
        {("exemption-unused", "", "advisory")},
    ),
}


def project(folder: Path, program: str, config: str = "", gate: dict[str, Any] | None = None) -> Path:
    """A project with a gate."""
    write_project(folder, TAGGED + program, CONFIG + config)
    shutil.copytree(PACK, folder / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    if gate:
        (folder / "policy" / "greenai-policy.yaml").write_text(yaml.safe_dump(gate))
    return folder


def told(pack: Pack, folder: Path, result: PreviewResult, dry_run: bool = True) -> set[tuple[str, str, str]]:
    """What the pack says of what the offline preview saw."""
    pack.configure_stack("shop", read_stack(folder, "dev").config, dry_run)
    return {(one.rule, one.name.removeprefix("shop-"), one.level) for one in pack.analyze(result.resources)}


def shown(result: PreviewResult) -> set[tuple[str, str, str]]:
    """What the offline preview says of rules."""
    levels = {"error": "mandatory", "warning": "advisory"}
    codes = {rule.id for rule in RULES} | {"exemption-unused"}
    said = {
        (one.code, one.urn.rsplit("::", 1)[-1].removeprefix("shop-"), levels[one.severity])
        for one in result.findings
        if one.code in codes
    }
    return said | {("not-judged", "", "advisory")} if result.not_judged else said


@pytest.mark.parametrize("case", CASES)
def test_the_same_verdict_everywhere(tmp_path: Path, case: str) -> None:
    program, config, gate, expected = CASES[case]
    folder = project(tmp_path, program, config, gate)

    result = preview(folder, "dev")
    report = report_of(result)
    with running(folder / "policy") as pack:
        of_pack = told(pack, folder, result)

    assert shown(result) == expected
    assert of_pack == expected
    shut = {rule for rule, _, level in expected if level == "mandatory"}
    assert set(report.shut_by) == shut
    assert report.gate_open == (not shut)


def test_no_policy_gives_way_to_an_unknown_value(tmp_path: Path) -> None:
    """Where a rule of the usual kind would raise, the SDK would say "can't run policy" and let the preview pass."""
    folder = project(tmp_path, *CASES["unknown tags"][:2])
    result = preview(folder, "dev")

    with running(folder / "policy") as pack:
        pack.configure_stack("shop", {}, True)
        reports = pack.analyze(result.resources)

    assert [(one.rule, one.level) for one in reports] == [("carbon-tags", "mandatory"), ("plan-age", "advisory")]
    assert "the rule could not run" in reports[0].message
    assert "can't run policy" not in reports[0].message


def test_a_policy_with_an_arn_waits_for_up_and_stops_there(tmp_path: Path) -> None:
    program = KEY + (
        'aws.iam.RolePolicy("all", role="r", policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "kms:*", "Resource": key.arn}]}))'
    )
    folder = project(tmp_path, program)
    result = preview(folder, "dev")

    assert shown(result) == {("no-star-actions", "all", "mandatory")}  # read with a stand-in for the ARN
    with running(folder / "policy") as pack:
        assert told(pack, folder, result) == set()
        assert told(pack, folder, result, dry_run=False) == {("no-star-actions", "all", "mandatory")}


def test_levels_and_settings_from_the_engine(tmp_path: Path) -> None:
    """`--policy-pack-config`, which the engine checks against the pack's schema and hands on."""
    folder = project(tmp_path, KEY, gate={"rules": {"region-intensity": {"max_g_per_kwh": 10}}})
    result = preview(folder, "dev")

    with running(folder / "policy") as pack:
        schema = pack.policies["region-intensity"].configSchema.properties
        assert told(pack, folder, result) == {("region-intensity", "key", "mandatory")}
        pack.configure({"region-intensity": analyzer_pb2.ADVISORY}, region_intensity={"max_g_per_kwh": 15.0})
        assert told(pack, folder, result) == {("region-intensity", "key", "advisory")}
        pack.configure({"region-intensity": analyzer_pb2.MANDATORY}, region_intensity={"max_g_per_kwh": 25.0})
        assert told(pack, folder, result) == set()
        pack.configure({"region-intensity": analyzer_pb2.DISABLED})
        assert told(pack, folder, result) == set()
    assert schema["max_g_per_kwh"]["default"] == 10
    assert "severity" not in schema


def test_the_engine_may_take_a_limit_away_or_give_one(tmp_path: Path) -> None:
    """Also of a rule whose severity the settings file names, which must then have a limit there."""
    folder = project(
        tmp_path, KEY, gate={"rules": {"region-intensity": {"severity": "mandatory", "max_g_per_kwh": 10}}}
    )
    result = preview(folder, "dev")
    mandatory = {"region-intensity": analyzer_pb2.MANDATORY}

    with running(folder / "policy") as pack:
        assert told(pack, folder, result) == {("region-intensity", "key", "mandatory")}
        pack.configure(mandatory, region_intensity={"max_g_per_kwh": None})
        assert told(pack, folder, result) == set()
        pack.configure(mandatory, region_intensity={"max_g_per_kwh": 15.0})
        assert told(pack, folder, result) == {("region-intensity", "key", "mandatory")}


def test_the_pack_describes_every_rule(tmp_path: Path) -> None:
    folder = project(tmp_path, "")

    with running(folder / "policy") as pack:
        policies = pack.policies

    assert set(policies) == {rule.id for rule in RULES} | {"exemption-unused", "not-judged"}
    for rule in RULES:
        assert policies[rule.id].remediation_steps == rule.remedy
    assert policies["plan-age"].enforcementLevel == analyzer_pb2.ADVISORY
    assert policies["carbon-tags"].enforcementLevel == analyzer_pb2.MANDATORY


def test_settings_that_can_not_be_used_stop_the_pack(tmp_path: Path) -> None:
    folder = project(tmp_path, "", gate={"rules": {"speed": {}}})
    said = r"greenai-policy\.yaml: rules\.speed: unknown key"
    with pytest.raises(AssertionError, match=said), running(folder / "policy"):
        pass
