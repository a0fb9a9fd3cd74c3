"""No fault crashes or hangs a source, nothing is called live or believed that is not, and no secret gets out."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from greenai_infra.intensity.choice import fallback

from .case import plan
from .files import plan_files, run_file_case
from .leaks import Ears
from .policy import run_policy_case
from .policy_case import plan_policy
from .runner import Ground, Outcome, run_case
from .tally import Tally
from .wire import Site

pytestmark = pytest.mark.campaign
SHOWN = 20


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--campaign-seed"))


@pytest.fixture
def count(pytestconfig: pytest.Config) -> int:
    """Of faults of live sources; files meet a third as many, the order of sources a fifth."""
    return int(pytestconfig.getoption("--campaign-cases"))


@pytest.fixture
def trap(elsewhere: Site) -> str:
    return f"http://{elsewhere.host}:{elsewhere.port}/trap"


@pytest.fixture
def campaign(ground: Ground, tally: Tally, ears: Ears, elsewhere: Site) -> Callable[..., None]:
    """Runs the cases, counts them, and fails with what was found wrong."""

    def run(cases: Sequence[Any], one: Callable[[Any, Ground], Outcome]) -> None:
        outcomes = ground.run_all(cases, one)
        tally.add(outcomes)
        wrong = [f"{case.name}\n    {one.wrong}: {one.what}" for case in outcomes for one in case.findings]
        assert not wrong, "\n".join([f"{len(wrong)} findings", *wrong[:SHOWN]])
        assert not ears.findings
        assert not elsewhere.strays

    return run


def test_live_sources(campaign: Callable[..., None], seed: int, count: int, trap: str) -> None:
    campaign(plan(seed, count, trap), run_case)


def test_files(campaign: Callable[..., None], seed: int, count: int) -> None:
    campaign(plan_files(seed, count // 3), run_file_case)


def test_order_of_sources(
    campaign: Callable[..., None], seed: int, count: int, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "is_now", lambda moment: True)  # the clock of the campaign is another one
    campaign(plan_policy(seed, count // 5, trap), run_policy_case)
