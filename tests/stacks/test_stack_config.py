"""Config that can't be used is refused by name, before anything is declared."""

from __future__ import annotations

from typing import Any

import pytest

from .declare import changed, config_of, run_program

ZONES = {"availability_zones": ["eu-north-1a", "eu-north-1b"]}
LATE = {"start": "2036-12-01T22:00:00Z", "end": "2036-12-02T06:00:00Z"}
NEXT = {"start": "2036-12-02T22:00:00Z", "end": "2036-12-03T06:00:00Z"}


def refusal(config: dict[str, Any]) -> str:
    declared, message = run_program(config)
    assert declared.everything == []
    return message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"region": None}, 'region: is missing; expected a string, for example "eu-north-1"'),
        ({"region": "cn-north-1"}, "region: must match the pattern"),
        ({"region": "mars-1"}, "(is 'mars-1')"),
        ({"workload": "x" * 41}, "workload: must match the pattern"),
        ({"instance_count": "many"}, "instance_count: must be a whole number"),
        ({"instance_count": "many"}, "must be a whole number (is 'many'); for example 1"),
        ({"instance_count": 0}, "instance_count: must be at least 1 (is 0)"),
        ({"instance_type": "p5.48xlarge"}, 'for example "ml.p5.48xlarge"'),
        ({"carbon": None}, "carbon: is missing; expected a section with zone, intensity_g_per_kwh"),
        ({"network": {"availability_zones": ["eu-north-1a"]}}, "network.availability_zones"),
        ({"network": {"availability_zones": ["eu-north-1a", "eu-north-1a"]}}, "names one twice"),
        ({"network": {"availability_zones": ["eu-north-1a", "us-east-1a"]}}, "us-east-1a is not in region eu-north-1"),
        ({"network": {"availability_zones": ["eun1-az1", "euw1-az2"]}}, "euw1-az2 is not in region eu-north-1"),
        ({"network": {"availability_zones": ["eun1-az1", "eu-north-1a"]}}, "all by ID, as eun1-az1, or all by letter"),
        ({"network": {**ZONES, "cidr": "10.42.0.1/16"}}, "network.cidr: 10.42.0.1/16 has host bits set"),
        ({"network": {**ZONES, "cidr": "999.42.0.0/16"}}, "network.cidr"),
        ({"slices": []}, "slices: must have at least 1 item"),
        ({"slices": [{"start": "2036-12-01T22:00:00", "end": LATE["end"]}]}, "slices.0.start"),
        ({"slices": [{"start": LATE["end"], "end": LATE["start"]}]}, "not after its start"),
        ({"slices": [NEXT, LATE]}, "starts before the one before it has ended"),
        ({"slices": [{"start": LATE["start"], "end": "2037-01-30T00:00:00Z"}]}, "longer than the 28 days"),
        ({"slices": [{"start": "2036-11-29T00:00:00Z", "end": LATE["end"]}]}, "before planned.planned_at"),
        ({"launch": "now"}, "launch: now needs image"),
        ({"launch": "now", "slices": [LATE, NEXT]}, "launch: now runs one training job"),
        ({"launch": "later"}, "launch: must be scheduled or now"),
        (
            {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:v1"},
            "image lies in us-east-1, and SageMaker pulls from its own region eu-north-1 only",
        ),
        ({"max_wait_hours": 20}, "max_wait_hours bounds the wait for spot capacity, but spot is false"),
        ({"max_wait_hours": 4, "spot": True}, "max_wait_hours (is 4) includes the run: at least 8"),
        ({"max_wait_hours": 20, "spot": True, "slices": [LATE, NEXT]}, "max_wait_hours is for a single run"),
        ({"data_uri": "https://example.com"}, "data_uri: must match the pattern"),
        ({"hyperparameters": {"lr.$": "1"}}, "hyperparameters.lr.$"),
        ({"image": "pytorch/pytorch:2.8"}, "image: must match the pattern"),
        ({"notify_emails": ["ml-team"]}, "notify_emails.0: must match the pattern"),
        ({"retries": 3}, "retries: unknown key"),
    ],
)
def test_config_that_can_t_be_used_is_refused_by_name(changes: dict[str, Any], expected: str) -> None:
    message = refusal(changed("contiguous", **changes))
    assert expected in message
    assert all(line.startswith("greenai-infra:training: ") for line in message.splitlines())


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -1])
def test_an_intensity_that_is_none_is_refused(figure: float) -> None:
    carbon = {**config_of("contiguous")["greenai-infra:training"]["carbon"], "intensity_g_per_kwh": figure}
    assert "carbon.intensity_g_per_kwh" in refusal(changed("contiguous", carbon=carbon))


def test_every_problem_is_told_at_once() -> None:
    assert len(refusal(changed("contiguous", region=None, team=None, volume_gb=0)).splitlines()) == 3


def test_a_stack_without_config_is_shown_one() -> None:
    message = refusal({})
    assert message.startswith("greenai-infra:training: missing from the config of stack example")
    assert "greenai-infra select" in message
    assert "instance_type: ml.p5.48xlarge" in message


def test_a_section_that_is_none_is_shown_one() -> None:
    assert "expected a section" in refusal({"greenai-infra:training": "yes"})


def test_an_unknown_program_names_those_there_are() -> None:
    message = refusal({**config_of("contiguous"), "greenai-infra:program": "trainign"})
    assert message == (
        "greenai-infra:program: unknown program 'trainign'; stacks/ has alarms, cache, inference, ledger, training; "
        "did you mean training?"
    )
