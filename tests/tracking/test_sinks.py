"""What arrives: in moto's CloudWatch, a server that speaks Cloud Monitoring's REST API, a scrape, MLflow's files."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.tracking import run as module
from greenai_infra.tracking.sinks.cloud_monitoring import CloudMonitoring
from greenai_infra.tracking.sinks.cloudwatch import CloudWatch
from greenai_infra.tracking.sinks.delivery import Delta
from greenai_infra.tracking.sinks.mlflow import Mlflow
from greenai_infra.tracking.sinks.prometheus import Prometheus
from tests.loopback import answering

from .fakes import NOON, Bench, Remembering, ready

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHOSE = {"GREENAI_PROJECT": "assistants", "GREENAI_ENVIRONMENT": "prod", "GREENAI_REGION": "eu-north-1"}
RUN = {"GREENAI_METRIC_NAMESPACE": "GreenAI", **WHOSE}


def delta(kwh: float, kg: float | None, at_s: float = NOON, **more: Any) -> Delta:
    return Delta(at_s - 60, at_s, kwh, kg, **more)


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto, boto3 = pytest.importorskip("moto"), pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield boto3.client("cloudwatch", "eu-north-1")


def sum_of(client: Any, name: str) -> list[float]:
    """The sums of all minutes of a metric with exactly the three dimensions of the alarms."""
    found = client.get_metric_statistics(
        Namespace="GreenAI",
        MetricName=name,
        Dimensions=[
            {"Name": "Project", "Value": "assistants"},
            {"Name": "Environment", "Value": "prod"},
            {"Name": "Region", "Value": "eu-north-1"},
        ],
        StartTime=datetime.fromtimestamp(NOON, UTC) - timedelta(days=1),
        EndTime=datetime.fromtimestamp(NOON, UTC) + timedelta(days=1),
        Period=60,
        Statistics=["Sum"],
    )
    return [one["Sum"] for one in found["Datapoints"]]


def test_cloudwatch_has_deltas_in_the_dimensions_of_the_alarms(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    bench, beside = Bench(), Remembering()
    with bench.trainer(environment=RUN, pue=1.25, intensity=400.0, sinks=[beside]) as trainer:
        ready(trainer)
        assert beside.got.wait(10)
        bench.use(60, 1.0)
        bench.use(120, 2.0)
    assert sum(sum_of(cloudwatch, "energy_kwh")) == pytest.approx(3.0)  # before PUE
    assert sum(sum_of(cloudwatch, "carbon_emissions_kg")) == pytest.approx(3.0 * 1.25 * 0.4)  # with it
    series = cloudwatch.list_metrics(Namespace="GreenAI")["Metrics"]
    assert {frozenset(one["Name"] for one in metric["Dimensions"]) for metric in series} == {
        frozenset({"Project", "Environment", "Region"})
    }
    assert trainer.report is not None
    assert [(one.name, one.failed) for one in trainer.report.sinks] == [("cloudwatch", 0), ("remembering", 0)]


def test_cloudwatch_gets_a_0_and_no_kg_that_is_not_known(cloudwatch: Any) -> None:
    sink = CloudWatch("assistants", "prod", "eu-north-1")
    sink.beat(delta(0.0, 0.0))
    sink.beat(delta(1.0, None, NOON + 60, gpu_percent=70.0))
    assert sum_of(cloudwatch, "carbon_emissions_kg") == [0.0]
    assert sorted(sum_of(cloudwatch, "energy_kwh")) == [0.0, 1.0]
    assert sum_of(cloudwatch, "gpu_utilization_percent") == [70.0]


def test_a_sink_that_cannot_be_set_up_is_counted_and_the_run_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("prometheus_client")
    taken = Prometheus(0, "p", "e", "r")
    environment = {key: value for key, value in RUN.items() if "ENVIRONMENT" not in key}
    bench = Bench()
    with bench.trainer(environment=environment, prometheus_port=taken.port) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    taken.finish(None)  # type: ignore[arg-type]
    assert trainer.report is not None
    counts = {one.name: one for one in trainer.report.sinks}
    assert (counts["cloudwatch"].failed, counts["prometheus"].failed) == (1, 1)
    assert "set GREENAI_ENVIRONMENT" in counts["cloudwatch"].error
    assert f"port {taken.port} for Prometheus can't be opened" in counts["prometheus"].error
    assert capsys.readouterr().err.count("gets no values") == 2


def test_cloud_monitoring_gets_points_as_its_api_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[tuple[str, dict[str, str], dict[str, Any]]] = []
    refused = [503]

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Metadata-Flavor"] == "Google"
            if self.path.endswith("/project/project-id"):
                self._answer(200, b"my-project")
            else:
                assert self.path.endswith("/instance/service-accounts/default/token")
                self._answer(200, b'{"access_token": "secret-token", "expires_in": 3599, "token_type": "Bearer"}')

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if refused:
                self._answer(refused.pop(), b'{"error": {"message": "try again"}}')
                return
            posted.append((self.path, dict(self.headers), body))
            self._answer(200, b"{}")

        def _answer(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    for name in ("GOOGLE_CLOUD_PROJECT", "CLOUD_ML_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    waits: list[float] = []
    with answering(Api) as address:
        monkeypatch.setenv("GCE_METADATA_HOST", address.removeprefix("http://"))
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING", address + "/")
        sink = CloudMonitoring(
            "assistants", "prod", "europe-north1", "run-1",
            "custom.googleapis.com/greenai/carbon_emissions_kg", sleep=waits.append,
        )  # fmt: skip
        with pytest.raises(RuntimeError, match="Cloud Monitoring answers 503: try again"):
            sink.beat(delta(1.0, 0.5))
        sink.beat(delta(1.0, 0.5))
        sink.beat(delta(0.0, 0.0, NOON + 2))
    assert waits == [4.0]  # points of a series must lie apart
    (path, headers, first), (_, _, second) = posted
    assert path == "/v3/projects/my-project/timeSeries"
    assert headers["Authorization"] == "Bearer secret-token"
    by_type = {one["metric"]["type"]: one for one in first["timeSeries"]}
    kg = by_type["custom.googleapis.com/greenai/carbon_emissions_kg"]
    assert kg["metric"]["labels"] == {"project": "assistants", "environment": "prod", "region": "europe-north1"}
    assert (kg["metricKind"], kg["valueType"]) == ("GAUGE", "DOUBLE")
    assert kg["points"] == [{"interval": {"endTime": "2026-12-31T12:00:00Z"}, "value": {"doubleValue": 0.5}}]
    assert kg["resource"]["type"] == "generic_task"
    assert set(kg["resource"]["labels"]) == {"project_id", "location", "namespace", "job", "task_id"}
    energy = by_type["custom.googleapis.com/greenai/energy_kwh"]
    assert energy["points"][0]["value"] == {"doubleValue": 1.0}
    assert [one["points"][0]["value"]["doubleValue"] for one in second["timeSeries"]] == [0.0, 0.0]
    assert second["timeSeries"][0]["points"][0]["interval"]["endTime"] == "2026-12-31T12:00:06Z"


def test_a_scrape_reads_the_totals() -> None:
    pytest.importorskip("prometheus_client")
    sink = Prometheus(0, "assistants", "prod", "eu-north-1")
    sink.beat(delta(1.0, None))
    address = f"http://127.0.0.1:{sink.port}/metrics"
    assert "greenai_carbon_emissions_kg_total{" not in scrape(address)
    sink.beat(delta(2.0, 0.75, gpu_percent=70.0))
    page = scrape(address)
    labels = '{environment="prod",project="assistants",region="eu-north-1"}'
    assert f"greenai_energy_kwh_total{labels} 3.0" in page
    assert f"greenai_carbon_emissions_kg_total{labels} 0.75" in page
    assert f"greenai_gpu_utilization_percent{labels} 70.0" in page
    with pytest.raises(InputError, match=f"port {sink.port} for Prometheus can't be opened"):
        Prometheus(sink.port, "p", "e", "r")
    sink.finish(None)  # type: ignore[arg-type]
    with pytest.raises(OSError):
        scrape(address)


def scrape(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_mlflow_keeps_totals_over_steps_and_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    bench = Bench()
    sink = Mlflow((tmp_path / "runs").as_uri(), "abacus")
    with bench.trainer(sinks=[sink], region="eu-north-1") as trainer:
        ready(trainer)
        bench.use(600, 1.0)
    assert trainer.report is not None
    assert [(one.name, one.failed, one.error) for one in trainer.report.sinks] == [("mlflow", 0, "")]
    files = {path.name: path for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    at_ms, value, step = files["carbon_emissions_kg"].read_text().split()[:3]
    assert (int(at_ms), int(step)) == (int(1000 * (NOON + 600)), 600)
    assert float(value) == pytest.approx(0.5 * trainer.report.pue)
    assert float(files["energy_kwh"].read_text().split()[1]) == 1.0
    assert files["greenai.region"].read_text() == "aws:eu-north-1"
