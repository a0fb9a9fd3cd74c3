"""What the cache stack on Google Cloud declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.contracts.cache_connection import PREFIX, CacheConnection

from .gcp_previews import changed, mistakes, of, one_of, refusal, show

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    return show(tmp_path_factory.mktemp("cache"), changed("gcp-cache", "cache", {}))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    return show(tmp_path_factory.mktemp("cluster"), changed("gcp-cache-cluster", "cache", {}))


def test_it_is_encrypted_authenticated_and_kept(alone: PreviewResult) -> None:
    cache = one_of(alone, "Instance").inputs

    assert (cache["authorizationMode"], cache["transitEncryptionMode"]) == ("IAM_AUTH", "SERVER_AUTHENTICATION")
    assert "kmsKey" in cache
    assert cache["deletionProtectionEnabled"] is True
    assert (cache["mode"], cache["shardCount"], cache["replicaCount"]) == ("CLUSTER_DISABLED", 1, 1)
    assert cache["engineConfigs"] == {"maxmemory-policy": "allkeys-lru"}
    assert cache["persistenceConfig"] == {"mode": "DISABLED"}
    assert cache["maintenancePolicy"]["weeklyMaintenanceWindows"] == [{"day": "SUNDAY", "startTime": {"hours": 3}}]
    assert mistakes(alone) == []
    assert alone.missing_tags() == {}


def test_it_is_reached_from_one_subnet_only(alone: PreviewResult) -> None:
    policy = one_of(alone, "ServiceConnectionPolicy").inputs

    assert policy["serviceClass"] == "gcp-memorystore"
    assert len(policy["pscConfig"]["subnetworks"]) == 1
    assert len(one_of(alone, "Instance").inputs["desiredAutoCreatedEndpoints"]) == 1


def test_a_client_may_connect_to_this_cache_and_no_other(alone: PreviewResult) -> None:
    [client] = [one.inputs for one in of(alone, "IAMMember") if "condition" in one.inputs]

    assert client["role"] == "roles/memorystore.dbConnectionUser"
    assert client["member"] == "serviceAccount:api@acme-ml.iam.gserviceaccount.com"
    assert client["condition"]["expression"] == (
        'resource.name == "projects/acme-ml/locations/europe-north1/instances/answers-cache"'
    )


def test_people_hear_of_memory_evictions_and_connections(alone: PreviewResult) -> None:
    limits = {
        one.name: one.inputs["conditions"][0]["conditionThreshold"]["thresholdValue"]
        for one in of(alone, "AlertPolicy")
    }

    # 80 % of the memory; 1,000 keys a minute are 16.67 a second
    assert limits == {
        "answers-memory": 0.8,
        "answers-evictions": pytest.approx(16.6667, abs=1e-4),
        "answers-connections": 8000,
        "answers-rejected": 0,
    }


def test_it_exports_the_contract_of_the_cache_library(alone: PreviewResult) -> None:
    names = {PREFIX + name for name in CacheConnection.__dataclass_fields__}

    assert names <= set(alone.outputs)
    assert alone.outputs["cache_auth"] == "iam"
    assert alone.outputs["cache_region"] == "europe-north1"


def test_a_cluster_in_a_network_that_is_there(cluster: PreviewResult) -> None:
    cache = one_of(cluster, "Instance").inputs

    assert (cache["mode"], cache["shardCount"], cache["replicaCount"]) == ("CLUSTER", 3, 2)
    assert cache["desiredAutoCreatedEndpoints"][0]["network"] == "projects/acme-ml/global/networks/apps"
    assert cache["deletionProtectionEnabled"] is False
    assert not of(cluster, "Network")
    assert mistakes(cluster) == []


def test_a_connection_policy_that_is_there_is_not_declared_again(tmp_path: Path) -> None:
    shown = show(tmp_path, changed("gcp-cache-cluster", "cache", {"connection_policy_exists": True}))

    assert not of(shown, "ServiceConnectionPolicy")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"node_type": "STANDARD_SMAL"}, "did you mean STANDARD_SMALL"),
    ({"shards": 2}, "shards: 2 needs cluster_mode: true"),
    ({"network": "projects/acme-ml/global/networks/apps"}, "network and subnet go together"),
    ({"connection_policy_exists": True}, "name network and subnet"),
    ({"single_zone": "europe-north1-a"}, "single_zone gives up"),
    ({"replicas": 0, "single_zone": "europe-west1-b"}, "is not in region europe-north1"),
    ({"clients": ["group:all@example.com"]}, "clients.0"),
    ({"clients": ["allUsers"]}, "clients.0"),
    ({"eviction_policy": "lru"}, "eviction_policy"),
    ({"maintenance.day": "Sunday"}, "maintenance.day"),
    ({"maintenance.hour": 24}, "maintenance.hour"),
    ({"alerts.memory_percent": 120}, "alerts.memory_percent"),
    ({"region": "eu-north-1"}, "region"),
    ({"cidr": "10.44.0.1/24"}, "cidr"),
]


@pytest.mark.parametrize(("changes", "said"), BAD)
def test_a_config_that_can_t_be_built_is_refused_first(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = refusal(show(tmp_path, changed("gcp-cache", "cache", changes)))

    assert "greenai-infra:cache" in message
    assert said in message
