"""Each planted mistake is found, with the resource and the property named; sound programs have no findings."""

import json
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.previews.checks.aws.values import ENUMS, LISTED
from greenai_infra.previews.checks.policies import DOCUMENTS
from greenai_infra.previews.sdk.schema import Fields, kinds, resource_schema

from .offline_project import REGION, name_of, only_finding, preview_program, resource

SOUND = """
key = aws.kms.Key("key", enable_key_rotation=True, tags={"team": "ml"})
bucket = aws.s3.Bucket("data", tags={"team": "ml"})
aws.s3.BucketServerSideEncryptionConfiguration("sse", bucket=bucket.id, rules=[{
    "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}}])
aws.s3.BucketVersioning("versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}))
aws.iam.RolePolicy("access", role=role.id, policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [pulumi.Output.concat(bucket.arn, "/*")]}]}))
aws.sagemaker.TrainingJob("job", training_job_name="job", role_arn=role.arn,
    algorithm_specification=aws.sagemaker.TrainingJobAlgorithmSpecificationArgs(
        training_input_mode="File", training_image="123456789012.dkr.ecr.eu-north-1.amazonaws.com/x:latest"),
    resource_config={"instance_type": "ml.g5.2xlarge", "instance_count": 1, "volume_size_in_gb": 50},
    output_data_config={"s3_output_path": pulumi.Output.concat("s3://", bucket.bucket, "/out")},
    stopping_condition={"max_runtime_in_seconds": 3600})
aws.cloudwatch.LogGroup("logs", retention_in_days=90)
aws.cloudwatch.MetricAlarm("alarm", comparison_operator="GreaterThanThreshold", evaluation_periods=1, threshold=80,
    statistic="Sum", metric_name="m", namespace="Shop", period=300, treat_missing_data="breaching")
machine = aws.sfn.StateMachine("machine", role_arn=role.arn, type="STANDARD", definition=pulumi.Output.json_dumps({
    "StartAt": "Train", "States": {
        "Train": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {
            "TrainingJobName.$": "$$.Execution.Name", "RoleArn": role.arn,
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": pulumi.Output.concat("s3://", bucket.bucket)},
            "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}], "Next": "Check"},
        "Check": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Done"}],
                  "Default": "Failed"},
        "Done": {"Type": "Succeed"}, "Failed": {"Type": "Fail"}}}))
aws.scheduler.Schedule("start", schedule_expression="at(2036-12-01T02:00:00)", state="ENABLED",
    flexible_time_window={"mode": "OFF"}, target={"arn": machine.arn, "role_arn": role.arn})
"""


def test_a_sound_program_has_no_findings(tmp_path: Path) -> None:
    result = preview_program(tmp_path, SOUND)

    assert not result.findings
    assert len(result.built) == 11
    assert "arn:aws:iam" in resource(result, "machine").rendered["definition"]


def test_two_resources_of_one_name(tmp_path: Path) -> None:
    finding = only_finding(preview_program(tmp_path, 'aws.sns.Topic("t")\naws.sns.Topic("t")\naws.sqs.Queue("t")\n'))

    assert (finding.code, finding.severity) == ("duplicate-name", "error")
    assert finding.urn == "urn:pulumi:dev::shop::aws:sns/topic:Topic::t"
    assert "__main__.py:4" in finding.message
    assert "__main__.py:5" in finding.message


ROLE = '{"Version": "2012-10-17", "Statement": [%s]}'


@pytest.mark.parametrize(
    ("program", "code", "property_"),
    [
        # types and names of the SDK's schema
        ('aws.cloudwatch.MetricAlarm("x", evaluation_periods=1, threshold="high", namespace="Shop", metric_name="m",'
         ' period=60, statistic="Sum", comparison_operator="GreaterThanThreshold")', "schema-wrong-type", "threshold"),
        ('aws.sns.Topic("x", display_name=7)', "schema-wrong-type", "displayName"),
        ('aws.sns.Topic("x", fifo_topic="true")', "schema-wrong-type", "fifoTopic"),
        ('aws.cloudwatch.LogGroup("x", retention_in_days=1.5)', "schema-wrong-type", "retentionInDays"),
        ('aws.sns.Topic("x", tags={"a": 1})', "schema-wrong-type", "tags.a"),
        ('aws.ec2.SecurityGroup("x", ingress=[{"protocol": "tcp", "from_port": "ssh", "to_port": 22}])',
         "schema-wrong-type", "ingress[0].fromPort"),
        ('aws.ec2.SecurityGroup("x", ingress=[{"protocol": "tcp", "from_port": 22}])',
         "schema-missing-property", "ingress[0].toPort"),
        ('aws.s3.BucketVersioning("x", bucket="b", versioning_configuration={"status": "Enabled", "mfaa": "x"})',
         "schema-unknown-property", "versioningConfiguration.mfaa"),
        # values unknown to AWS's service models
        ('aws.cloudwatch.MetricAlarm("x", evaluation_periods=1, comparison_operator="Above", threshold=1, period=60,'
         ' namespace="Shop", metric_name="m", statistic="Sum")',
         "aws-unknown-value", "comparisonOperator"),
        ('aws.ec2.Instance("x", ami="ami-1", instance_type="p4d.25xlarge")', "aws-unknown-value", "instanceType"),
        ('aws.ec2.LaunchTemplate("x", instance_type="inf9.xlarge")', "aws-unknown-value", "instanceType"),
        ('aws.sagemaker.EndpointConfiguration("x", production_variants=['
         '{"model_name": "m", "instance_type": "inf2.xlarge"}])',
         "aws-unknown-value", "productionVariants[0].instanceType"),
        ('aws.sagemaker.TrainingJob("x", training_job_name="x", role_arn="arn:aws:iam::123456789012:role/r",'
         ' resource_config={"instance_type": "ml.p4d.25xlarge", "instance_count": 1})',
         "aws-unknown-value", "resourceConfig.instanceType"),
        ('aws.cloudwatch.LogGroup("x", retention_in_days=91)', "aws-unknown-value", "retentionInDays"),
        ('aws.kms.Key("x", key_usage="ENCRYPT")', "aws-unknown-value", "keyUsage"),
        ('aws.sfn.StateMachine("x", role_arn="r", definition=\'{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}\','
         ' type="FAST")', "aws-unknown-value", "type"),
        ('aws.scheduler.Schedule("x", schedule_expression="rate(1 day)", state="ON",'
         ' flexible_time_window={"mode": "OFF"}, target={"arn": "a", "role_arn": "r"})', "aws-unknown-value", "state"),
        # cache nodes, which botocore leaves open
        ('aws.elasticache.ReplicationGroup("x", description="d", node_type="cache.r7g.huge")',
         "aws-unknown-cache-node", "nodeType"),
        ('aws.elasticache.ReplicationGroup("x", description="d", node_type="r7g.large")',
         "aws-unknown-cache-node", "nodeType"),
        ('aws.elasticache.Cluster("x", node_type="cache.m3.medium")', "aws-unknown-cache-node", "nodeType"),
        ('aws.elasticache.Cluster("x", node_type="cache.m9g.large")', "aws-unknown-cache-node", "nodeType"),
        ('aws.elasticache.ReplicationGroup("x", description="d", transit_encryption_mode="on")',
         "aws-unknown-value", "transitEncryptionMode"),
        ('aws.elasticache.UserGroup("x", user_group_id="g", engine="keydb")', "aws-unknown-value", "engine"),
        # regions
        ('aws.sns.Topic("x", region="mars-1")', "aws-unknown-region", "region"),
        ('aws.apprunner.Service("x", service_name="s", source_configuration={}, region="eu-north-1")',
         "aws-service-not-in-region", "region"),
        # schedules
        ('aws.scheduler.Schedule("x", schedule_expression="at(2036-12-01 02:00)", flexible_time_window={"mode": "OFF"},'
         ' target={"arn": "a", "role_arn": "r"})', "schedule-malformed", "scheduleExpression"),
        ('aws.scheduler.Schedule("x", schedule_expression="rate(1 day)", flexible_time_window={"mode": "OFF"},'
         ' start_date="2036-12-02T00:00:00Z", end_date="2036-12-01T00:00:00Z", target={"arn": "a", "role_arn": "r"})',
         "schedule-ends-before-start", "endDate"),
        ('aws.scheduler.Schedule("x", schedule_expression="rate(1 day)", flexible_time_window={"mode": "OFF"},'
         ' schedule_expression_timezone="Europe/Atlantis", target={"arn": "a", "role_arn": "r"})',
         "schedule-malformed", "scheduleExpressionTimezone"),
        # tags
        ('aws.sns.Topic("x", tags={"aws:owner": "me"})', "tag-refused", "tagsAll.aws:owner"),
        ('aws.sns.Topic("x", tags={"note": "50%"})', "tag-refused", "tagsAll.note"),
        ('aws.sns.Topic("x", tags={"k" * 129: "v"})', "tag-refused", f"tagsAll.{'k' * 129}"),
        ('aws.sns.Topic("x", tags={"k": "v" * 257})', "tag-refused", "tagsAll.k"),
        ('aws.sns.Topic("x", tags={f"k{n}": "v" for n in range(51)})', "tag-refused", "tagsAll"),
        # policy documents, those too that hold an ARN of another resource
        ('aws.iam.Role("x", assume_role_policy="not json")', "policy-malformed", "assumeRolePolicy"),
        ('t = aws.sns.Topic("t")\naws.sns.TopicPolicy("x", arn=t.arn, policy=pulumi.Output.json_dumps({'
         '"Version": "2012", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish",'
         ' "Resource": t.arn}]}))',
         "policy-malformed", "policy"),
        ('aws.iam.Policy("x", policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",'
         ' "Actions": ["s3:GetObject"], "NotAction": "s3:*", "Resource": "*"}]}))', "policy-malformed", "policy"),
    ],
)  # fmt: skip
def test_a_planted_mistake_is_found(tmp_path: Path, program: str, code: str, property_: str) -> None:
    result = preview_program(tmp_path, program + "\n")

    finding = only_finding(result)
    assert (finding.severity, finding.code, name_of(finding), finding.property) == ("error", code, "x", property_)
    assert finding.remedy
    assert finding.source.startswith("__main__.py:")


def machine(**states: object) -> str:
    definition = {"StartAt": next(iter(states)), "States": states}
    return (
        f'role = aws.iam.Role("r", assume_role_policy=json.dumps({{"Version": "2012-10-17", "Statement": [{{'
        f'"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Service": "states.amazonaws.com"}}}}]}}))\n'
        f"template = {json.dumps(definition)!r}\n"
        'text = role.arn.apply(lambda arn: template.replace("ROLE", arn))\n'
        'aws.sfn.StateMachine("x", role_arn=role.arn, definition=text)\n'
    )


TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
JOB = {
    "TrainingJobName.$": "$.name",
    "RoleArn": "ROLE",
    "OutputDataConfig": {"S3OutputPath": "s3://b"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "AlgorithmSpecification": {"TrainingInputMode": "File"},
}


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "Next of state 'A' names no state: 'B'"),
        ({"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}, "state 'B' is never reached"),
        ({"A": {"Type": "Pass"}}, "state 'A' needs either Next or End"),
        ({"A": {"Type": "Pas", "End": True}}, "unknown Type 'Pas'"),
        (
            {"A": {"Type": "Choice", "Choices": [{"Next": "A"}], "Default": "Z"}},
            "Default of state 'A' names no state: 'Z'",
        ),
        (
            {"A": {"Type": "Task", "Resource": TRAIN, "Parameters": JOB, "Catch": [{"Next": "Z"}], "End": True}},
            "Catch[0].Next of state 'A' names no state: 'Z'",
        ),
        (
            {
                "A": {
                    "Type": "Map",
                    "ItemProcessor": {"StartAt": "Q", "States": {"B": {"Type": "Succeed"}}},
                    "End": True,
                }
            },
            "StartAt in A names no state: 'Q'",
        ),
        (
            {"A": {"Type": "Task", "Resource": TRAIN, "Parameters": {**JOB, "ImageUri": "x"}, "End": True}},
            "CreateTrainingJobRequest has no member 'ImageUri'",
        ),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": TRAIN,
                    "Parameters": {**JOB, "ResourceConfig": {**JOB["ResourceConfig"], "InstanceType": "ml.g55.large"}},  # type: ignore[dict-item]
                    "End": True,
                }
            },
            "ResourceConfig.InstanceType is 'ml.g55.large'",
        ),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": TRAIN,
                    "Parameters": {key: value for key, value in JOB.items() if key != "RoleArn"},
                    "End": True,
                }
            },
            "RoleArn is required and not set",
        ),
    ],
)
def test_a_broken_state_machine_is_found_though_it_holds_an_arn(
    tmp_path: Path, states: dict[str, object], message: str
) -> None:
    finding = only_finding(preview_program(tmp_path, machine(**states)))

    assert (finding.code, name_of(finding), finding.property) == ("state-machine-malformed", "x", "definition")
    assert message in finding.message


def test_default_tags_are_merged_as_the_provider_does(tmp_path: Path) -> None:
    config = "config:\n  aws:region: eu-north-1\n  aws:defaultTags: {tags: {team: ml, env: dev}}\n"
    result = preview_program(
        tmp_path,
        """
        own = aws.Provider(
            "own", region="eu-north-1", default_tags={"tags": {"team": "ops"}}, ignore_tags={"keys": ["skip"]}
        )
        aws.sns.Topic("a", tags={"env": "prod"})
        aws.sns.Topic("b", tags={"skip": "1", "own": "2"}, opts=pulumi.ResourceOptions(provider=own))
        aws.sns.Topic("c", tags={"id": aws.sqs.Queue("q").arn})
        aws.sns.TopicSubscription("s", topic="t", protocol="email", endpoint="a@b.c")
        """,
        config,
    )

    assert not result.findings
    assert resource(result, "a").inputs["tagsAll"] == {"team": "ml", "env": "prod"}
    assert resource(result, "b").tags == {"team": "ops", "own": "2"}
    assert not resource(result, "c").tags
    assert not resource(result, "s").taggable
    assert result.common_tags == {}
    assert {one.name for one in result.built if one.taggable} == {"a", "b", "c", "q"}


def test_an_unknown_region_of_the_stack_is_reported_once(tmp_path: Path) -> None:
    program = 'aws.sns.Topic("a")\naws.sqs.Queue("b")\naws.iam.User("u")\n'
    finding = only_finding(preview_program(tmp_path, program, "config: {aws:region: eu-nort-1}\n"))
    assert (finding.code, finding.property) == ("aws-unknown-region", "aws:region")
    assert "eu-north-1" in finding.remedy

    assert only_finding(preview_program(tmp_path, program, "config: {}\n")).code == "aws-region-not-set"
    assert not preview_program(tmp_path, 'aws.iam.User("u")\n', "config: {}\n").findings


def test_unknown_values_are_never_flagged(tmp_path: Path) -> None:
    result = preview_program(
        tmp_path,
        """
        t = aws.sns.Topic("t")
        n = t.arn.apply(lambda arn: len(arn))
        aws.cloudwatch.MetricAlarm("a", evaluation_periods=n, threshold=n, comparison_operator=t.name, statistic=t.name,
            namespace=t.name, metric_name=t.name, period=n, datapoints_to_alarm=n)
        aws.ec2.Instance("i", ami=t.id, instance_type=t.name, tags={"x": t.arn}, vpc_security_group_ids=[t.id])
        window = t.arn.apply(lambda _: {"mode": "X"})
        aws.scheduler.Schedule("s", schedule_expression=t.name, flexible_time_window=window,
            target={"arn": t.arn, "role_arn": t.arn})
        """,
    )

    assert not result.findings


def _type_at(fields: Fields, path: str) -> str:
    head, _, rest = path.partition(".")
    kind = kinds(fields.types[head.removesuffix("[]")])[0]
    if head.endswith("[]"):
        assert kind.form == "list", path
        kind = kinds(kind.item)[0]
    if not rest:
        return kind.form
    assert kind.fields is not None, path
    return _type_at(kind.fields, rest)


@pytest.mark.parametrize("token", sorted({*ENUMS, *LISTED, *DOCUMENTS}))
def test_the_tables_name_properties_that_the_sdk_has(token: str) -> None:
    schema = resource_schema(token)
    assert schema is not None
    for path in (*ENUMS.get(token, {}), *LISTED.get(token, {}), *DOCUMENTS.get(token, ())):
        assert _type_at(schema.inputs, path) in ("str", "int"), path


def test_the_tables_name_enums_that_botocore_has() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for service, shape in {value for rows in ENUMS.values() for value in rows.values()}:
        assert session.get_service_model(service).shape_for(shape).enum, (service, shape)


def test_one_time_schedule_that_has_passed_is_a_warning(tmp_path: Path) -> None:
    text = """
        aws.scheduler.Schedule("late", schedule_expression="at({when})", flexible_time_window={{"mode": "OFF"}},
            schedule_expression_timezone="{zone}",
            target={{"arn": "arn:aws:sqs:eu-north-1:123456789012:q", "role_arn": "arn:aws:iam::123456789012:role/r"}})
    """
    past = preview_program(tmp_path, text.format(when="2025-06-01T00:00:00", zone="UTC"))
    finding = only_finding(past)
    assert (finding.severity, finding.code) == ("warning", "schedule-passed")
    assert "'at(2025-06-01T00:00:00)' has passed, so it starts nothing" in finding.message

    ahead = preview_program(tmp_path, text.format(when="2199-06-01T00:00:00", zone="Asia/Tokyo"))
    assert not ahead.findings


@pytest.mark.parametrize(("zone", "codes"), [("SE-SE3", set()), ("PL", {"zone-mismatch"})])
def test_carbon_facts_of_another_zone_are_an_error(tmp_path: Path, zone: str, codes: set[str]) -> None:
    config = f"{REGION}  shop:training: {{region: eu-north-1, carbon: {{zone: {zone}}}}}\n"
    result = preview_program(tmp_path, "aws.s3.Bucket('b')", config)
    assert {one.code for one in result.findings} == codes


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, set()),
        ({"intensity_g_per_kwh": 129.4}, set()),  # the table has 129
        ({"intensity_g_per_kwh": 1.0}, {"intensity-mismatch"}),
        ({"observed_at": "2024-01-01T00:00:00Z"}, {"intensity-mismatch"}),  # 2024: 109
        ({"intensity_g_per_kwh": 1.0, "kind": "live"}, set()),
        ({"intensity_g_per_kwh": 1.0, "basis": "direct"}, set()),
        ({"intensity_g_per_kwh": 1.0, "source": "our meters"}, set()),
        ({"intensity_g_per_kwh": "low", "observed_at": "lately"}, set()),  # the section's own reader says so
    ],
)
def test_a_yearly_mean_is_that_of_the_table(tmp_path: Path, changes: dict[str, Any], codes: set[str]) -> None:
    carbon = {
        "zone": "US-NW-BPAT",
        "intensity_g_per_kwh": 129,
        "signal": "average",
        "basis": "lifecycle",
        "source": "Electricity Maps, via thegreenwebfoundation/co2.js",
        "kind": "yearly mean",
        "observed_at": "2025-01-01T00:00:00Z",
    }
    section = json.dumps({"region": "us-west-2", "carbon": {**carbon, **changes}})
    result = preview_program(tmp_path, "aws.s3.Bucket('b')", f"{REGION}  shop:training: {section}\n")
    assert {one.code for one in result.findings} == codes


def test_lookup_whose_result_is_used_at_once_is_explained(tmp_path: Path) -> None:
    result = preview_program(tmp_path, "pulumi.export('account', aws.get_caller_identity().account_id)")
    (failure,) = [one for one in result.findings if one.severity == "error"]
    assert "the result of aws:index/getCallerIdentity:getCallerIdentity is used at once" in failure.message
    assert "get_region_output()" in failure.remedy


MACHINE = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "hunter2-token"}}}'


@pytest.mark.parametrize(
    "program",
    [
        f"""
        role = "arn:aws:iam::123456789012:role/x"
        aws.sfn.StateMachine("sm", role_arn=role, definition=pulumi.Output.secret({MACHINE!r}))
        """,
        'aws.sqs.Queue("q", tags={"owner": pulumi.Output.secret("hunter2-token?*")})',
        """
        aws.scheduler.Schedule("s", schedule_expression=pulumi.Output.secret("at(hunter2-token)"),
            flexible_time_window={"mode": "OFF"},
            target={"arn": "arn:aws:sqs:eu-north-1:123456789012:q", "role_arn": "arn:aws:iam::123456789012:role/r"})
        """,
    ],
)
def test_a_finding_quotes_no_secret(tmp_path: Path, program: str) -> None:
    result = preview_program(tmp_path, program)

    assert any("[secret]" in one.message for one in result.findings)
    assert not any("hunter2" in text for one in result.findings for text in (one.message, one.remedy))
