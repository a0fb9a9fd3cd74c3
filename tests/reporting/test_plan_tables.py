"""Tables of a plan that would be too long to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.reporting.plan_tables import show_pareto

if TYPE_CHECKING:
    import pytest


def row(number: int) -> dict[str, Any]:
    """A point of a front, in so many slices."""
    return {
        "provider": "aws",
        "region": "eu-north-1",
        "instances": 1,
        "instance_type": "p5.48xlarge",
        "start": "2026-11-02T00:00:00Z",
        "slices": [{}] * number,
        "intensity": {"g_per_kwh": 50.0},
        "emissions_kg": 100.0 - number,
        "cost_usd": 1000.0 + number,
    }


def numbers_shown(front: list[dict[str, Any]], chosen: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[int]:
    show_pareto(front, [2000.0] * (len(front) - 1), chosen)
    lines = capsys.readouterr().out.splitlines()
    return [int(line.split("/")[1].split()[0]) for line in lines if "p5.48xlarge" in line]


def test_a_long_front_shows_its_ends_the_choice_and_some_between(capsys: pytest.CaptureFixture[str]) -> None:
    front = [row(number) for number in range(60, 1, -1)]

    shown = numbers_shown(front, front[17], capsys)

    assert len(shown) <= 10
    assert {60, 2, 43, 42} <= set(shown)
    assert shown == sorted(shown, reverse=True)


def test_a_short_front_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    front = [row(number) for number in range(6, 1, -1)]

    assert numbers_shown(front, front[0], capsys) == [6, 5, 4, 3, 2]
