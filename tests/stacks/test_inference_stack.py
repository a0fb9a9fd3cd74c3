"""What the inference program declares on AWS: variant, network, role, scaling, alarms, roll-out, tags."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

import botocore.session
import pulumi
import pytest

from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.stacks.tags import plain_number

from .declare import Declared, config_of, declare, run_program
from .declare import changed as changed_section

EXAMPLES = ("inferentia", "serverless")
ONLY_FOR_ALL_RESOURCES = {"LogInToRegistry", "PutMetrics", "LookAtNetwork"}
ENDPOINT = "greenai-serve-8b"
SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore: EndpointName, EndpointConfigName

changed = partial(changed_section, section="inference")


def declared(example: str = "inferentia", **changes: Any) -> Declared:
    made, refused = run_program(changed(example, **changes))
    assert not refused
    return made


@pytest.fixture(params=EXAMPLES)
def stack(request: pytest.FixtureRequest) -> Declared:
    return declare(request.param)


def variant(made: Declared) -> dict[str, Any]:
    [one] = made.one("EndpointConfiguration").inputs["productionVariants"]
    assert isinstance(one, dict)
    return one


def test_the_variant_is_what_the_plan_says() -> None:
    made = declare("inferentia")

    assert variant(made) == {
        "variantName": "AllTraffic",
        "modelName": "serve-8b-model",
        "instanceType": "ml.inf2.xlarge",
        "initialInstanceCount": 7,
        "initialVariantWeight": 1.0,
        "routingConfigs": [{"routingStrategy": "LEAST_OUTSTANDING_REQUESTS"}],
        "modelDataDownloadTimeoutInSeconds": 1800,
        "containerStartupHealthCheckTimeoutInSeconds": 1800,
        "volumeSizeInGb": 100,
    }
    key = next(one for one in made.of("Key") if one.name == "serve-8b-key")
    assert made.one("EndpointConfiguration").inputs["kmsKeyArn"].endswith(f":{key.name}")


def test_every_inferentia2_machine_is_one_that_sagemaker_serves_on() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    served = set(model.shape_for("ProductionVariantInstanceType").enum)

    assert {f"ml.inf2.{size}" for size in ("xlarge", "8xlarge", "24xlarge", "48xlarge")} <= served


@pytest.mark.parametrize("instance_type", ["ml.g5.2xlarge", "ml.p4d.24xlarge", "ml.trn1.2xlarge"])
def test_instances_with_disks_of_their_own_get_neither_volume_nor_key(instance_type: str) -> None:
    made = declared(instance_type=instance_type)

    assert "volumeSizeInGb" not in variant(made)
    assert "kmsKeyArn" not in made.one("EndpointConfiguration").inputs


def test_a_serverless_endpoint_has_no_network_and_is_not_scaled() -> None:
    made = declare("serverless")

    assert variant(made) == {
        "variantName": "AllTraffic",
        "modelName": "classify-mail-model",
        "serverlessConfig": {"memorySizeInMb": 4096, "maxConcurrency": 20},
    }
    assert {"vpcConfig", "enableNetworkIsolation"}.isdisjoint(made.one("Model").inputs)
    assert [one.type for one in made.resources if ":ec2/" in one.type or ":appautoscaling/" in one.type] == []
    assert "kmsKeyArn" not in made.one("EndpointConfiguration").inputs
    kept = declared("serverless", serverless={"memory_mb": 1024, "max_concurrency": 3, "provisioned_concurrency": 2})
    assert variant(kept)["serverlessConfig"] == {
        "memorySizeInMb": 1024,
        "maxConcurrency": 3,
        "provisionedConcurrency": 2,
    }


def test_an_archive_and_a_folder_are_told_apart() -> None:
    folder = declare("inferentia").one("Model").inputs["primaryContainer"]
    archive = declare("serverless").one("Model").inputs["primaryContainer"]
    inside = declared(model_data=None).one("Model").inputs["primaryContainer"]

    assert folder["modelDataSource"]["s3DataSources"] == [
        {"s3Uri": "s3://acme-models/llama-8b-neuron/", "s3DataType": "S3Prefix", "compressionType": "None"}
    ]
    assert archive["modelDataUrl"] == "s3://acme-models/classifier/model.tar.gz"
    assert {"modelDataUrl", "modelDataSource"}.isdisjoint(inside)


def test_the_container_is_told_of_the_plan_and_of_the_authors_variables() -> None:
    told = declare("inferentia").one("Model").inputs["primaryContainer"]["environment"]

    assert told["OPTION_N_POSITIONS"] == "2048"
    assert told["GREENAI_PLAN_ID"] == "0123456789ab"
    assert told["GREENAI_INTENSITY_G_PER_KWH"] == "20"
    assert told["GREENAI_METRIC_NAMESPACE"] == NAMESPACE
    assert "GREENAI_PLAN_ID" not in declare("serverless").one("Model").inputs["primaryContainer"]["environment"]


def test_the_model_stands_in_private_subnets_without_a_way_out() -> None:
    made = declare("inferentia")
    model = made.one("Model").inputs

    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"]["subnets"] == [f"{subnet.name}-id" for subnet in made.of("Subnet")]
    assert model["vpcConfig"]["securityGroupIds"] == ["serving-serve-8b-id"]
    kinds = {one.type.rpartition(":")[2] for one in made.resources}
    assert kinds.isdisjoint({"InternetGateway", "NatGateway", "SecurityGroupIngressRule"})
    [rule] = made.of("SecurityGroupEgressRule")
    assert (rule.inputs["prefixListId"], rule.inputs["fromPort"]) == ("pl-1", 443)
    [endpoint] = made.of("VpcEndpoint")
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"  # free; an isolated container calls nothing else
    [named] = [one for one in endpoint.policies() if one["Sid"] == "NamedBuckets"]
    assert named["Resource"] == ["arn:aws:s3:::acme-models", "arn:aws:s3:::acme-models/*"]


def test_a_container_that_is_not_isolated_reaches_named_services_only() -> None:
    made = declared(network_isolation=False)

    assert made.one("Model").inputs["enableNetworkIsolation"] is False
    interfaces = [one for one in made.of("VpcEndpoint") if one.inputs["vpcEndpointType"] == "Interface"]
    services = {one.inputs["serviceName"].removeprefix("com.amazonaws.eu-north-1.") for one in interfaces}
    assert services == {"kms", "logs", "monitoring", "sts"}
    assert len(made.of("SecurityGroupIngressRule")) == 1
    for rule in (*made.of("SecurityGroupIngressRule"), *made.of("SecurityGroupEgressRule")):
        assert (rule.inputs["ipProtocol"], rule.inputs["toPort"]) == ("tcp", 443)
        assert "cidrIpv4" not in rule.inputs


def test_the_role_reads_this_model_and_no_other(stack: Declared) -> None:
    [policy] = [one for one in stack.of("RolePolicy") if one.name.endswith("-serving")]
    statements = {one["Sid"]: one for one in policy.policies()}

    wide = {sid for sid, one in statements.items() if one["Resource"] == "*"}
    assert wide <= ONLY_FOR_ALL_RESOURCES
    for one in statements.values():
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        assert not any("*" in action for action in actions)
    assert set(statements["PutMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]) == {
        NAMESPACE,
        "/aws/sagemaker/Endpoints",
    }
    assert "logs:CreateLogGroup" not in json.dumps(statements)


def test_models_are_read_by_their_own_path_and_key() -> None:
    def reads(example: str) -> dict[str, Any]:
        [policy] = [one for one in declare(example).of("RolePolicy") if one.name.endswith("-serving")]
        return {one["Sid"]: one["Resource"] for one in policy.policies()}

    assert reads("inferentia")["ReadModel"] == "arn:aws:s3:::acme-models/llama-8b-neuron/*"
    assert reads("serverless")["ReadModel"] == "arn:aws:s3:::acme-models/classifier/model.tar.gz"
    assert reads("serverless")["OpenModel"] == config_of("serverless")["greenai-infra:inference"]["model_key_arn"]
    assert reads("serverless")["PullImage"] == ["arn:aws:ecr:eu-north-1:123456789012:repository/classifier"]
    assert "OpenModel" not in reads("inferentia")


def test_roles_are_assumed_only_for_our_own_account(stack: Declared) -> None:
    for role in stack.of("Role"):
        [statement] = role.policies()
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert ":123456789012:" in statement["Condition"]["ArnLike"]["aws:SourceArn"]


def test_scaling_follows_the_invocations_of_the_plan() -> None:
    made = declare("inferentia")
    target, policy = made.one("Target").inputs, made.one("Policy").inputs

    assert (target["minCapacity"], target["maxCapacity"]) == (2, 10)
    for one in (target, policy):
        assert one["resourceId"] == f"endpoint/{ENDPOINT}/variant/AllTraffic"
        assert one["scalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
        assert one["serviceNamespace"] == "sagemaker"
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == pytest.approx(1200 / 7)
    assert tracking["predefinedMetricSpecification"] == {
        "predefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }
    assert (tracking["scaleInCooldown"], tracking["scaleOutCooldown"]) == (900, 60)


def test_a_fixed_number_of_instances_is_not_scaled() -> None:
    made = declared(min_instances=7, max_instances=7)

    assert made.of("Target") == made.of("Policy") == []


def alarms(made: Declared) -> dict[str, dict[str, Any]]:
    return {
        one.name.removeprefix("serve-8b-").removeprefix("classify-mail-"): one.inputs for one in made.of("MetricAlarm")
    }


def test_alarms_watch_what_sagemaker_writes_in_its_units() -> None:
    found = alarms(declare("inferentia"))

    assert set(found) == {"latency", "errors", "memory", "disk", "idle"}
    # 15,000 ms are 15 million us, the unit of ModelLatency.
    latency = found["latency"]
    assert (latency["namespace"], latency["metricName"]) == ("AWS/SageMaker", "ModelLatency")
    assert (latency["threshold"], latency["extendedStatistic"]) == (15_000_000, "p90")
    assert "statistic" not in latency
    # Each request is written as 0 or 1, so the mean is a share.
    assert (found["errors"]["metricName"], found["errors"]["statistic"]) == ("Invocation5XXErrors", "Average")
    assert found["errors"]["threshold"] == pytest.approx(0.01)
    # A tenth of 171.43 requests a minute is 1,028.6 an hour.
    idle = found["idle"]
    assert (idle["metricName"], idle["statistic"], idle["period"]) == ("InvocationsPerInstance", "Sum", 3600)
    assert idle["threshold"] == pytest.approx(1028.57, abs=0.01)
    assert (idle["comparisonOperator"], idle["treatMissingData"]) == ("LessThanThreshold", "breaching")
    assert {found[what]["namespace"] for what in ("memory", "disk")} == {"/aws/sagemaker/Endpoints"}
    assert set(alarms(declare("serverless"))) == {"latency", "errors", "memory", "concurrency"}


def test_every_alarm_is_about_this_endpoint_and_reaches_the_topic(stack: Declared) -> None:
    endpoint, topic = stack.one("Endpoint").inputs["name"], stack.one("Topic")
    for one in stack.of("MetricAlarm"):
        assert one.inputs["dimensions"] == {"EndpointName": endpoint, "VariantName": "AllTraffic"}
        assert one.inputs["alarmActions"] == one.inputs["okActions"]
        assert one.inputs["alarmActions"][0].endswith(f":{topic.name}")
    key = next(one for one in stack.of("KeyPolicy"))
    [cloudwatch] = [one for one in key.policies() if one["Sid"] == "CloudWatchAlarms"]
    assert cloudwatch["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert topic.inputs["kmsMasterKeyId"].endswith("-alerts")


def test_without_a_bound_there_is_no_alarm_on_latency() -> None:
    assert "latency" not in alarms(declared(latency_bound_ms=None))


@pytest.mark.parametrize(("least", "percent"), [(2, 50), (3, 50), (4, 25), (7, 25)])
def test_several_instances_are_updated_in_rolls(least: int, percent: int) -> None:
    deployment = declared(min_instances=least).one("Endpoint").inputs["deploymentConfig"]

    assert deployment["rollingUpdatePolicy"]["maximumBatchSize"] == {"type": "CAPACITY_PERCENT", "value": percent}
    assert "blueGreenUpdatePolicy" not in deployment
    assert [one["alarmName"] for one in deployment["autoRollbackConfiguration"]["alarms"]] == [
        "serve-8b-latency",
        "serve-8b-errors",
    ]


@pytest.mark.parametrize("example", ["inferentia", "serverless"])
def test_one_instance_or_none_is_replaced_at_once(example: str) -> None:
    made = declared(example, **({"min_instances": 1} if example == "inferentia" else {}))
    deployment = made.one("Endpoint").inputs["deploymentConfig"]

    assert "rollingUpdatePolicy" not in deployment
    assert deployment["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["type"] == "ALL_AT_ONCE"
    assert deployment["autoRollbackConfiguration"]["alarms"]


def test_only_the_endpoint_is_named_so_that_the_rest_can_be_made_before_the_old_goes(stack: Declared) -> None:
    assert "name" not in stack.one("Model").inputs
    assert "name" not in stack.one("EndpointConfiguration").inputs
    assert SAGEMAKER_NAME.fullmatch(stack.one("Endpoint").inputs["name"])
    [group] = [one for one in stack.of("LogGroup") if "sagemaker" in one.inputs["name"]]
    assert group.inputs["name"] == f"/aws/sagemaker/Endpoints/{stack.one('Endpoint').inputs['name']}"
    assert group.inputs["kmsKeyId"]


def test_the_longest_workload_name_fits() -> None:
    made = declared(workload="a" * 40)

    for kind, length in (("Model", 63), ("EndpointConfiguration", 63), ("Role", 64), ("Bucket", 63)):
        for one in made.of(kind):
            assert len(one.name) + 8 <= length, one
    assert len(made.one("Endpoint").inputs["name"]) <= 63


def test_every_taggable_resource_carries_the_planned_carbon_of_a_request() -> None:
    for resource in declare("inferentia").resources:
        if resource.taggable:
            tags = resource.inputs["tags"]
            assert tags["planned-g-co2e-per-request"] == "0.00109", resource
            assert tags["planned-j-per-request"] == "107"
            assert tags["carbon-zone"] == "SE-SE3"
            assert tags["plan-id"] == "0123456789ab"
    for resource in declare("serverless").resources:
        assert not resource.taggable or "planned-g-co2e-per-request" not in resource.inputs["tags"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00109375, "0.00109"), (1.2e-7, "0.00000012"), (107.02, "107"), (12345, "12300"), (1.5, "1.5")],
)
def test_small_figures_keep_three_digits_and_no_exponent(value: float, text: str) -> None:
    assert plain_number(value) == text


def test_requests_are_kept_only_where_that_is_asked_for() -> None:
    made, without = declare("inferentia"), declared(data_capture=None)
    capture = made.one("EndpointConfiguration").inputs["dataCaptureConfig"]

    assert (capture["enableCapture"], capture["initialSamplingPercentage"]) == (True, 5)
    assert capture["destinationS3Uri"] == "s3://serve-8b-requests-0abc123/requests/"
    assert capture["kmsKeyId"].endswith("serve-8b-key")
    [rule] = made.one("BucketLifecycleConfiguration").inputs["rules"]
    assert rule["expiration"] == {"days": 30}
    assert without.of("Bucket") == []
    assert "dataCaptureConfig" not in without.one("EndpointConfiguration").inputs


def test_a_stack_without_an_image_says_which_key_is_missing_before_it_declares_anything() -> None:
    made, refused = run_program(changed("inferentia", image=None))

    assert refused.startswith("greenai-infra:inference: image: missing;")
    assert "greenai-infra select PLAN --image URI" in refused
    assert made.everything == []


def test_a_contradiction_is_refused_before_anything_is_declared() -> None:
    made, refused = run_program(changed("serverless", instance_type="ml.inf2.xlarge"))

    assert "greenai-infra:inference: serverless and instance_type contradict each other" in refused
    assert made.everything == []


def test_a_carbon_budget_stands_beside_the_endpoint() -> None:
    config = changed("inferentia")
    config["greenai-infra:alarms"] = {"daily_budget_kg": 2, "monthly_budget_kg": 50}

    made, refused = run_program(config)

    assert not refused
    assert len(made.of("Topic")) == len({one.name for one in made.of("Topic")}) == 2
    aliases = [one.inputs["name"] for one in made.of("Alias")]
    assert len(aliases) == len(set(aliases)) == 3


@pytest.mark.parametrize(("daily_kg", "warned"), [(1.2, True), (1.3, False)])
def test_a_planned_load_over_the_daily_budget_is_told(
    monkeypatch: pytest.MonkeyPatch, daily_kg: float, warned: bool
) -> None:
    """20 requests/s x 86,400 s x 120 J = 57.6 kWh a day, 1.152 kg at 20 g/kWh, 1.267 with the PUE of 1.1."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_, **__: said.append(text))
    config = changed("inferentia")
    section = config["greenai-infra:inference"]
    section |= {"requests_per_second": 20, "invocations_per_instance_per_minute": None}
    section["carbon"]["intensity_g_per_kwh"] = 20
    section["planned"]["energy_j_per_request"] = 120
    config["greenai-infra:alarms"] = {"daily_budget_kg": daily_kg, "monthly_budget_kg": 30}

    refused = run_program(config)[1]

    assert not refused
    assert [("emits 1.27 kg CO2e a day (operational, with PUE)" in one) for one in said] == [True] * warned
