"""A Prometheus exporter: counters of a run on a port of this machine, during the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta

LABELS = ("project", "environment", "region")


class Prometheus:
    """`greenai_carbon_emissions_kg_total` (with PUE), `greenai_energy_kwh_total` (before PUE) and the GPUs' use.

    Port 0 takes any free port; `port` then has its number. Only this machine is served unless `address` says otherwise.
    """

    name = "prometheus"

    def __init__(self, port: int, project: str, environment: str, region: str, address: str = "127.0.0.1") -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
        except ImportError:
            raise InputError("the exporter needs prometheus-client: pip install 'greenai-infra[tracking]'") from None
        registry = CollectorRegistry()
        values = (project, environment, region)
        kg, kwh = "kg CO2e emitted: energy x PUE x grid intensity", "kWh used at the server, before PUE"
        self._kg_known = Counter("greenai_carbon_emissions_kg", kg, LABELS, registry=registry)
        self._values = values
        self._kg: Any = None
        self._kwh = Counter("greenai_energy_kwh", kwh, LABELS, registry=registry).labels(*values)
        self._gpu = Gauge("greenai_gpu_utilization_percent", "mean use of the accelerators", LABELS, registry=registry)
        try:
            self._server, self._thread = start_http_server(port, addr=address, registry=registry)
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port} for Prometheus can't be opened: {error}") from None
        self.port = self._server.server_port

    def beat(self, delta: Delta) -> None:
        """Counts. A series with an unknown value is not shown."""
        self._kwh.inc(delta.energy_kwh)
        if delta.emissions_kg is not None:
            self._kg = self._kg or self._kg_known.labels(*self._values)
            self._kg.inc(delta.emissions_kg)
        if delta.gpu_percent is not None:
            self._gpu.labels(*self._values).set(delta.gpu_percent)

    def finish(self, report: RunReport) -> None:
        """Closes the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
