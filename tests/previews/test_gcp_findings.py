"""Planted mistakes in resources of Google Cloud are found, with the property named; sound ones have no findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from .offline_project import only_finding, preview_program

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "config:\n  gcp:project: acme-ml\n  gcp:region: europe-west4\n"
HEADER = "import pulumi_gcp as gcp\n"

VM = 'gcp.tpu.V2Vm("t", zone="europe-west4-b", accelerator_type={!r}, runtime_version={!r})'
QUEUED = (
    'gcp.tpu.V2QueuedResource("t", zone="europe-west4-b", tpu={{"node_specs": [{{"parent": "p", "node_id": "n", '
    '"node": {{"accelerator_type": {!r}, "runtime_version": {!r}}}}}]}})'
)
VERTEX = (
    'gcp.vertex.AiEndpointWithModelGardenDeployment("e", location="europe-west4", publisher_model_name="m", '
    'deploy_config={{"dedicated_resources": {{"min_replica_count": 1, "machine_spec": '
    '{{"machine_type": {!r}, "tpu_topology": {!r}}}}}}})'
)
CACHE = 'gcp.memorystore.Instance("c", instance_id="c-cache", location="europe-west4", shard_count=1, {}={!r})'
POLICY = """
gcp.monitoring.AlertPolicy("a", display_name="a", combiner={combiner!r}, conditions=[{{"display_name": "c",
    "condition_threshold": {{"filter": {filter!r}, "comparison": {comparison!r}, "duration": {duration!r},
    "aggregations": [{{"alignment_period": {period!r}, "per_series_aligner": {aligner!r}}}]}}}}])
"""
OURS = 'metric.type="custom.googleapis.com/greenai/carbon_emissions_kg" AND resource.type="generic_task"'


def policy(**changes: str) -> str:
    values = {
        "combiner": "OR",
        "filter": OURS,
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "period": "86400s",
        "aligner": "ALIGN_SUM",
    }
    return POLICY.format(**values | changes)


def absent(seconds: int) -> str:
    condition = {"filter": OURS, "duration": f"{seconds}s"}
    return (
        'gcp.monitoring.AlertPolicy("a", display_name="a", combiner="OR", '
        f'conditions=[{{"display_name": "c", "condition_absent": {condition!r}}}])'
    )


def promql(query: str) -> str:
    return (
        'gcp.monitoring.AlertPolicy("a", display_name="a", combiner="OR", conditions=[{"display_name": "c", '
        f'"condition_prometheus_query_language": {{"query": {query!r}}}}}])'
    )


PLANTED = [
    (VM.format("v5litepod-3", "v2-alpha-tpuv5-lite"), "acceleratorType", "no slice v5litepod-3"),
    (VM.format("v5lite-8", "v2-alpha-tpuv5-lite"), "acceleratorType", "no TPU accelerator type"),
    (VM.format("v5litepod-8", "v2-alpha-tpuv5lite"), "runtimeVersion", "no TPU software version"),
    (VM.format("v5litepod-8", "ubuntu-22"), "runtimeVersion", "no TPU software version"),
    (VM.format("v5litepod-8", "v2-alpha-tpuv6e"), "runtimeVersion", "does not run on v5litepod"),
    (VM.format("v5p-8", "v2-alpha-tpuv5-lite"), "runtimeVersion", "does not run on v5p"),
    (QUEUED.format("v6e-5", "v2-alpha-tpuv6e"), "tpu.nodeSpecs[0].node.acceleratorType", "no slice v6e-5"),
    (QUEUED.format("v6e-8", "v2-beta"), "tpu.nodeSpecs[0].node.runtimeVersion", "no TPU software version"),
    (
        'gcp.tpu.V2Vm("t", zone="europe-west4-b", runtime_version="v2-alpha-tpuv5-lite", '
        'accelerator_config={"type": "V5LITE_POD", "topology": "2*4"})',
        "acceleratorConfig.topology",
        "no topology",
    ),
    (VERTEX.format("ct5lp-hightpu-2t", "1x2"), "deployConfig.dedicatedResources.machineSpec.machineType", "no machine"),
    (VERTEX.format("ct5lp-hightpu-4t", "3x3"), "deployConfig.dedicatedResources.machineSpec.tpuTopology", "topology"),
    (VERTEX.format("g2-standard-8", "2x2"), "deployConfig.dedicatedResources.machineSpec.tpuTopology", "has no TPUs"),
    (CACHE.format("node_type", "STANDARD_TINY"), "nodeType", "does not list"),
    (CACHE.format("mode", "CLUSTERED"), "mode", "does not list"),
    (CACHE.format("authorization_mode", "PASSWORD"), "authorizationMode", "does not list"),
    (CACHE.format("transit_encryption_mode", "TLS"), "transitEncryptionMode", "does not list"),
    (policy(combiner="XOR"), "combiner", "does not list"),
    (policy(comparison=">"), "conditions[0].conditionThreshold.comparison", "does not list"),
    (
        policy(aligner="ALIGN_TOTAL"),
        "conditions[0].conditionThreshold.aggregations[0].perSeriesAligner",
        "does not list",
    ),
    (
        policy(filter=OURS.replace("emissions", "emission")),
        "conditions[0].conditionThreshold.filter",
        "has no descriptor",
    ),
    (
        policy(filter=OURS + ' AND metric.labels.zone="FI"'),
        "conditions[0].conditionThreshold.filter",
        "has no label zone",
    ),
    (policy(filter=OURS.split(" AND ")[0]), "conditions[0].conditionThreshold.filter", "no resource type"),
    (policy(filter='resource.type="global"'), "conditions[0].conditionThreshold.filter", "names no metric types"),
    (policy(duration="90s"), "conditions[0].conditionThreshold.duration", "whole number of minutes"),
    (policy(duration="5m"), "conditions[0].conditionThreshold.duration", "whole number of minutes"),
    (
        policy().replace('"duration"', '"evaluation_missing_data": "EVALUATION_MISSING_DATA_INACTIVE", "duration"'),
        "conditions[0].conditionThreshold.duration",
        "with a duration of 0 s",
    ),
    (
        policy(period="100000s"),
        "conditions[0].conditionThreshold.aggregations[0].alignmentPeriod",
        "60 s to 25 h",
    ),
    (absent(60), "conditions[0].conditionAbsent.duration", "can't be watched"),
    (absent(90000), "conditions[0].conditionAbsent.duration", "can't be watched"),
    (
        promql("sum(sum_over_time(custom_googleapis_com:greenai_carbon_kg[1h])) > 1"),
        "conditions[0].conditionPrometheusQueryLanguage.query",
        "has no descriptor",
    ),
    (
        'gcp.monitoring.MetricDescriptor("m", type="custom.googleapis.com/x", metric_kind="DELTA", value_type="BOOL")',
        "metricKind",
        "does not list",
    ),
    (
        'gcp.monitoring.UptimeCheckConfig("u", display_name="u", timeout="10s", period="30s")',
        "period",
        "does not list",
    ),
]

SOUND = [
    VM.format("v5litepod-8", "v2-alpha-tpuv5-lite"),
    VM.format("v5litepod-256", "v2-alpha-tpuv5-lite"),
    VM.format("v2-8", "tpu-vm-tf-2.13.0"),
    VM.format("v4-32", "tpu-ubuntu2204-base"),
    VM.format("v5p-24", "v2-alpha-tpuv5"),
    QUEUED.format("v6e-8", "v2-alpha-tpuv6e"),
    VERTEX.format("ct5lp-hightpu-4t", "2x2"),
    CACHE.format("node_type", "HIGHMEM_XLARGE"),
    'gcp.storage.BucketIAMMember("m", bucket="b", role="roles/storage.legacyBucketReader", member="projectViewer:p")',
    'gcp.storage.BucketAccessControl("a", bucket="b", role="READER", entity="group-team@example.com")',
    'gcp.storage.Bucket("b", location="EUR5", project="p")',
    'gcp.cloudscheduler.Job("j", schedule="every 5 minutes", region="europe-north1", project="p")',
    policy(),
    policy(filter='metric.type="compute.googleapis.com/instance/cpu/utilization" AND resource.type="gce_instance"'),
    absent(1200),
    promql("sum(sum_over_time(custom_googleapis_com:greenai_carbon_emissions_kg[1h])) > 1"),
    'gcp.monitoring.MetricDescriptor("m", type="custom.googleapis.com/orders", metric_kind="GAUGE", '
    'value_type="INT64", labels=[{"key": "shop"}])\n'
    + policy(filter='metric.type="custom.googleapis.com/orders" AND resource.type="global" AND metric.label.shop="a"'),
    # put together from what exists only after `up`
    'e = gcp.vertex.AiEndpoint("e", display_name="e", location="europe-west4")\n'
    'gcp.monitoring.AlertPolicy("a", display_name="a", combiner="OR", conditions=[{"display_name": "c", '
    '"condition_threshold": {"filter": pulumi.Output.concat("x", e.id), "comparison": "COMPARISON_GT", '
    '"duration": "0s"}}])',
]


@pytest.mark.parametrize(("program", "where", "said"), PLANTED)
def test_a_planted_mistake_is_found(tmp_path: Path, program: str, where: str, said: str) -> None:
    finding = only_finding(preview_program(tmp_path, HEADER + program, CONFIG))

    assert finding.severity == "error"
    assert finding.property == where
    assert said in finding.message
    assert finding.remedy


@pytest.mark.parametrize("program", SOUND)
def test_a_sound_resource_has_no_finding(tmp_path: Path, program: str) -> None:
    assert preview_program(tmp_path, HEADER + program, CONFIG).findings == ()


def test_the_deprecated_query_language_is_a_warning(tmp_path: Path) -> None:
    program = (
        'gcp.monitoring.AlertPolicy("a", display_name="a", combiner="OR", conditions=[{"display_name": "c", '
        '"condition_monitoring_query_language": {"query": "fetch x", "duration": "0s"}}])'
    )

    finding = only_finding(preview_program(tmp_path, HEADER + program, CONFIG))

    assert (finding.severity, finding.code) == ("warning", "alert-malformed")
