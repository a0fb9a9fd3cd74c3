"""The carbon budget on Google Cloud: thresholds worked out by hand, channels, census, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.contracts.declared import Secret, plain

from .gcp_previews import changed, mistakes, of, one_of, refusal, show

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult

FILTER = (
    'metric.type="custom.googleapis.com/greenai/carbon_emissions_kg" AND resource.type="generic_task" AND '
    'metric.labels.project="assistant" AND metric.labels.environment="research" AND '
    'metric.labels.region="europe-north1"'
)


@pytest.fixture(scope="module")
def budget(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    """4 kg a day, 72 kg a month."""
    return show(tmp_path_factory.mktemp("budget"), changed("gcp-budget", "alarms", {}))


def conditions(budget: PreviewResult, what: str) -> list[tuple[str, float]]:
    """(window, threshold in kg) of each condition of an alert policy."""
    [policy] = [one for one in of(budget, "AlertPolicy") if one.name == f"assistant-budget-{what}"]
    found = []
    for condition in policy.inputs["conditions"]:
        threshold = condition["conditionThreshold"]
        [aggregation] = threshold["aggregations"]
        assert threshold["filter"] == FILTER
        assert threshold["comparison"] == "COMPARISON_GT"
        assert (aggregation["perSeriesAligner"], aggregation["crossSeriesReducer"]) == ("ALIGN_SUM", "REDUCE_SUM")
        found.append((aggregation["alignmentPeriod"], threshold["thresholdValue"]))
    return found


def test_the_daily_budget_is_the_sum_of_24_hours(budget: PreviewResult) -> None:
    assert conditions(budget, "daily-budget") == [("86400s", 4)]


def test_the_burn_rates_are_those_of_the_workbook(budget: PreviewResult) -> None:
    # 72 kg in 720 h are 0.1 kg/h. 14.4 times that: 1.44 kg in an hour, 0.12 kg in 5 minutes.
    assert conditions(budget, "burn-fast") == [("3600s", 1.44), ("300s", 0.12)]
    # 6 times: 3.6 kg in 6 hours, 0.3 kg in half an hour.
    assert conditions(budget, "burn-slow") == [("21600s", 3.6), ("1800s", 0.3)]
    combiners = {one.name: one.inputs["combiner"] for one in of(budget, "AlertPolicy")}
    assert combiners["assistant-budget-burn-fast"] == combiners["assistant-budget-burn-slow"] == "AND"


def test_silence_is_an_alarm(budget: PreviewResult) -> None:
    [policy] = [one for one in of(budget, "AlertPolicy") if one.name.endswith("silent-tracker")]
    absent = policy.inputs["conditions"][0]["conditionAbsent"]

    assert absent["filter"] == FILTER
    assert absent["duration"] == "1200s"
    assert absent["aggregations"][0]["crossSeriesReducer"] == "REDUCE_SUM"


def test_every_policy_says_what_to_do_and_reaches_everybody(budget: PreviewResult) -> None:
    for policy in of(budget, "AlertPolicy"):
        assert len(policy.inputs["notificationChannels"]) == 3
        assert "https://wiki.example.com/carbon" in policy.inputs["documentation"]["content"]
        assert policy.inputs["alertStrategy"]["notificationPrompts"] == ["OPENED", "CLOSED"]


def test_the_metrics_are_described_and_stay_when_the_stack_goes(budget: PreviewResult) -> None:
    described = {one.inputs["type"].rpartition("/")[2]: one for one in of(budget, "MetricDescriptor")}

    assert set(described) == {"carbon_emissions_kg", "energy_kwh", "gpu_utilization_percent", "running_jobs"}
    for one in described.values():
        assert (one.inputs["metricKind"], one.inputs["valueType"]) == ("GAUGE", "DOUBLE")
        assert [label["key"] for label in one.inputs["labels"]] == ["project", "environment", "region"]
        assert one.options["retainOnDelete"] is True


def test_addresses_and_tokens_are_secret(budget: PreviewResult) -> None:
    channels = {one.inputs["type"]: one.inputs for one in of(budget, "NotificationChannel")}

    assert set(channels) == {"email", "webhook_tokenauth", "slack"}
    assert isinstance(channels["webhook_tokenauth"]["labels"], Secret) or isinstance(
        channels["webhook_tokenauth"]["labels"]["url"], Secret
    )
    assert plain(channels["slack"]["sensitiveLabels"])["authToken"] == "xoxb-t0k3n-that-is-secret"
    assert channels["slack"]["labels"] == {"channel_name": "#carbon"}
    assert "t0k3n" not in json.dumps(budget.as_json())


def test_the_census_speaks_for_the_tracker_where_nothing_runs(budget: PreviewResult) -> None:
    steps = {
        name: step
        for item in json.loads(one_of(budget, "Workflow").inputs["sourceContents"])["main"]["steps"]
        for name, step in item.items()
    }
    written = {
        name: [one["metric"]["type"].rpartition("/")[2] for one in steps[name]["args"]["body"]["timeSeries"]]
        for name in ("write_none", "write_count")
    }

    assert written == {"write_none": ["running_jobs", "carbon_emissions_kg"], "write_count": ["running_jobs"]}
    assert steps["ask"]["args"]["query"]["filter"] == (
        'state="JOB_STATE_RUNNING" AND labels.project="assistant" AND labels.environment="research"'
    )
    [none] = [one for one in steps["write_none"]["args"]["body"]["timeSeries"] if one["metric"]["type"].endswith("_kg")]
    assert none["points"][0]["value"] == {"doubleValue": 0}
    assert set(none["resource"]["labels"]) == {"project_id", "location", "namespace", "job", "task_id"}
    assert one_of(budget, "Job").inputs["schedule"] == "*/5 * * * *"


def test_the_census_may_list_jobs_and_write_metrics(budget: PreviewResult) -> None:
    permissions = {tuple(one.inputs["permissions"]) for one in of(budget, "IAMCustomRole")}

    assert permissions == {
        ("aiplatform.customJobs.list", "monitoring.timeSeries.create"),
        ("workflows.executions.create",),
    }


def test_it_has_no_findings_but_the_secrets_in_plain_text(budget: PreviewResult) -> None:
    said = sorted(one.message.split(": ")[1].split(" ")[0] for one in mistakes(budget))

    assert said == ["notify.https", "notify.slack_channel.token"]
    assert {one.severity for one in mistakes(budget)} == {"warning"}
    assert budget.missing_tags() == {}


def test_a_budget_that_nobody_hears_of_says_so(tmp_path: Path) -> None:
    shown = show(tmp_path, changed("gcp-budget", "alarms", {"notify": None}))

    assert any("notify names nobody yet" in one for one in shown.messages)


def test_a_training_stack_with_a_budget_has_both(tmp_path: Path) -> None:
    document = changed("gcp-gpus", "training", {})
    section = {"daily_budget_kg": 500, "monthly_budget_kg": 5000, "notify": {"emails": ["a@example.com"]}}
    document["config"]["greenai-infra:alarms"] = section

    shown = show(tmp_path, document)

    assert [one for one in shown.findings if one.severity == "error"] == []
    assert len([one for one in of(shown, "AlertPolicy") if "-burn-" in one.name]) == 2
    assert [one for one in of(shown, "Workflow") if one.name.endswith("-census")]
    assert shown.outputs["monthly_budget_kg"] == 5000


@pytest.mark.parametrize("stack", ["gcp-gpus", "vertex"])
def test_a_stack_may_refer_to_the_one_that_has_the_alarms(tmp_path: Path, stack: str) -> None:
    document = changed(stack, "training" if stack == "gcp-gpus" else "inference", {})
    document["config"].pop("greenai-infra:alarms", None)
    document["config"]["greenai-infra:alarms-stack"] = "gcp-budget"

    shown = show(tmp_path, document)

    assert shown.outputs["alarms_stack"] == "gcp-budget"
    assert "budget_alarm_arn" in shown.outputs


BAD: list[tuple[dict[str, Any], str]] = [
    ({"daily_budget_kg": 0}, "daily_budget_kg"),
    ({"daily_budget_kg": -4}, "daily_budget_kg"),
    ({"daily_budget_kg": float("nan")}, "daily_budget_kg"),
    ({"monthly_budget_kg": float("inf")}, "monthly_budget_kg"),
    ({"daily_budget_kg": 100}, "one day would use up the month"),
    ({"notify.slack_channel.name": "carbon"}, "notify.slack_channel.name"),
    ({"notify.https": ["http://oncall.example.com/t0k3n"]}, "expected an address that begins with https://"),
    ({"notify.slack": {"workspace_id": "T1", "channel_id": "C1"}}, "here there is slack_channel"),
    ({"kill_switch": True}, "kill_switch: there on AWS only"),
    ({"anomaly_band": 2}, "anomaly_band: there on AWS only"),
    ({"silent_minutes": 1440}, "at most 1410"),
    ({"gcp_project": None}, "gcp_project"),
    ({"region": "eu-north-1"}, "region"),
]


@pytest.mark.parametrize(("changes", "said"), BAD)
def test_a_budget_that_can_t_be_watched_is_refused_first(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = refusal(show(tmp_path, changed("gcp-budget", "alarms", changes)))

    assert "greenai-infra:alarms" in message
    assert said in message
    assert "t0k3n" not in message
