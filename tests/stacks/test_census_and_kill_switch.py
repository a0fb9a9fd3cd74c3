"""The state machines of job census and kill switch, run against a cloud that answers as told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .declare import declare
from .running_jobs import Cloud, Job
from .states import Execution, parse

CONTEXT = {"Execution": {"Id": "arn:aws:states:eu-west-1:123456789012:execution:m:e"}}
DIMENSIONS = {"Project": "foundation", "Environment": "production", "Region": "eu-west-1"}
QUARTER = 900

OURS, ALSO_OURS = Job("train-a"), Job("train-b")
THEIRS, UNTAGGED = Job("theirs", project="other"), Job("bare", project=None)
STAGING = Job("staging", environment="staging")


def machine(what: str) -> dict[str, Any]:
    [found] = [one for one in declare("budget-all").of("StateMachine") if one.name.endswith(what)]
    return parse(found.inputs["definition"])


def run(what: str, cloud: Cloud) -> tuple[str, Execution]:
    execution = Execution(machine(what), cloud, CONTEXT)
    return execution.run({}), execution


def values(cloud: Cloud) -> dict[str, float]:
    """What the census wrote, by metric."""
    for call in cloud.written:
        assert call["Namespace"] == "GreenAI"
        for datum in call["MetricData"]:
            assert {one["Name"]: one["Value"] for one in datum["Dimensions"]} == DIMENSIONS
    return {datum["MetricName"]: datum["Value"] for call in cloud.written for datum in call["MetricData"]}


@pytest.mark.parametrize(
    ("jobs", "written"),
    [
        ([], {"running_jobs": 0, "carbon_emissions_kg": 0}),
        ([OURS], {"running_jobs": 1}),
        ([THEIRS, UNTAGGED, STAGING], {"running_jobs": 0, "carbon_emissions_kg": 0}),
        ([OURS, THEIRS, ALSO_OURS, UNTAGGED, Job("train-c")], {"running_jobs": 3}),  # three pages
        (
            [Job("waits", doing="Starting"), Job("pulls", doing="Downloading")],
            {"running_jobs": 0, "carbon_emissions_kg": 0},
        ),
        ([Job("waits", doing="Pending"), OURS], {"running_jobs": 1}),
    ],
)
def test_the_census_counts_running_jobs_and_reports_zero_kg_only_where_none_runs(
    jobs: list[Job], written: dict[str, float]
) -> None:
    cloud = Cloud([jobs])
    assert run("-job-census", cloud)[0] == "Succeed"
    assert values(cloud) == written
    assert not cloud.stopped


def test_a_census_that_can_t_list_fails_and_reports_nothing() -> None:
    cloud = Cloud([[OURS]], broken="listTrainingJobs")
    with pytest.raises(Exception, match="AccessDenied"):
        run("-job-census", cloud)
    assert not cloud.written  # a gap: the silent-tracker alarm tells


def test_the_kill_switch_stops_every_job_of_the_project_and_no_other() -> None:
    cloud = Cloud([[OURS, THEIRS, ALSO_OURS, UNTAGGED, STAGING]])
    ended, execution = run("-kill-switch", cloud)
    assert (ended, execution.waits) == ("Succeed", [QUARTER])
    assert cloud.stopped == ["train-a", "train-b"]
    assert [notice["Subject"][-12:] for notice in cloud.notices] == ["jobs stopped"] * 2  # one for each page with some
    assert '"train-a"' in cloud.notices[0]["Message"]
    assert "7.2 kg CO2e" in cloud.notices[0]["Message"]


def test_jobs_that_still_wait_for_capacity_are_stopped_too() -> None:
    cloud = Cloud([[Job("waits", doing="Starting")]])
    run("-kill-switch", cloud)
    assert cloud.stopped == ["waits"]


def test_nothing_running_is_told_once() -> None:
    cloud = Cloud([[THEIRS]], alarm=["ALARM", "ALARM", "OK"])
    ended, execution = run("-kill-switch", cloud)
    assert ended == "Succeed"
    assert [notice["Subject"].endswith("no job to stop") for notice in cloud.notices] == [True]
    assert execution.waits == [QUARTER] * 3


def test_a_job_started_while_the_budget_is_used_up_is_stopped_in_the_next_round() -> None:
    # As a workflow does that was waiting for capacity, or whose next slice begins.
    cloud = Cloud([[OURS], [OURS, Job("train-2-1")], [OURS]], alarm=["ALARM", "ALARM", "OK"])
    assert run("-kill-switch", cloud)[0] == "Succeed"
    assert cloud.stopped == ["train-a", "train-2-1"]


def test_it_gives_up_after_25_hours() -> None:
    cloud = Cloud([[]], alarm=["ALARM"])
    ended, execution = run("-kill-switch", cloud)
    assert ended == "Fail"
    assert sum(execution.waits) == 25 * 3600 + QUARTER
    assert cloud.notices[-1]["Subject"].endswith("still over budget")


def test_a_job_that_won_t_stop_is_told_and_tried_again_and_keeps_no_other_running() -> None:
    stubborn = Job("stubborn", stubborn=True)
    cloud = Cloud([[stubborn, OURS]], alarm=["ALARM", "OK"])
    assert run("-kill-switch", cloud)[0] == "Succeed"
    assert cloud.stopped == ["train-a"]
    assert [notice["Subject"].endswith("jobs NOT stopped") for notice in cloud.notices] == [True, True]
    assert '["stubborn"]' in cloud.notices[0]["Message"]


@pytest.mark.parametrize("broken", ["listTrainingJobs", "describeAlarms"])
def test_what_can_t_be_done_at_all_is_told(broken: str) -> None:
    cloud = Cloud([[OURS]], broken=broken)
    assert run("-kill-switch", cloud)[0] == "Fail"
    assert cloud.notices[-1]["Subject"].endswith("kill switch failed")
    assert "AccessDenied" in cloud.notices[-1]["Message"]


def test_tags_that_can_t_be_read_are_told_and_nothing_is_stopped_blindly() -> None:
    cloud = Cloud([[OURS]], broken="listTags")
    assert run("-kill-switch", cloud)[0] == "Succeed"
    assert not cloud.stopped
    assert "their tags not be read" in cloud.notices[0]["Message"]


def test_a_notice_that_fails_keeps_nothing_running() -> None:
    cloud = Cloud([[OURS]], mute=True)
    assert run("-kill-switch", cloud)[0] == "Succeed"
    assert cloud.stopped == ["train-a"]


def test_subjects_fit_sns() -> None:
    for state in machine("-kill-switch")["States"].values():
        if "Subject" in state.get("Parameters", {}):
            assert len(state["Parameters"]["Subject"]) <= 100


def test_only_the_project_s_jobs_may_be_stopped() -> None:
    [policy] = [one for one in declare("budget-all").of("RolePolicy") if one.name.endswith("-kill-switch")]
    statements = [one for one in policy.policies() if "sagemaker:StopTrainingJob" in one["Action"]]
    assert [one["Condition"] for one in statements] == [
        {"StringEquals": {"aws:ResourceTag/project": "foundation", "aws:ResourceTag/environment": "production"}}
    ]
    assert "sagemaker:StopTrainingJob" not in json.dumps(
        [one.policies() for one in declare("budget-all").of("RolePolicy") if one is not policy]
    )


def test_the_rule_starts_it_on_the_daily_budget_s_alarm_only() -> None:
    declared = declare("budget-all")
    pattern = json.loads(declared.one("EventRule").inputs["eventPattern"])
    daily = "carbon-budget-of-all-the-teams-and-of-it-daily-budget"
    assert pattern == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [f"arn:aws:cloudwatch:eu-west-1:123456789012:{daily}"],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    target = declared.one("EventTarget").inputs
    assert target["arn"].endswith("-kill-switch")
    assert not declare("budget").of("EventRule")  # off by default
