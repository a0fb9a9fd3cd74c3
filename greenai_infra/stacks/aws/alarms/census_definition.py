"""The state machine of the job census.

    Begin -> ListJobs -> LookAtJobs -> Collect -> Add -> MorePages
    MorePages: another page -> ListMoreJobs -> LookAtJobs
               no jobs run  -> WriteCount with 0 kg -> Done
               else         -> WriteCount -> Done

A job counts while its container runs (secondary status "Training"): while it waits for capacity or pulls its image
it emits nothing, and its tracker has no report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.metrics import CARBON_EMISSIONS_KG, NAMESPACE, RUNNING_JOBS
from greenai_infra.stacks.aws.alarms.own_jobs import ask_for_tags, for_each_job, is_ours, list_states, more_pages, retry

if TYPE_CHECKING:
    from greenai_infra.contracts.metrics import Metric
    from greenai_infra.stacks.aws.alarms.watched import Watched

PUT = "arn:aws:states:::aws-sdk:cloudwatch:putMetricData"


def census_definition(watched: Watched) -> dict[str, Any]:
    """The definition, complete before anything is built."""
    none_runs = {"Variable": "$.count", "NumericEquals": 0, "Next": "WriteNone"}
    return {
        "Comment": f"Running training jobs of {watched.whose}",
        "StartAt": "Begin",
        "States": {
            "Begin": {"Type": "Pass", "Parameters": {"count": 0}, "Next": "ListJobs"},
            **list_states("LookAtJobs"),
            "LookAtJobs": for_each_job(_job_states(watched), "IsTraining", "Collect", "$.marks"),
            "Collect": {
                "Type": "Pass",
                "Parameters": {"list.$": "$.marks[?(@.own == true)]"},
                "ResultPath": "$.own",
                "Next": "Add",
            },
            "Add": {
                "Type": "Pass",
                "Parameters": {
                    "count.$": "States.MathAdd($.count, States.ArrayLength($.own.list))",
                    "page.$": "$.page",
                },
                "Next": "MorePages",
            },
            "MorePages": {"Type": "Choice", "Choices": [more_pages(), none_runs], "Default": "WriteCount"},
            "WriteCount": _write(watched, [_datum(watched, RUNNING_JOBS, {"Value.$": "$.count"})]),
            "WriteNone": _write(
                watched,
                [
                    _datum(watched, RUNNING_JOBS, {"Value": 0}),
                    _datum(watched, CARBON_EMISSIONS_KG, {"Value": 0}),
                ],
            ),
            "Done": {"Type": "Succeed"},
        },
    }


def _job_states(watched: Watched) -> dict[str, Any]:
    status = "$.SecondaryStatus"
    other_status = [
        {"Variable": status, "IsPresent": True},
        {"Not": {"Variable": status, "StringEquals": "Training"}},
    ]
    return {
        "IsTraining": {
            "Type": "Choice",
            "Choices": [{"And": other_status, "Next": "NotOurs"}],
            "Default": "AskForTags",
        },
        "AskForTags": ask_for_tags("IsOurs"),
        "IsOurs": {
            "Type": "Choice",
            "Choices": [{"And": is_ours(watched.project, watched.environment), "Next": "Ours"}],
            "Default": "NotOurs",
        },
        "Ours": {"Type": "Pass", "Parameters": {"own": True}, "End": True},
        "NotOurs": {"Type": "Pass", "Parameters": {"own": False}, "End": True},
    }


def _datum(watched: Watched, metric: Metric, value: dict[str, Any]) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": text} for name, text in watched.dimensions.items()]
    return {"MetricName": metric.name, "Unit": metric.unit, "Dimensions": dimensions, **value}


def _write(watched: Watched, data: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": PUT,
        "Parameters": {"Namespace": NAMESPACE, "MetricData": data},
        "Retry": retry(),
        "Next": "Done",
    }
