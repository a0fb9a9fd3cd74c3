"""What the cache program declares: who may connect and as whom, encryption, sizes, alarms, outputs."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from .declare import Declared, declare, run_program
from .declare import changed as changed_section

SECRET_MARK = "4dabf18193072939515e22adb298388d"
EXAMPLES = ("cache-serverless", "cache-nodes", "cache-joined")

changed = partial(changed_section, section="cache")


@pytest.fixture(params=EXAMPLES)
def cache(request: pytest.FixtureRequest) -> Declared:
    """What each example declares."""
    return declare(request.param)


def test_the_default_user_can_not_log_in(cache: Declared) -> None:
    users = {one.inputs["userName"]: one.inputs for one in cache.of("User")}
    assert len(users) == 2
    assert users["default"]["accessString"] == "off -@all"
    [client] = [user for name, user in users.items() if name != "default"]
    assert client["accessString"].startswith("on ")
    for user in users.values():
        assert user["engine"] == "valkey"
        assert "noPasswordRequired" not in user
    group = cache.one("UserGroup").inputs
    assert sorted(group["userIds"]) == sorted(user["userId"] for user in users.values())


def test_secret_and_users_share_one_password_that_is_a_secret(cache: Declared) -> None:
    version = cache.one("SecretVersion").inputs["secretString"]
    assert version[SECRET_MARK]  # what the engine encrypts in the state, and shows nowhere
    assert len(version["value"]) == 64
    for user in cache.of("User"):
        assert user.inputs["passwords"] in ([version], {**version, "value": [version["value"]]})
    assert cache.one("Secret").inputs["kmsKeyId"] == cache.one("Topic").inputs["kmsMasterKeyId"]


def test_nobody_but_named_clients_may_connect(cache: Declared) -> None:
    kinds = {one.type.split(":")[2] for one in cache.resources}
    assert not kinds & {"InternetGateway", "NatGateway", "Route", "Eip"}
    for rule in [*cache.of("SecurityGroupIngressRule"), *cache.of("SecurityGroupEgressRule")]:
        assert rule.inputs.get("cidrIpv4") in (None, "10.80.0.0/16")
        assert "cidrIpv6" not in rule.inputs
        assert rule.inputs["ipProtocol"] == "tcp"
        assert rule.inputs["toPort"] in (443, 6379, 6380)
    for subnet in cache.of("Subnet"):
        assert subnet.inputs["mapPublicIpOnLaunch"] is False


def test_clients_from_the_config_come_in() -> None:
    joined = declare("cache-joined")
    groups = {rule.inputs["referencedSecurityGroupId"] for rule in joined.of("SecurityGroupIngressRule")}
    assert groups == {"sg-0a1b2c3d4e5f60713", "clients-faq-id"}
    assert not joined.of("Vpc")
    assert joined.one("SubnetGroup").inputs["subnetIds"] == ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"]


def test_all_is_encrypted_with_the_stack_s_key(cache: Declared) -> None:
    key = cache.one("Topic").inputs["kmsMasterKeyId"]
    assert cache.one("Key").inputs["enableKeyRotation"] is True
    for group in cache.of("LogGroup"):
        assert group.inputs["kmsKeyId"] == key
    for one in [*cache.of("ReplicationGroup"), *cache.of("ServerlessCache")]:
        assert one.inputs["kmsKeyId"] == key
    for nodes in cache.of("ReplicationGroup"):
        assert nodes.inputs["atRestEncryptionEnabled"] is True
        assert nodes.inputs["transitEncryptionEnabled"] is True
        assert nodes.inputs["transitEncryptionMode"] == "required"


def test_the_key_lets_only_this_account_s_alarms_publish(cache: Declared) -> None:
    [alarms] = [one for one in cache.one("Key").policies() if one["Sid"] == "Alarms"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    for alarm in cache.of("MetricAlarm"):
        assert alarm.inputs["alarmActions"] == [
            f"arn:aws:sns:{alarm.inputs['region']}:123456789012:{cache.one('Topic').name}"
        ]


def test_no_policy_allows_a_wildcard_action(cache: Declared) -> None:
    for resource in cache.resources:
        for statement in resource.policies():
            assert "*" not in json.dumps(statement["Action"]), statement
            assert "None" not in json.dumps(statement)


def test_every_taggable_resource_carries_the_facts(cache: Declared) -> None:
    for resource in cache.resources:
        if resource.taggable:
            assert {"project", "team", "workload", "carbon-zone", "carbon-signal"} <= resource.inputs["tags"].keys()


def test_nodes_stand_in_several_zones_and_take_over() -> None:
    nodes = declare("cache-nodes").one("ReplicationGroup").inputs
    assert (nodes["numNodeGroups"], nodes["replicasPerNodeGroup"]) == (3, 2)
    assert nodes["automaticFailoverEnabled"] is True
    assert nodes["multiAzEnabled"] is True
    assert nodes["clusterMode"] == "enabled"
    parameters = declare("cache-nodes").one("ParameterGroup").inputs
    assert parameters["family"] == "valkey8"
    values = {one["name"]: one["value"] for one in parameters["parameters"]}
    assert values == {"maxmemory-policy": "allkeys-lfu", "cluster-enabled": "yes"}
    kinds = {one["logType"]: one["destinationType"] for one in nodes["logDeliveryConfigurations"]}
    assert kinds == {"slow-log": "cloudwatch-logs", "engine-log": "cloudwatch-logs"}


def test_nodes_without_cluster_mode() -> None:
    joined = declare("cache-joined")
    nodes = joined.one("ReplicationGroup").inputs
    assert nodes["numCacheClusters"] == 2
    assert "numNodeGroups" not in nodes
    assert joined.one("ParameterGroup").inputs["parameters"] == [{"name": "maxmemory-policy", "value": "allkeys-lru"}]
    assert joined.one("ParameterGroup").inputs["family"] == "valkey7"
    assert "snapshotWindow" not in nodes


def test_a_serverless_cache_has_limits() -> None:
    cache = declare("cache-serverless").one("ServerlessCache").inputs
    limits = cache["cacheUsageLimits"]
    assert limits["dataStorage"] == {"maximum": 10, "unit": "GB"}
    assert limits["ecpuPerSeconds"] == [{"maximum": 5000}]
    assert (cache["engine"], cache["majorEngineVersion"]) == ("valkey", "8")
    assert cache["userGroupId"] == "answers"


def test_an_alarm_of_a_shard_looks_at_each_of_its_nodes() -> None:
    alarms = {
        one.name.removeprefix("answers-of-the-assistant-in-ohio-"): one.inputs
        for one in declare("cache-nodes").of("MetricAlarm")
    }
    assert sorted(alarms) == sorted(f"{what}-{n}" for what in ("memory", "evictions", "connections") for n in (1, 2, 3))
    total, *nodes = alarms["memory-2"]["metricQueries"]
    assert total["expression"] == "MAX([node1, node2, node3])"
    assert [one["metric"]["dimensions"]["CacheClusterId"] for one in nodes] == [
        f"answers-of-the-assistant-in-ohio-0002-00{n}" for n in (1, 2, 3)
    ]
    assert {one["metric"]["metricName"] for one in nodes} == {"DatabaseMemoryUsagePercentage"}
    assert alarms["memory-2"]["threshold"] == 80
    assert alarms["evictions-1"]["metricQueries"][0]["expression"].startswith("SUM(")
    assert alarms["connections-3"]["threshold"] == 20000


def test_alarms_of_a_serverless_cache_are_parts_of_its_limits() -> None:
    alarms = {one.name: one.inputs for one in declare("cache-serverless").of("MetricAlarm")}
    # 85 % of 10 GB; 80 % of 5,000 units a second over 60 seconds
    assert alarms["answers-memory"]["threshold"] == pytest.approx(8.5e9)
    assert alarms["answers-memory"]["metricName"] == "BytesUsedForCache"
    assert alarms["answers-requests"]["threshold"] == pytest.approx(240_000)
    assert alarms["answers-requests"]["statistic"] == "Sum"
    assert {one["dimensions"]["clusterId"] for one in alarms.values()} == {"answers"}


def test_names_fit_for_the_longest_workload() -> None:
    declared = declare("cache-nodes")
    assert len(declared.one("Vpc").inputs["tags"]["workload"]) == 32
    for user in declared.of("User"):
        assert len(user.inputs["userId"]) <= 40
    assert len(declared.one("ReplicationGroup").inputs["replicationGroupId"]) <= 40


OWN = {"availability_zones": ["eu-north-1a", "eu-north-1b"]}
NODES = {"node_type": "cache.r7g.large"}
JOIN = {"vpc_id": "vpc-0a1b2c3d4e5f60718", "subnet_ids": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "cluster"}, "mode: must be serverless or replication-group"),
        ({"mode": None}, 'mode: is missing; expected a string, for example "replication-group"'),
        ({"serverless": None}, "mode: serverless needs the section serverless"),
        ({"replication_group": NODES}, "replication_group is for mode: replication-group, and mode is serverless"),
        ({"mode": "replication-group", "serverless": None, "replication_group": {"node_type": "cache.r7g.lage"}},
         "did you mean cache.r7g.large"),
        ({"mode": "replication-group", "serverless": None, "replication_group": {"node_type": "cache.m3.medium"}},
         "AWS no longer sells nodes of type 'cache.m3.medium'"),
        ({"mode": "replication-group", "serverless": None, "replication_group": {**NODES, "replicas_per_shard": 0}},
         "replication_group.replicas_per_shard"),
        ({"mode": "replication-group", "serverless": None,
          "replication_group": {**NODES, "shards": 2, "cluster_mode": False}}, "shards: 2 needs cluster_mode: true"),
        ({"mode": "replication-group", "serverless": None,
          "replication_group": {**NODES, "maxmemory_policy": "noeviction"}}, "maxmemory_policy"),
        ({"serverless": {"max_data_gb": 0, "max_ecpu_per_second": 5000}}, "serverless.max_data_gb"),
        ({"serverless": {"max_data_gb": 10, "max_ecpu_per_second": 10}}, "serverless.max_ecpu_per_second"),
        ({"engine_version": "9.0"}, "engine_version"),
        ({"engine_version": 8.0}, "engine_version"),
        ({"workload": "answers--twice"}, "no two hyphens in a row"),
        ({"workload": "a" * 33}, "at most 32 characters"),
        ({"network": {}}, "needs availability_zones for a network of its own"),
        ({"network": {**OWN, **JOIN}}, "keep one pair"),
        ({"network": {**JOIN, "cidr": "10.1.0.0/16"}}, "keep one pair"),
        ({"network": {"vpc_id": JOIN["vpc_id"]}}, "belong together"),
        ({"network": {**JOIN, "vpc_id": "my-vpc"}}, "network.vpc_id"),
        ({"network": {"availability_zones": ["us-east-1a", "us-east-1b"]}}, "us-east-1a is not in region eu-north-1"),
        ({"network": {**OWN, "client_cidrs": ["0.0.0.0/0"]}}, "0.0.0.0/0 is not private"),
        ({"network": {**OWN, "client_cidrs": ["10.0.0.0/7"]}}, "10.0.0.0/7 is not private"),
        ({"network": {**OWN, "client_cidrs": ["8.8.8.8/32"]}}, "8.8.8.8/32 is not private"),
        ({"network": {**OWN, "client_cidrs": ["::/0"]}}, "IPv6"),
        ({"network": {**OWN, "client_cidrs": ["10.0.0.1/16"]}}, "has host bits set"),
        ({"network": {**OWN, "client_security_groups": ["default"]}}, "network.client_security_groups.0"),
        ({"secret_recovery_days": 3}, "Secrets Manager takes 0, or 7 to 30"),
        ({"alarms": {"memory_percent": 0}}, "alarms.memory_percent"),
        ({"alarms": {"connections": 70000}}, "alarms.connections"),
        ({"alarms": {"evictions_per_minute": float("nan")}}, "alarms.evictions_per_minute"),
        ({"password": "hush"}, "password: unknown key"),
        ({"carbon": None}, "carbon: is missing"),
    ],
)  # fmt: skip
def test_config_that_can_t_be_used_is_refused_by_name(changes: dict[str, Any], expected: str) -> None:
    declared, message = run_program(changed("cache-serverless", **changes))
    assert declared.everything == []
    assert expected in message
    assert all(line.startswith("greenai-infra:cache: ") for line in message.splitlines())
