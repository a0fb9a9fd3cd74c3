"""Standing figures of declared resources, against figures worked out by hand from the tables' rows."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Secret
from greenai_infra.previews.standing.assemble import MODULES, rules_of, standing
from greenai_infra.previews.standing.free import FREE

if TYPE_CHECKING:
    from collections.abc import Sequence

CARBON = {
    "zone": "US-MIDA-PJM",
    "intensity_g_per_kwh": 400,
    "signal": "average",
    "basis": "lifecycle",
    "source": "a source",
    "kind": "yearly mean",
    "observed_at": "2025-01-01T00:00:00Z",
}
SECTION = {"region": "us-east-1", "carbon": CARBON}
PUE = 1.15  # of us-east-1 in the catalog, 2024
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
RULES = {token for service in MODULES for token in rules_of(service)}
TARGET = "aws:appautoscaling/target:Target"


def declared(
    type_: str, name: str = "x", region: str = "us-east-1", after: Sequence[str] = (), **inputs: Any
) -> DeclaredResource:
    """A resource as a program declares it."""
    return DeclaredResource(
        urn=f"urn:pulumi:dev::p::{type_}::{name}",
        type=type_,
        name=name,
        parent="",
        custom=True,
        inputs=inputs,
        rendered=inputs,
        dependencies=tuple(after),
        region=region,
    )


def only(*resources: DeclaredResource, section: dict[str, Any] | None = None) -> dict[str, Any]:
    """The row of the last resource."""
    return dict(standing(resources, SECTION if section is None else section)["resources"][-1])


def figures(row: dict[str, Any]) -> Any:
    """kWh, kg and USD a month."""
    return row["energy_kwh_per_month"], row["emissions_kg_per_month"], row["cost_usd_per_month"]


def nodes(**changes: Any) -> DeclaredResource:
    """Two shards of two cache.r7g.large."""
    inputs = {"engine": "valkey", "nodeType": "cache.r7g.large", "numNodeGroups": 2, "replicasPerNodeGroup": 1}
    return declared("aws:elasticache/replicationGroup:ReplicationGroup", **{**inputs, **changes})


def test_a_cache_of_nodes() -> None:
    # a node: 2 vCPU x 1.08365 W + 13.07 GiB x 1.073742 x 0.392 W/GB = 7.6685 W; four of them 30.674 W
    # x 730 h = 22.392 kWh; x 1.15 x 400 g = 10.300 kg; 4 x 0.1752 USD x 730 h = 511.58 USD
    kwh, kg, usd = figures(only(nodes()))
    assert kwh == pytest.approx(22.392, abs=0.01)
    assert kg == pytest.approx(22.392 * PUE * 0.4, abs=0.01)
    assert usd == pytest.approx(511.58, abs=0.01)


def test_fewer_than_no_nodes_have_no_price() -> None:
    elsewhere = nodes(numNodeGroups=None, replicasPerNodeGroup=None, numCacheClusters=-1, region="eu-north-1")
    assert only(elsewhere)["cost_usd_per_month"] is None


def test_a_cache_without_cluster_mode_has_as_many_nodes_as_it_says() -> None:
    three = nodes(numNodeGroups=None, replicasPerNodeGroup=None, numCacheClusters=3)
    assert only(three)["what"] == "3 x cache.r7g.large"
    assert only(three)["cost_usd_per_month"] == pytest.approx(3 * 0.1752 * 730)


def test_a_price_that_is_not_known_is_no_zero() -> None:
    elsewhere = standing([nodes(nodeType="cache.m7g.large")], SECTION)
    [row] = elsewhere["resources"]
    assert row["cost_usd_per_month"] is None
    assert "no list price of elasticache-valkey:cache.m7g.large is known" in row["note"]
    assert row["energy_kwh_per_month"] > 0
    assert elsewhere["unpriced"] == ["x"]
    assert elsewhere["total"]["cost_usd_per_month"] is None


def test_redis_is_not_priced_as_valkey() -> None:
    # 0.219 USD a node-hour by AWS's price list of 2024-08, a fifth more than Valkey's; memcached is not in the table.
    assert only(nodes(engine="redis"))["cost_usd_per_month"] == pytest.approx(4 * 0.219 * 730)
    assert only(nodes(engine="memcached"))["cost_usd_per_month"] is None


def test_a_serverless_cache_is_metered_for_100_mb_at_least() -> None:
    cache = declared("aws:elasticache/serverlessCache:ServerlessCache", engine="valkey")
    # 0.1 GB x 730 h x 0.084 USD
    assert figures(only(cache)) == (None, None, pytest.approx(6.132))
    full = declared(
        "aws:elasticache/serverlessCache:ServerlessCache",
        engine="valkey",
        cacheUsageLimits={"dataStorage": {"minimum": 5, "maximum": 10, "unit": "GB"}},
    )
    assert only(full)["cost_usd_per_month"] == pytest.approx(5 * 730 * 0.084)


def test_an_interface_endpoint_costs_by_zone_and_hour() -> None:
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    two = declared(kind, vpcEndpointType="Interface", subnetIds=[UNKNOWN, UNKNOWN])
    # 2 zones x 730 h x 0.01 USD, as infracost's own test has it (14.60)
    assert figures(only(two)) == (None, None, pytest.approx(14.60))
    assert figures(only(declared(kind, vpcEndpointType="Gateway"))) == (0, 0, 0)
    assert figures(only(declared(kind))) == (0, 0, 0)  # gateway is what AWS takes by default
    assert only(declared(kind, vpcEndpointType="Interface", subnetIds=UNKNOWN))["cost_usd_per_month"] is None
    stockholm = only(declared(kind, region="eu-north-1", vpcEndpointType="Interface", subnetIds=["a"]))
    # us-east-1's price stands in, and list prices of the same thing lie up to twice as high elsewhere (sa-east-1).
    band = [stockholm[f"cost_usd_per_month{end}"] for end in ("", "_low", "_high")]
    assert band == pytest.approx([7.30, 7.30, 14.60])
    assert stockholm["cost_is_estimate"] is True
    assert "us-east-1's price stands in for eu-north-1's" in stockholm["note"]
    assert only(two)["cost_is_estimate"] is False


def test_keys_and_secrets() -> None:
    assert only(declared("aws:kms/key:Key", region="eu-north-1"))["cost_usd_per_month"] == 1
    assert only(declared("aws:secretsmanager/secret:Secret"))["cost_usd_per_month"] == 0.4


@pytest.mark.parametrize(
    ("inputs", "usd"),
    [
        ({"metricName": "m", "period": 300}, 0.10),
        ({"metricName": "m", "period": 10}, 0.30),
        ({"metricQueries": [{"id": "e", "expression": "MAX([a, b])"}, {"id": "a", "metric": {"period": 60}},
                            {"id": "b", "metric": {"period": 60}}]}, 0.20),
        ({"metricQueries": [{"id": "e", "expression": "ANOMALY_DETECTION_BAND(a, 2)"},
                            {"id": "a", "metric": {"period": 60}}]}, None),
    ],
)  # fmt: skip
def test_an_alarm_costs_by_the_metrics_it_looks_at(inputs: dict[str, Any], usd: float | None) -> None:
    row = only(declared("aws:cloudwatch/metricAlarm:MetricAlarm", **inputs))
    assert row["cost_usd_per_month"] == (usd if usd is None else pytest.approx(usd))


def endpoint(count: int = 2, instance_type: str = "ml.inf2.xlarge", *more: DeclaredResource) -> dict[str, Any]:
    """The row of an endpoint with one variant."""
    variant = {"variantName": "main", "instanceType": instance_type, "initialInstanceCount": count}
    configuration = declared(CONFIGURATION, "c", productionVariants=[variant])
    return only(configuration, *more, declared(ENDPOINT, "e", after=[configuration.urn]))


def test_an_endpoint_stands_with_its_instances_idle() -> None:
    row = endpoint()
    # Inferentia2 has no listed idle power: 0.19 of the 175 W that are taken for it; an eighth of a host of 1,200 W
    watts = 2 * (0.19 * 175 + 150.0)
    assert row["energy_kwh_per_month"] == pytest.approx(watts * 0.730)
    assert row["emissions_kg_per_month"] == pytest.approx(watts * 0.730 * PUE * 0.4)
    assert row["cost_usd_per_month"] == pytest.approx(2 * 0.99 * 730)
    assert "idle" in row["what"]


def test_autoscaling_says_how_few_instances_there_are() -> None:
    urn = declared(ENDPOINT, "e").urn
    target = declared(TARGET, "t", after=[urn], minCapacity=1, resourceId="endpoint/e/variant/main")
    other = declared(TARGET, "o", after=[urn], minCapacity=5, resourceId="endpoint/e/variant/shadow")
    assert endpoint(3, "ml.inf2.xlarge", target, other)["what"].startswith("1 x ml.inf2.xlarge")


def test_an_endpoint_that_can_t_be_read_is_unknown() -> None:
    assert figures(only(declared(ENDPOINT))) == (None, None, None)
    assert endpoint(1, "ml.p5.48xlarge")["cost_usd_per_month"] is None
    assert endpoint(1, "ml.p5.48xlarge")["energy_kwh_per_month"] > 0
    assert endpoint(1, "ml.c5.xlarge")["energy_kwh_per_month"] is None


def test_a_serverless_variant_stands_for_nothing() -> None:
    variant = {"variantName": "main", "serverlessConfig": {"maxConcurrency": 5, "memorySizeInMb": 4096}}
    configuration = declared(CONFIGURATION, "c", productionVariants=[variant])
    assert figures(only(configuration, declared(ENDPOINT, after=[configuration.urn]))) == (0, 0, 0)
    warm = {"variantName": "main", "serverlessConfig": {"provisionedConcurrency": 2}}
    configuration = declared(CONFIGURATION, "c", productionVariants=[warm])
    assert figures(only(configuration, declared(ENDPOINT, after=[configuration.urn]))) == (None, None, None)


@pytest.mark.parametrize(
    ("accelerator_type", "what"),
    [("v5litepod-8", "8 x TPU-v5e"), ("v6e-4", "4 x TPU-v6e"), ("v5p-16", "8 x TPU-v5p"), ("v4-8", "4 x TPU-v4")],
)
def test_a_tpu_slice_stands_whole(accelerator_type: str, what: str) -> None:
    specs = [{"parent": "p", "nodeId": "n", "node": {"acceleratorType": accelerator_type, "runtimeVersion": "r"}}]
    section = {"provider": "gcp", "region": "us-central1", "carbon": CARBON}
    queued = declared(
        "gcp:tpu/v2QueuedResource:V2QueuedResource", region="", zone="us-central1-a", tpu={"nodeSpecs": specs}
    )
    row = only(queued, section=section)
    assert row["what"].startswith(what)
    assert row["energy_kwh_per_month"] > 0
    assert row["emissions_kg_per_month"] > 0


def test_a_tpu_slice_costs_by_its_chips() -> None:
    machine = declared("gcp:tpu/v2Vm:V2Vm", region="", zone="asia-east1-c", acceleratorType="v5litepod-4")
    # offers.csv: 1.38948 USD a chip-hour in asia-east1
    row = only(machine, section={"provider": "gcp", "region": "asia-east1"})
    assert row["cost_usd_per_month"] == pytest.approx(4 * 1.38948 * 730)
    assert row["emissions_kg_per_month"] is None
    assert "no carbon intensity" in row["note"]


@pytest.mark.parametrize(
    ("machine", "chips"),
    [
        ({"machineType": "ct5lp-hightpu-4t"}, "4 x TPU-v5e"),
        ({"machineType": "ct5lp-hightpu-4t", "tpuTopology": "4x4"}, "16 x TPU-v5e"),
        ({"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}, "1 x L4"),
        ({"machineType": "ct6e-standard-8t"}, "8 x TPU-v6e"),
        ({"machineType": "n1-standard-4"}, None),
        ({"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}, None),
        ({"machineType": "ct5lp-hightpu-4t", "tpuTopology": "3x3"}, None),
    ],
)
def test_an_endpoint_of_vertex_stands_with_its_least_replicas(machine: dict[str, Any], chips: str | None) -> None:
    kind = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
    resources = {"machineSpec": machine, "minReplicaCount": 2, "maxReplicaCount": 5}
    row = only(declared(kind, region="", deployConfig={"dedicatedResources": resources}))
    if chips is None:
        assert figures(row) == (None, None, None)
    else:
        assert row["what"] == f"2 x {machine['machineType']} ({chips}), idle"
        assert row["energy_kwh_per_month"] > 0
    assert row["cost_usd_per_month"] is None


def test_a_replica_of_two_l4_by_hand() -> None:
    # 2 x 37 W with a model loaded + 2/8 x 1,200 W = 374 W; x 730 h = 273.0 kWh
    kind = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
    machine = {"machineType": "g2-standard-24", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 2}
    resources = {"machineSpec": machine, "minReplicaCount": 1}
    row = only(declared(kind, region="", deployConfig={"dedicatedResources": resources}))
    assert row["energy_kwh_per_month"] == pytest.approx(273.0, abs=0.1)


def test_memorystore_is_counted_and_no_more() -> None:
    cache = declared("gcp:memorystore/instance:Instance", shardCount=3, replicaCount=1, nodeType="STANDARD_SMALL")
    assert only(cache)["what"] == "6 x Memorystore STANDARD_SMALL"
    assert figures(only(cache)) == (None, None, None)


def test_what_nobody_knows_is_unknown_and_what_is_free_says_why() -> None:
    found = standing([declared("aws:ec2/instance:Instance", "i"), declared("aws:sns/topic:Topic", "t")], SECTION)
    instance, topic = found["resources"]
    assert figures(instance) == (None, None, None)
    assert "no standing figure is known" in instance["note"]
    assert figures(topic) == (0, 0, 0)
    assert "billed by use" in topic["price_source"]
    assert found["unpriced"] == ["i"]
    assert found["total"] == dict.fromkeys(found["total"])  # not zero: the rest isn't known


def test_the_intensity_is_the_plan_s_and_holds_in_its_region_only() -> None:
    found = standing([nodes(), declared("aws:sns/topic:Topic")], SECTION)
    assert found["intensity"] == {
        "zone": "US-MIDA-PJM", "g_per_kwh": 400.0, "signal": "average", "basis": "lifecycle", "source": "a source",
        "kind": "yearly mean", "observed_at": "2025-01-01T00:00:00Z",
    }  # fmt: skip
    away = only(nodes(), section={**SECTION, "region": "eu-north-1"})
    assert away["energy_kwh_per_month"] > 0
    assert away["emissions_kg_per_month"] is None
    assert "not in the region of the intensity" in away["note"]
    assert only(nodes(), section={})["emissions_kg_per_month"] is None
    assert standing([], {})["intensity"] is None


def test_totals_are_sums_of_what_is_known() -> None:
    found = standing(
        [nodes(), declared("aws:kms/key:Key", "k"), declared("aws:secretsmanager/secret:Secret", "s")], SECTION
    )
    assert found["hours_per_month"] == 730
    assert found["total"]["cost_usd_per_month"] == pytest.approx(511.584 + 1 + 0.4)
    assert found["unpriced"] == []
    nothing = standing([declared("aws:iam/role:Role")], SECTION)
    assert set(nothing["total"].values()) == {0}
    assert nothing["total"].keys() >= {"energy_kwh_per_month", "emissions_kg_per_month", "cost_usd_per_month"}


def test_a_training_stack_has_a_planned_run() -> None:
    planned = {"plan_id": "aa", "rank": 1, "energy_kwh": 61.4, "emissions_kg": 1.5, "cost_usd": 440.0}
    slices = [
        {"start": "2036-12-01T09:00:00Z", "end": "2036-12-01T15:00:00Z"},
        {"start": "2036-12-03T09:00:00Z", "end": "2036-12-03T11:00:00Z"},
    ]
    section = {**SECTION, "region": "us-west-2", "slices": slices, "planned": planned}
    # 61.4 kWh x 1.12 (PUE of us-west-2) x 0.4 kg/kWh = 27.5072 kg; 6 of its 8 hours lie within one day
    expected = {
        "plan_id": "aa", "energy_kwh": 61.4, "emissions_kg": 1.5, "cost_usd": 440.0,
        "operational_kg": pytest.approx(27.5072), "operational_kg_busiest_day": pytest.approx(20.6304),
    }  # fmt: skip
    assert standing([], section)["planned_run"] == expected
    assert standing([], section)["planned_load"] is None
    assert standing([], SECTION)["planned_run"] is None
    assert standing([], {**SECTION, "planned": planned})["planned_run"] is None


@pytest.mark.parametrize(
    ("change", "kg"),
    [({"region": "nowhere-1"}, None), ({"carbon": {}}, None), ({"slices": [{}]}, 27.5072), ({"slices": []}, 27.5072)],
)
def test_operational_kilograms_are_never_guessed(change: dict[str, Any], kg: float | None) -> None:
    section = {**SECTION, "region": "us-west-2", "slices": [{}], "planned": {"plan_id": "aa", "energy_kwh": 61.4}}
    run = standing([], {**section, **change})["planned_run"]
    assert run["operational_kg"] == (kg and pytest.approx(kg))
    assert run["operational_kg_busiest_day"] is None


def test_an_endpoint_has_a_planned_load() -> None:
    served = {**SECTION, "region": "us-west-2", "requests_per_second": 20, "planned": {"energy_j_per_request": 107.0}}
    # 20 x 3600 x 730 requests of 107 J = 5,623,920,000 J = 1562.2 kWh; x 1.12 x 0.4 kg/kWh = 699.8656 kg
    assert standing([], served)["planned_load"] == {
        "requests_per_second": 20,
        "energy_j_per_request": 107,
        "energy_kwh_per_month": pytest.approx(1562.2),
        "operational_kg_per_month": pytest.approx(699.8656),
    }
    assert standing([], served)["planned_run"] is None
    away = standing([], {**served, "region": "nowhere-1"})["planned_load"]
    assert (away["energy_kwh_per_month"], away["operational_kg_per_month"]) == (pytest.approx(1562.2), None)
    for missing in ("requests_per_second", "planned"):
        assert standing([], {key: value for key, value in served.items() if key != missing})["planned_load"] is None


def test_secrets_in_inputs_do_not_hinder() -> None:
    hidden = declared("aws:elasticache/replicationGroup:ReplicationGroup", engine="valkey",
                      nodeType=Secret("cache.r7g.large"), numCacheClusters=Secret(2))  # fmt: skip
    assert only(hidden)["what"] == "2 x cache.r7g.large"


@pytest.mark.parametrize("token", sorted({*RULES, *FREE}))
def test_the_tables_name_types_that_exist(token: str) -> None:
    spec = find_spec(f"pulumi_{token.partition(':')[0]}")
    if spec is None or spec.origin is None:
        pytest.skip("its SDK is not installed")
    assert f'"{token}"' in Path(spec.origin).read_text(encoding="utf-8")  # the table of all its types


def test_no_type_is_both_priced_and_free() -> None:
    assert not RULES & FREE.keys()


def test_every_rule_is_found_by_the_service_of_its_type() -> None:
    assert all(token in rules_of(token.partition("/")[0]) for token in RULES)
