"""From previewed alarms to the API calls that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, plain

if TYPE_CHECKING:
    from greenai_infra.previews.result import PreviewResult

NAMES = {"name": "AlarmName", "okActions": "OKActions", "metricQueries": "Metrics"}
METRIC_ALARM, COMPOSITE_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"


def calls(result: PreviewResult, kind: str, topic_arn: str) -> list[dict[str, Any]]:
    """The arguments of PutMetricAlarm or PutCompositeAlarm; the topic, known after `up` only, is put in."""
    return [_call(plain(dict(one.inputs)), topic_arn) for one in result.resources if one.type == kind]


def _call(inputs: dict[str, Any], topic_arn: str) -> dict[str, Any]:
    call: dict[str, Any] = {}
    for key, value in inputs.items():
        if key in ("region", "tagsAll", "tags"):
            continue
        name = NAMES.get(key, key[0].upper() + key[1:])
        if key == "dimensions":
            known = {one: "known-after-up" if text is UNKNOWN else text for one, text in value.items()}
            call[name] = [{"Name": one, "Value": text} for one, text in known.items()]
        elif key in ("alarmActions", "okActions"):
            call[name] = [topic_arn] * len(value)
        elif key == "metricQueries":
            call[name] = [_query(query) for query in value]
        elif key == "warmUpConfiguration":
            call[name] = {"WarmUpPeriodDurationInMinutes": value["warmUpPeriodDurationInMinutes"]}
        else:
            call[name] = int(value) if key in ("evaluationPeriods", "period", "datapointsToAlarm") else value
    call["Tags"] = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
    return call


def _query(query: dict[str, Any]) -> dict[str, Any]:
    found = {key[0].upper() + key[1:]: value for key, value in query.items() if key != "metric"}
    if metric := query.get("metric"):
        found["MetricStat"] = {
            "Metric": {
                "Namespace": metric["namespace"],
                "MetricName": metric["metricName"],
                "Dimensions": [{"Name": one, "Value": text} for one, text in metric["dimensions"].items()],
            },
            "Period": int(metric["period"]),
            "Stat": metric["stat"],
        }
    return found
