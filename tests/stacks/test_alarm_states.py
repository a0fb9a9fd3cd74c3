"""When the previewed alarms go off: by CloudWatch's documented rules, and end to end against moto."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.alarm_rules import holds, parse_rule
from greenai_infra.previews.run import preview
from tests.apart import find_tool

from .alarm_calls import COMPOSITE_ALARM, METRIC_ALARM, calls
from .cloudwatch import CloudWatch
from .declare import CONFIGS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult

DIMENSIONS = {"Project": "foundation", "Environment": "production", "Region": "eu-west-1"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
MINUTE, HOUR = 60, 3600
PREFIX = "greenai-carbon-budget-of-all-the-teams-and-of-it-"


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    """The stack with everything on: 7.2 kg a day, 72 kg a month, silent after 20 minutes."""
    folder: Path = tmp_path_factory.mktemp("alarms")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CONFIGS / "Pulumi.budget-all.yaml", folder)
    result = preview(folder)
    assert not result.failed
    return result


class Watch:
    """The alarms of a preview, on emissions minute by minute."""

    def __init__(self, result: PreviewResult) -> None:
        self.cloud = CloudWatch()
        every = calls(result, METRIC_ALARM, TOPIC)
        self.metric = [one for one in every if one.get("Namespace") == "GreenAI"]
        # What is evaluated neither here nor by an emulator: the anomaly band, which CloudWatch learns over weeks.
        self.composite = [
            {**one, "AlarmRule": one["AlarmRule"].replace(f' OR ALARM("{PREFIX}anomaly")', "")}
            for one in calls(result, COMPOSITE_ALARM, TOPIC)
        ]

    def emit(self, start_min: int, end_min: int, kg_per_hour: float, every_min: int = 1) -> None:
        """Values of a tracker (each minute) or of the census (each five), at the end of what they stand for."""
        for minute in range(start_min, end_min, every_min):
            kg = kg_per_hour / 60 * every_min
            self.cloud.put("GreenAI", "carbon_emissions_kg", DIMENSIONS, minute * MINUTE + 59, kg)

    def on(self, minute: int) -> set[str]:
        """Short names of the alarms that are on."""
        states = self.cloud.states(self.metric, self.composite, minute * MINUTE)
        return {name.removeprefix(PREFIX) for name, state in states.items() if state == "ALARM"}

    def first(self, name: str, minutes: range) -> int:
        """The first minute at which an alarm is on."""
        return next(minute for minute in minutes if name in self.on(minute))


@pytest.fixture
def watch(previewed: PreviewResult) -> Watch:
    return Watch(previewed)


DAY = 24 * 60


def test_idle_days_are_quiet(watch: Watch) -> None:
    watch.emit(0, 2 * DAY, 0, every_min=5)  # the census reports that nothing runs
    assert [watch.on(minute) for minute in range(0, 2 * DAY, 97) if minute > 60] == [set()] * 29


def test_the_rate_that_lasts_a_month_is_quiet(watch: Watch) -> None:
    watch.emit(0, 2 * DAY, 0.1)  # 72 kg / 720 h; 2.4 kg a day
    assert all(watch.on(minute) == set() for minute in range(60, 2 * DAY, 97))


def test_twice_the_fast_rate_goes_off_within_half_an_hour(watch: Watch) -> None:
    # 3 kg/h is 0.05 kg a minute. The hour holds more than 1.44 kg from the 29th minute on, the five minutes more than
    # 0.12 kg from the 3rd on, the half hour more than 0.3 kg from the 7th on; six hours hold 3.6 kg after 72.
    watch.emit(-DAY, 0, 0, every_min=5)
    watch.emit(0, 70, 3)
    assert watch.on(2) == set()
    assert watch.on(3) == {"burn-fast-short"}
    assert watch.on(28) == {"burn-fast-short", "burn-slow-short"}
    assert watch.on(29) == {"burn-fast-short", "burn-slow-short", "burn-fast-long", "burn-fast", "budget"}


def test_the_short_window_ends_a_fast_burn_at_once(watch: Watch) -> None:
    watch.emit(-DAY, 0, 0, every_min=5)
    watch.emit(0, 40, 3)
    watch.emit(40, 200, 0)
    # After 2 minutes the last five hold 3 x 0.05 = 0.15 kg, after 3 minutes 0.10 kg.
    assert "burn-fast" in watch.on(42)
    assert "burn-fast" not in watch.on(43)
    assert "burn-fast-long" in watch.on(71)  # 29 x 0.05 = 1.45 kg: alone it would go on for half an hour
    assert watch.on(72) == set()


def test_a_slow_burn_goes_off_within_six_hours_and_the_fast_one_does_not(watch: Watch) -> None:
    # 0.65 kg/h is 6.5 times the even rate: 3.6 kg are passed after 5.54 h = 332.3 minutes.
    watch.emit(-DAY, 0, 0, every_min=5)
    watch.emit(0, 400, 0.65)
    assert watch.first("burn-slow", range(300, 400)) == 333
    assert watch.on(399) == {"burn-slow", "burn-slow-long", "burn-slow-short", "budget"}


def test_the_daily_budget_goes_off_and_ends_a_day_later(watch: Watch) -> None:
    # 0.52 kg/h: 7.2 kg are passed after 13.85 h = 830.8 minutes. It stops after 15 h with 7.8 kg; 69.2 minutes' worth
    # (0.6 kg) have to leave the window, which they have 24 h and 70 minutes after the start.
    watch.emit(-2 * DAY, 0, 0, every_min=5)
    watch.emit(0, 900, 0.52)
    watch.emit(900, 2 * DAY, 0, every_min=5)
    assert watch.first("daily-budget", range(820, 900)) == 831
    assert "budget" in watch.on(DAY + 69)
    assert "daily-budget" not in watch.on(DAY + 70)


def test_a_silent_tracker_is_an_alarm_though_nothing_breaches(watch: Watch) -> None:
    watch.emit(-DAY, 0, 0, every_min=5)
    watch.emit(0, 120, 0.05)  # a job; from minute 120 on its tracker is dead, and the census leaves it to report
    # Four periods of five minutes have to be empty; CloudWatch looks up to three further back for values.
    assert watch.on(130) == set()
    assert 140 <= watch.first("silent-tracker", range(120, 200)) <= 160
    assert watch.on(180) == {"silent-tracker", "budget"}


def test_a_tracker_that_never_reported_is_silent_too(watch: Watch) -> None:
    assert watch.on(100) == {"silent-tracker", "budget"}


def test_a_silent_tracker_that_reports_again_is_heard(watch: Watch) -> None:
    watch.emit(0, 60, 0.05)
    watch.emit(150, 180, 0.05)
    assert "silent-tracker" in watch.on(140)
    assert watch.on(152) == set()


def test_emissions_of_another_project_are_another_budget(watch: Watch) -> None:
    watch.emit(-DAY, 0, 0, every_min=5)
    for minute in range(60):
        other = {**DIMENSIONS, "Project": "other"}
        watch.cloud.put("GreenAI", "carbon_emissions_kg", other, minute * MINUTE, 5)
        watch.emit(minute, minute + 1, 0)
    assert watch.on(60) == set()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Clients of moto, in this process."""
    import boto3
    import moto

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with moto.mock_aws():
        yield lambda service: boto3.client(service, region_name="eu-west-1")


def test_end_to_end_against_moto(previewed: PreviewResult, client: Callable[[str], Any]) -> None:
    """Alarms made from the preview, emissions put as metric data, state turned by the rules above.

    moto takes metric alarms, keeps data and adds it up. It evaluates nothing, so the states are worked out from what
    moto holds and told to it, as CloudWatch tells itself. It has no composite alarms (5.2: NotImplementedError) and
    drops the warm-up.
    """
    cloudwatch, sns = client("cloudwatch"), client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    for call in calls(previewed, METRIC_ALARM, topic):
        call.pop("WarmUpConfiguration", None)  # moto 5.2 does not know it
        cloudwatch.put_metric_alarm(**call)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    put = {"MetricName": "carbon_emissions_kg", "Dimensions": [{"Name": k, "Value": v} for k, v in DIMENSIONS.items()]}
    for minutes_ago in range(30, 0, -1):
        datum = {**put, "Timestamp": now - timedelta(minutes=minutes_ago), "Value": 0.25, "Unit": "None"}
        cloudwatch.put_metric_data(Namespace="GreenAI", MetricData=[datum])

    held = cloudwatch.describe_alarms(MaxRecords=100)
    metric = [one for one in held["MetricAlarms"] if one.get("Namespace") == "GreenAI"]
    assert not any(one["StateValue"] == "ALARM" for one in metric)
    cloud = CloudWatch()
    for alarm in metric:
        found = cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            StartTime=now - timedelta(days=1),
            EndTime=now,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        key = ("GreenAI", alarm["MetricName"], frozenset((one["Name"], one["Value"]) for one in alarm["Dimensions"]))
        cloud.data[key] = [(one["Timestamp"].timestamp(), one["Sum"]) for one in found]
    for alarm in metric:
        state = cloud.metric_state(alarm, now.timestamp())
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="evaluated")

    on = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    # 7.5 kg in half an hour: over the day's 7.2 kg, and over every window of the burn rates.
    assert {one["AlarmName"].removeprefix(PREFIX) for one in on} == {
        "daily-budget",
        "burn-fast-long",
        "burn-fast-short",
        "burn-slow-long",
        "burn-slow-short",
    }
    rules = {one["AlarmName"]: one["AlarmRule"] for one in calls(previewed, COMPOSITE_ALARM, topic)}
    states = {one["AlarmName"]: one["StateValue"] for one in cloudwatch.describe_alarms(MaxRecords=100)["MetricAlarms"]}
    for name in ("burn-fast", "burn-slow", "budget"):
        rule = parse_rule(rules[f"{PREFIX}{name}"])
        states[f"{PREFIX}{name}"] = "ALARM" if holds(rule, states) else "OK"
    assert states[f"{PREFIX}budget"] == "ALARM"


@pytest.mark.ministack
def test_end_to_end_against_ministack(previewed: PreviewResult, client_of_ministack: Callable[[str], Any]) -> None:
    """ministack evaluates plain metric alarms and composite ones by itself and publishes to the topic.

    Not the anomaly band, not missing data, not dimensions, so the alarms are held against a single project's data.
    """
    cloudwatch, sns, sqs = (client_of_ministack(service) for service in ("cloudwatch", "sns", "sqs"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for call in calls(previewed, METRIC_ALARM, topic):
        if call["AlarmName"] != f"{PREFIX}anomaly":
            cloudwatch.put_metric_alarm(**{key: value for key, value in call.items() if key != "WarmUpConfiguration"})
    for call in sorted(calls(previewed, COMPOSITE_ALARM, topic), key=lambda one: one["AlarmName"].endswith("-budget")):
        rule = call["AlarmRule"].replace(f' OR ALARM("{PREFIX}anomaly")', "")
        cloudwatch.put_composite_alarm(**{**call, "AlarmRule": rule})
    put = {"MetricName": "carbon_emissions_kg", "Dimensions": [{"Name": k, "Value": v} for k, v in DIMENSIONS.items()]}

    def budget_state() -> str:
        found = cloudwatch.describe_alarms(AlarmNames=[f"{PREFIX}budget"], AlarmTypes=["CompositeAlarm"])
        return str(found["CompositeAlarms"][0]["StateValue"])

    cloudwatch.put_metric_data(Namespace="GreenAI", MetricData=[{**put, "Value": 0.01}])
    assert budget_state() == "OK"
    cloudwatch.put_metric_data(Namespace="GreenAI", MetricData=[{**put, "Value": 7.25}])
    assert budget_state() == "ALARM"
    heard = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert len(heard) == 1  # one page, though seven alarms are on
    assert f"{PREFIX}budget" in heard[0]["Body"]


@pytest.fixture
def client_of_ministack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Clients of a ministack on a loopback port, ended afterwards."""
    import boto3

    command, reason = find_tool("ministack")
    if command is None:
        pytest.skip(reason)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GATEWAY_PORT": str(port), "MINISTACK_STATE_DIR": str(tmp_path)}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with subprocess.Popen([command], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            url = f"http://127.0.0.1:{port}"
            yield lambda service: boto3.client(service, region_name="eu-west-1", endpoint_url=url)
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(150):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise AssertionError("ministack did not start within 30 s")
