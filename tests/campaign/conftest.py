import logging
from collections.abc import Iterator

import pytest

from greenai_infra.intensity.choice.user_settings import variables

from .leaks import Ears
from .runner import Ground
from .tally import Tally
from .wire import Doors, Site

TALLY = Tally()
PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all")]


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_user() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [*variables().values(), *PROXIES, *(name.upper() for name in PROXIES)]:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    site, doors = Site(), Doors()
    yield Ground(site, doors, tmp_path_factory.mktemp("caches"))
    site.close()
    doors.close()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Site]:
    """Another host, to which redirects lead and where nobody should arrive."""
    site = Site("127.0.0.2")
    yield site
    site.close()


@pytest.fixture
def ears() -> Iterator[Ears]:
    """Hears whatever is logged, at the level that says most."""
    ears = Ears()
    loggers = [logging.getLogger(name) for name in ("urllib3", "greenai_infra")]
    before = [(one.level, one.propagate) for one in loggers]
    for one in loggers:
        one.addHandler(ears)
        one.setLevel(logging.DEBUG)
        one.propagate = False
    yield ears
    for one, (level, propagate) in zip(loggers, before, strict=True):
        one.removeHandler(ears)
        one.setLevel(level)
        one.propagate = propagate


@pytest.fixture(scope="session")
def tally() -> Tally:
    return TALLY


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if TALLY.rows:
        terminalreporter.section(f"fault campaign, seed {config.getoption('--campaign-seed')}")
        for line in TALLY.table():
            terminalreporter.write_line(line)
