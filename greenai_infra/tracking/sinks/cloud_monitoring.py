"""Google Cloud Monitoring: the metrics of `monitoring.gcp_metrics` by its REST API, with the job's account.

The account's token comes from the metadata server, as on any machine of Google Cloud. Google's variables
`GCE_METADATA_HOST` and `CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING` name other addresses.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, from_unix
from greenai_infra.contracts.gcp_metrics import RESOURCE_TYPE, metric_labels, metric_type
from greenai_infra.contracts.metrics import CARBON_EMISSIONS_KG, ENERGY_KWH, GPU_UTILIZATION_PERCENT
from greenai_infra.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta
    from greenai_infra.web.site import Answer

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1_000_000
LEAST_SPACING_S = 6.0
"""Cloud Monitoring refuses points of a series that are less than five seconds apart."""
RENEW_S = 60.0


class CloudMonitoring:
    """Writes deltas as points of gauges. `type_of_kg` is `$GREENAI_METRIC_TYPE`; the other types derive from it."""

    name = "cloud-monitoring"

    def __init__(
        self,
        project: str,
        environment: str,
        region: str,
        task: str,
        type_of_kg: str = metric_type(CARBON_EMISSIONS_KG),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._labels = metric_labels(project, environment, region)
        self._job, self._region, self._task = project, region, task
        self._kg, self._folder = type_of_kg, type_of_kg.rpartition("/")[0]
        self._token, self._token_until_s = "", 0.0
        self._cloud_project = ""
        self._last_end_s = -float("inf")
        self._sleep = sleep

    def beat(self, delta: Delta) -> None:
        """Sends a request with a point of each series."""
        wait_s = self._last_end_s + LEAST_SPACING_S - delta.end_s
        if wait_s > 0:
            self._sleep(wait_s)
        end_s = max(delta.end_s, self._last_end_s + LEAST_SPACING_S)
        values = [(f"{self._folder}/{ENERGY_KWH.name}", delta.energy_kwh)]
        if delta.emissions_kg is not None:
            values.append((self._kg, delta.emissions_kg))
        if delta.gpu_percent is not None:
            values.append((f"{self._folder}/{GPU_UTILIZATION_PERCENT.name}", delta.gpu_percent))
        host = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING", "https://monitoring.googleapis.com/")
        project, token = self._credentials()
        answer = _site(host).send(
            "POST",
            f"v3/projects/{project}/timeSeries",
            until=time.monotonic() + TIMEOUT_S,
            body={"timeSeries": [self._series(name, value, project, end_s) for name, value in values]},
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"Cloud Monitoring answers {answer.status}{answer.said}")
        self._last_end_s = end_s

    def finish(self, report: RunReport) -> None:
        """Does nothing: the last delta has been written."""

    def _series(self, name: str, value: float, project: str, end_s: float) -> dict[str, Any]:
        return {
            "metric": {"type": name, "labels": self._labels},
            "resource": {
                "type": RESOURCE_TYPE,
                "labels": {
                    "project_id": project,
                    "location": self._region,
                    "namespace": "greenai",
                    "job": self._job,
                    "task_id": self._task,
                },
            },
            "metricKind": "GAUGE",
            "valueType": "DOUBLE",
            "points": [{"interval": {"endTime": format_time(from_unix(end_s))}, "value": {"doubleValue": value}}],
        }

    def _credentials(self) -> tuple[str, str]:
        named = next(
            (found for name in ("GOOGLE_CLOUD_PROJECT", "CLOUD_ML_PROJECT_ID") if (found := os.environ.get(name))), ""
        )
        self._cloud_project = self._cloud_project or named or _metadata("project/project-id").body.decode().strip()
        if time.monotonic() > self._token_until_s:
            token = _metadata("instance/service-accounts/default/token").json()
            self._token = str(token["access_token"])
            self._token_until_s = time.monotonic() + float(token["expires_in"]) - RENEW_S
        return self._cloud_project, self._token


def _metadata(path: str) -> Answer:
    site = _site(f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}")
    until = time.monotonic() + TIMEOUT_S
    answer = site.send("GET", f"computeMetadata/v1/{path}", until=until, headers={"Metadata-Flavor": "Google"})
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"the metadata server answers {answer.status}{answer.said}")
    return answer


@lru_cache(maxsize=4)
def _site(address: str) -> Site:
    return Site(address, most_bytes=MAX_ANSWER_BYTES)
