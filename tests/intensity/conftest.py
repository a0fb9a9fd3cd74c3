from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.intensity.choice.user_settings import variables
from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps
from greenai_infra.web import site

from .service import NOW, TOKEN, Service

NOWHERE = "http://127.0.0.1:9"
"""An address that refuses connections, for sources that need no key: tests ask no service."""


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        *variables().values(),
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("NESO_BASE_URL", "ENERGY_CHARTS_BASE_URL"):
        monkeypatch.setenv(name, NOWHERE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def _tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long is waited before the next try is urllib3's business; tests wait for a moment."""
    monkeypatch.setattr(site.BoundedRetry, "get_backoff_time", lambda self: 0.02)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "answers")


@pytest.fixture
def maps(service: Service) -> Callable[..., ElectricityMaps]:
    """A source that asks the local server, as of NOW."""

    def make(**options: Any) -> ElectricityMaps:
        return ElectricityMaps(Access(service.url, TOKEN), **{"as_of": NOW, **options})

    return make
