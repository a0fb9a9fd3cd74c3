"""Options of the fault campaign (tests/campaign); pytest knows options only from here."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault campaign")
    group.addoption("--campaign-seed", type=int, default=20261123, help="what the faults are drawn from")
    group.addoption("--campaign-cases", type=int, default=1500, help="how many faults to inject into live sources")
