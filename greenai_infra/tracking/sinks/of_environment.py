"""The sinks of a run, from the environment that the stacks set and from the user's settings.

A sink that can't be set up (port taken, package missing) counts as failed, and the run goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import SinkCount
from greenai_infra.tracking.sinks.budget import BudgetLedger
from greenai_infra.tracking.sinks.cloudwatch import CloudWatch
from greenai_infra.tracking.sinks.delivery import LONGEST_ERROR
from greenai_infra.tracking.sinks.mlflow import Mlflow
from greenai_infra.tracking.sinks.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenai_infra.ledger.carbon_budget import CarbonBudget
    from greenai_infra.tracking.context import Context
    from greenai_infra.tracking.sinks.delivery import Sink

NAMESPACE, METRIC_TYPE = "GREENAI_METRIC_NAMESPACE", "GREENAI_METRIC_TYPE"
PORT, MLFLOW = "GREENAI_PROMETHEUS_PORT", "MLFLOW_TRACKING_URI"


def sinks_of(
    environment: Mapping[str, str],
    context: Context,
    run_id: str,
    account: CarbonBudget | None,
    kind: str,
    prometheus_port: int | None,
    mlflow: str | None,
) -> tuple[list[Sink], list[SinkCount]]:
    """The sinks that are set up, and those that failed, with the reason. Raises InputError for an invalid port."""
    makers: dict[str, Callable[[], Sink]] = {}
    region = (context.region or "").rpartition(":")[2]
    whose = {"project": context.project, "environment": context.environment, "region": region}
    if namespace := environment.get(NAMESPACE):

        def cloudwatch() -> Sink:

            return CloudWatch(**_complete(whose, NAMESPACE), namespace=namespace)

        makers["cloudwatch"] = cloudwatch
    if type_of_kg := environment.get(METRIC_TYPE):

        def cloud_monitoring() -> Sink:
            from greenai_infra.tracking.sinks.cloud_monitoring import CloudMonitoring

            named = _complete(whose, METRIC_TYPE)
            return CloudMonitoring(named["project"], named["environment"], named["region"], run_id, type_of_kg)

        makers["cloud-monitoring"] = cloud_monitoring
    port = prometheus_port if prometheus_port is not None else _port(environment.get(PORT, ""))
    if port is not None:

        def prometheus() -> Sink:

            return Prometheus(port, **whose)

        makers["prometheus"] = prometheus
    if uri := mlflow or environment.get(MLFLOW):

        def to_mlflow() -> Sink:

            return Mlflow(uri, context.name)

        makers["mlflow"] = to_mlflow
    if account is not None:

        def ledger() -> Sink:

            return BudgetLedger(account, kind)

        makers["ledger"] = ledger
    found: list[Sink] = []
    failed: list[SinkCount] = []
    for name, make in makers.items():
        try:
            found.append(make())
        except Exception as error:  # noqa: BLE001 - whatever a sink does, the run goes on
            failed.append(SinkCount(name=name, sent=0, failed=1, error=str(error)[:LONGEST_ERROR]))
    return found, failed


def _complete(whose: dict[str, str], because: str) -> dict[str, str]:
    """The dimensions. Alarms ignore a value that lacks any of them."""
    missing = [name for name, value in whose.items() if not value]
    if missing:
        raise InputError(
            f"{because} is set, and its values need {', '.join(missing)}: set "
            + ", ".join(f"GREENAI_{name.upper()}" for name in missing)
        )
    return whose


def _port(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or int(text) > 65535:
        raise InputError(f"{PORT} must be a port from 0 to 65535, not {text!r}")
    return int(text)
