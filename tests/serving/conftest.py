"""A store of each test's own: a database of this process's Valkey, empty at its beginning."""

from __future__ import annotations

import pytest
import redis

from greenai_infra.serving import shared
from greenai_infra.serving.embedded import embedded_path


@pytest.fixture
def store_url(monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty database."""
    monkeypatch.setattr(shared, "LIMIT_S", 30.0)  # a busy test machine
    url = f"unix://{embedded_path()}?db=7"
    redis.from_url(url).flushdb()
    return url
