"""The three example stacks."""

from __future__ import annotations

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")

from .declare import Declared, declare


def pytest_configure(config: pytest.Config) -> None:
    """The SDK warns of its own old names whenever one of its packages is loaded."""
    config.addinivalue_line("filterwarnings", "ignore:.*has been deprecated in favor of:DeprecationWarning")


EXAMPLES = ("contiguous", "sliced", "now")


@pytest.fixture(params=EXAMPLES)
def declared(request: pytest.FixtureRequest) -> Declared:
    """What each example stack declares."""
    return declare(request.param)
