"""The contract between the cache stacks and whoever connects."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from greenai_infra.contracts.cache_connection import CacheConnection, cache_url
from greenai_infra.errors import InputError

OUTPUTS: dict[str, Any] = {
    "cache_url": "rediss://answers.abc.clustercfg.eun1.cache.amazonaws.com:6379",
    "cache_username": "answers",
    "cache_auth": "secret",
    "cache_secret": "arn:aws:secretsmanager:eu-north-1:123456789012:secret:x",
    "cache_region": "eu-north-1",
    "cache_cluster_mode": True,
    "cache_ca": "",
    "vpc_id": "vpc-1",
}


def test_what_a_stack_exports_is_what_a_client_reads() -> None:
    connection = CacheConnection.from_outputs(OUTPUTS)
    assert (connection.host, connection.port) == ("answers.abc.clustercfg.eun1.cache.amazonaws.com", 6379)
    assert connection.as_outputs() == {name: value for name, value in OUTPUTS.items() if name != "vpc_id"}


def test_a_cache_with_tokens_has_no_secret() -> None:
    connection = CacheConnection.from_outputs({**OUTPUTS, "cache_auth": "iam", "cache_secret": ""})
    assert connection.auth == "iam"


def test_a_url() -> None:
    assert cache_url("a.b", 6380) == "rediss://a.b:6380"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cache_url": None}, "cache_url is missing"),
        ({"cache_cluster_mode": "true"}, "cache_cluster_mode is 'true', where a bool"),
        ({"cache_username": 3}, "cache_username is 3"),
        ({"cache_url": "redis://a:6379"}, "not rediss"),
        ({"cache_url": "rediss://a"}, "HOST:PORT"),
        ({"cache_url": "rediss://a:many"}, "HOST:PORT"),
        ({"cache_auth": "none"}, "neither secret nor iam"),
        ({"cache_secret": ""}, "cache_auth is 'secret', but cache_secret is ''"),
        ({"cache_auth": "iam"}, "cache_auth is 'iam', but cache_secret is"),
        ({"cache_url": "rediss://u:hush@a:6379"}, "holds a user or password"),
    ],
)
def test_outputs_that_can_t_be_used_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CacheConnection.from_outputs({**OUTPUTS, **changes})


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(InputError) as refused:
        CacheConnection.from_outputs({**OUTPUTS, "cache_url": "redis://u:hush@a:6379"})
    assert "hush" not in str(refused.value)


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, greenai_infra.contracts.cache_connection;"
        "print(sorted({'pulumi', 'redis', 'requests', 'numpy'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
