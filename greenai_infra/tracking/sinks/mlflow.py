"""MLflow: totals as metrics over steps (seconds of the run), the facts of the run as tags."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta

EXPERIMENT = "greenai"


class Mlflow:
    """Writes to the active MLflow run of this process, else to a new run in the experiment `greenai`."""

    name = "mlflow"

    def __init__(self, tracking_uri: str, run_name: str) -> None:
        if find_spec("mlflow") is None:
            raise InputError("this sink needs MLflow: pip install 'greenai-infra[tracking]'")
        self._uri, self._run_name = tracking_uri, run_name
        active = sys.modules["mlflow"].active_run() if "mlflow" in sys.modules else None
        self._run_id: str = active.info.run_id if active else ""
        self._own = active is None
        self._client: Any = None
        self._start_s: float | None = None

    def beat(self, delta: Delta) -> None:
        """Logs the totals so far."""
        self._start_s = delta.start_s if self._start_s is None else self._start_s
        self._log({"energy_kwh": delta.total_kwh, "carbon_emissions_kg": delta.total_kg}, delta.end_s)

    def finish(self, report: RunReport) -> None:
        """Logs the report's figures as tags; ends the run if this sink created it."""
        client = self._open()
        names = (
            "plan_id",
            "region",
            "pue",
            "intensity_g_per_kwh",
            "emissions_kg",
            "energy_kwh",
            "duration_s",
            "status",
        )
        for name in names:
            value = getattr(report, name)
            client.set_tag(self._run_id, f"greenai.{name}", "unknown" if value is None else str(value))
        if self._own:
            client.set_terminated(self._run_id, "FINISHED" if report.status == "complete" else "FAILED")

    def _log(self, values: dict[str, float | None], end_s: float) -> None:
        from mlflow.entities import Metric

        client = self._open()
        at_ms, step = int(1000 * end_s), int(end_s - (self._start_s or end_s))
        known = [Metric(name, value, at_ms, step) for name, value in values.items() if value is not None]
        client.log_batch(self._run_id, metrics=known)

    def _open(self) -> Any:
        if self._client is None:
            from mlflow.tracking import MlflowClient

            if self._uri.startswith("file:") or "://" not in self._uri:  # MLflow needs both settings
                os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
            client = MlflowClient(tracking_uri=self._uri)
            if not self._run_id:
                found = client.get_experiment_by_name(EXPERIMENT)
                experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT)
                self._run_id = client.create_run(experiment, run_name=self._run_name).info.run_id
            self._client = client
        return self._client
