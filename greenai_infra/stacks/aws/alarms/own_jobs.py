"""Which of SageMaker's running training jobs are this project's: the states that census and kill switch share.

SageMaker lists jobs by name, time and status, not by tag. So all running jobs are listed, page by page, and the tags of
each are read. Definitions are in Amazon States Language with JSONPath.
"""

from __future__ import annotations

from typing import Any

PAGE = 100
"""Jobs a page: what SageMaker gives at most. A page of summaries is far below the 256 KiB that a state may hold."""

AT_ONCE = 5
"""Jobs asked for their tags at the same time, to stay below SageMaker's rate limits."""

LIST = "arn:aws:states:::aws-sdk:sagemaker:listTrainingJobs"
LIST_TAGS = "arn:aws:states:::aws-sdk:sagemaker:listTags"


def retry() -> list[dict[str, Any]]:
    """Throttling and passing faults are tried again, everything else too: it costs seconds."""
    return [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 2,
            "BackoffRate": 2,
            "MaxAttempts": 5,
            "MaxDelaySeconds": 30,
            "JitterStrategy": "FULL",
        }
    ]


def list_states(following: str, **more: Any) -> dict[str, Any]:
    """`ListJobs` for the first page and `ListMoreJobs` for the others; each leaves its answer in `$.page`."""
    first = {"StatusEquals": "InProgress", "MaxResults": PAGE}
    task = {"Type": "Task", "Resource": LIST, "ResultPath": "$.page", "Retry": retry(), "Next": following, **more}
    return {
        "ListJobs": {**task, "Parameters": first},
        "ListMoreJobs": {**task, "Parameters": {**first, "NextToken.$": "$.page.NextToken"}},
    }


def more_pages() -> dict[str, Any]:
    """The choice that leads to the next page."""
    return {"Variable": "$.page.NextToken", "IsPresent": True, "Next": "ListMoreJobs"}


def ask_for_tags(following: str) -> dict[str, Any]:
    """For the job in `$`: its tags `project` and `environment`, as lists of at most one value. 50 tags fit a page."""
    return {
        "Type": "Task",
        "Resource": LIST_TAGS,
        "Parameters": {"ResourceArn.$": "$.TrainingJobArn"},
        "ResultSelector": {
            "project.$": "$.Tags[?(@.Key == 'project')].Value",
            "environment.$": "$.Tags[?(@.Key == 'environment')].Value",
        },
        "ResultPath": "$.tags",
        "Retry": retry(),
        "Next": following,
    }


def is_ours(project: str, environment: str) -> list[dict[str, Any]]:
    """Conditions on what `ask_for_tags` left."""
    wanted = {"$.tags.project[0]": project, "$.tags.environment[0]": environment}
    return [
        condition
        for path, value in wanted.items()
        for condition in ({"Variable": path, "IsPresent": True}, {"Variable": path, "StringEquals": value})
    ]


def for_each_job(states: dict[str, Any], start: str, following: str, result_path: str) -> dict[str, Any]:
    """Go through the jobs of the page."""
    return {
        "Type": "Map",
        "ItemsPath": "$.page.TrainingJobSummaries",
        "MaxConcurrency": AT_ONCE,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": start, "States": states},
        "ResultPath": result_path,
        "Next": following,
    }
