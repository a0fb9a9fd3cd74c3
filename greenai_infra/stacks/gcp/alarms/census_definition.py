"""The workflow of the job census: the number of running training jobs, and 0 kg in place of the tracker if no job runs.

Vertex AI's list says which custom jobs of the project run in the region. Only the tracker of a running job knows the
job's emissions, so the census writes emissions only while no job runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.gcp_metrics import RESOURCE_TYPE, metric_type
from greenai_infra.contracts.metrics import CARBON_EMISSIONS_KG, RUNNING_JOBS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.metrics import Metric

OAUTH: dict[str, str] = {"type": "OAuth2"}
PERMISSIONS = ("aiplatform.customJobs.list", "monitoring.timeSeries.create")
PAGE = 100
"""Jobs are counted up to this number: it only matters whether jobs run."""


def census_definition(gcp_project: str, region: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The workflow in Cloud Workflows' syntax, as data. `labels` are the metric's, and those of the jobs by name."""
    ours = " AND ".join(f'labels.{name}="{labels[name]}"' for name in ("project", "environment"))
    jobs = f"https://{region}-aiplatform.googleapis.com/v1/projects/{gcp_project}/locations/{region}/customJobs"
    write = f"https://monitoring.googleapis.com/v3/projects/{gcp_project}/timeSeries"

    def post(values: dict[str, Any]) -> dict[str, Any]:
        return {
            "call": "http.post",
            "args": {"url": write, "auth": OAUTH, "body": {"timeSeries": list(values.values())}},
        }

    count = _series(RUNNING_JOBS, gcp_project, region, labels, "${count * 1.0}")
    none = _series(CARBON_EMISSIONS_KG, gcp_project, region, labels, 0)
    return {
        "main": {
            "steps": [
                {
                    "ask": {
                        "call": "http.get",
                        "args": {
                            "url": jobs,
                            "auth": OAUTH,
                            "query": {"filter": f'state="JOB_STATE_RUNNING" AND {ours}', "pageSize": PAGE},
                        },
                        "result": "answer",
                    }
                },
                {"begin": {"assign": [{"count": 0}, {"running": '${map.get(answer.body, "customJobs")}'}]}},
                {"whether_any": {"switch": [{"condition": "${running == null}", "next": "write_none"}]}},
                {"count_them": {"assign": [{"count": "${len(running)}"}], "next": "write_count"}},
                {"write_none": {**post({"count": count, "none": none}), "next": "end"}},
                {"write_count": {**post({"count": count}), "next": "end"}},
            ]
        }
    }


def _series(metric: Metric, gcp_project: str, region: str, labels: Mapping[str, str], value: Any) -> dict[str, Any]:
    return {
        "metric": {"type": metric_type(metric), "labels": dict(labels)},
        "resource": {
            "type": RESOURCE_TYPE,
            "labels": {
                "project_id": gcp_project,
                "location": region,
                "namespace": labels["project"],
                "job": labels["environment"],
                "task_id": "census",
            },
        },
        "metricKind": "GAUGE",
        "valueType": "DOUBLE",
        "points": [{"interval": {"endTime": "${time.format(sys.now())}"}, "value": {"doubleValue": value}}],
    }
