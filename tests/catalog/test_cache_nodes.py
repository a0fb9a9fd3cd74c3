"""The node types of ElastiCache, held against botocore's documentation and figures that others published."""

from __future__ import annotations

import re

import pytest

from greenai_infra.catalog.cache_nodes import cache_nodes, find_cache_node
from greenai_infra.catalog.processors import processors
from greenai_infra.catalog.service_prices import priced_regions, service_price
from greenai_infra.errors import InputError


def documented() -> set[str]:
    """Every node type that botocore's documentation of the API names."""
    pytest.importorskip("botocore")
    from greenai_infra.previews.sdk.aws_models import shape

    members = shape("elasticache", "CreateReplicationGroupMessage")["members"]
    return set(re.findall(r"cache\.[a-z0-9]+\.[a-z0-9]+", members["CacheNodeType"]["documentation"]))


def test_every_documented_type_is_there() -> None:
    assert documented() <= cache_nodes().keys()


def test_types_beyond_the_documentation_say_where_they_are_from() -> None:
    beyond = [node for name, node in cache_nodes().items() if name not in documented()]
    assert {node.node_type.split(".")[1] for node in beyond} == {"r8g", "c7gn"}
    assert all("botocore" not in node.source for node in beyond)


@pytest.mark.parametrize(
    ("node_type", "words"),
    [
        ("cache.r7g.huge", "did you mean cache.r7g.large"),
        ("cache.R7G.large", "did you mean cache.r7g.large"),
        ("r7g.large", "unknown ElastiCache node type"),
        ("ml.g5.xlarge", "unknown ElastiCache node type"),
        ("", "unknown ElastiCache node type"),
        ("cache.m3.large", "no longer sells nodes"),
        ("cache.t2.micro", "no longer sells nodes"),
    ],
)
def test_a_type_that_can_t_be_had_is_refused(node_type: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_cache_node(node_type)


def test_what_is_in_a_node() -> None:
    node = find_cache_node("cache.r7g.large")
    # AWS: r7g.large has 2 vCPUs; ElastiCache offers 13.07 GiB of it
    assert (node.vcpus, node.memory_gib, node.processor) == (2, 13.07, "Graviton3")


def test_every_processor_has_its_power() -> None:
    named = {node.processor for node in cache_nodes().values() if node.processor}
    assert named <= processors().keys()
    assert all(0 < one.idle_w_per_vcpu < one.full_w_per_vcpu for one in processors().values())


def test_sizes_of_a_family_cost_in_proportion() -> None:
    """AWS prices by size: an xlarge is two larges, give or take a rounding. A copying error would show."""
    for family in ("r7g", "r8g"):
        large = service_price("aws", f"elasticache-valkey:cache.{family}.large", "us-east-1")
        assert large is not None
        for factor, size in ((2, "xlarge"), (4, "2xlarge"), (8, "4xlarge"), (16, "8xlarge"), (32, "16xlarge")):
            bigger = service_price("aws", f"elasticache-valkey:cache.{family}.{size}", "us-east-1")
            assert bigger is not None
            assert bigger.usd == pytest.approx(factor * large.usd, rel=0.005)


def test_a_price_holds_where_it_is_known_and_nowhere_else() -> None:
    assert service_price("aws", "vpc-endpoint-interface", "us-east-1").usd == 0.01  # type: ignore[union-attr]
    assert service_price("aws", "vpc-endpoint-interface", "eu-north-1") is None
    assert priced_regions("aws", "vpc-endpoint-interface") == ("us-east-1", "us-west-2")
    assert service_price("aws", "kms-key", "eu-north-1").usd == 1  # type: ignore[union-attr]
    assert service_price("aws", "no-such-thing", "us-east-1") is None
