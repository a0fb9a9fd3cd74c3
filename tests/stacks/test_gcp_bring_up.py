"""The workflows that Google Cloud runs every five minutes, against a made-up TPU machine and a made-up Vertex AI."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.stacks.gcp.alarms.census_definition import census_definition
from greenai_infra.stacks.gcp.inference.bring_up import BringUpFacts, bring_up_definition

from .workflow_runs import Execution, Map, Raised, mapped

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
NODE = "projects/acme-ml/locations/europe-west4-b/nodes/serve-8b-tpu"
ENTRY = "projects/acme-ml/locations/europe-west4/namespaces/serve-8b/services/server/endpoints/tpu"
SCRIPT = '#!/bin/bash\necho "${HOME}"\n'
FACTS = BringUpFacts(NODE, ENTRY, SCRIPT, {"team": "ml"}, "serve-8b-server")
# Functions of Cloud Workflows that the interpreter of the training workflow does without.
STANDARD = {
    "true": True,
    "text_decode": lambda data: data.decode(),
    "base64": SimpleNamespace(decode=base64.b64decode),
}


@dataclass
class Machine:
    """A machine of Cloud TPU; `state` is "" while the queue has none. Its operations take two looks."""

    state: str
    metadata: dict[str, str] = field(default_factory=dict)
    refuses: str = ""
    did: list[str] = field(default_factory=list)
    booted_with: str = ""
    body: Map = field(default_factory=Map)
    address: str = ""
    looks: int = 0

    def __call__(self, name: str, arguments: Map) -> Any:
        assert arguments.auth == {"type": "OAuth2"}
        url = arguments.url
        if name == "http.get" and url == f"https://tpu.googleapis.com/v2/{NODE}":
            if not self.state:
                raise Raised({"code": 404})
            endpoints = [{"ipAddress": "10.43.0.9"}] if self.state == "READY" else []
            return {"body": {"state": self.state, "metadata": self.metadata, "networkEndpoints": endpoints}}
        if name == "http.get":
            assert url == "https://tpu.googleapis.com/v2/projects/acme-ml/operations/1"
            self.looks += 1
            done = self.looks % 2 == 0
            answer: dict[str, Any] = {"name": "projects/acme-ml/operations/1", "done": done}
            if done and self.did[-1] == self.refuses:
                answer["error"] = {"code": 8, "message": "no"}
            return {"body": answer}
        if url == f"https://servicedirectory.googleapis.com/v1/{ENTRY}":
            assert (name, arguments.query.updateMask) == ("http.patch", "address")
            self.address = arguments.body.address
            return {"body": {}}
        if name == "http.patch":
            assert (url, arguments.query.updateMask) == (
                f"https://tpu.googleapis.com/v2/{NODE}",
                "metadata,labels,tags",
            )
            self.did.append("patch")
            self.body, self.metadata = arguments.body, dict(arguments.body.metadata)
        else:
            verb = url.rpartition(":")[2]
            self.did.append(verb)
            if verb != self.refuses:
                self.state = {"stop": "STOPPED", "start": "READY"}[verb]
            if verb == "start":
                self.booted_with = self.metadata.get("startup-script", "")
        return {"body": {"name": "projects/acme-ml/operations/1", "done": False}}


def run(workflow: dict[str, Any], cloud: Any) -> tuple[Any, Execution]:
    """What the workflow returns; sub-workflows are run as they are called."""

    def call(name: str, arguments: Map) -> Any:
        if name in workflow:
            return execution._steps(workflow[name]["steps"], {**STANDARD, **arguments})[1]
        return cloud(name, arguments)

    execution = Execution(call, NOW, {})
    return execution._steps(workflow["main"]["steps"], dict(STANDARD))[1], execution


def bring_up(machine: Machine, facts: BringUpFacts = FACTS) -> Any:
    return run(bring_up_definition(facts), machine)[0]


def test_it_waits_as_long_as_the_queue_does() -> None:
    machine = Machine("")

    assert bring_up(machine) == "waiting for capacity"
    assert machine.did == []


@pytest.mark.parametrize("state", ["CREATING", "REPAIRING", "STOPPING", "STARTING"])
def test_it_comes_back_for_a_machine_that_is_busy(state: str) -> None:
    machine = Machine(state)

    assert bring_up(machine) == f"the machine is {state}"
    assert machine.did == []


def test_a_bare_machine_becomes_the_server() -> None:
    machine = Machine("READY")

    assert bring_up(machine) == "serving"
    assert machine.did == ["patch", "stop", "start"]
    assert machine.booted_with == SCRIPT
    assert machine.body.labels == {"team": "ml"}
    assert machine.body.tags == ["serve-8b-server"]
    assert machine.address == "10.43.0.9"


def test_a_server_is_left_alone() -> None:
    machine = Machine("READY")
    bring_up(machine)
    machine.did.clear()

    assert bring_up(machine) == "serving"
    assert machine.did == []
    assert machine.address == "10.43.0.9"


def test_another_script_is_told_too() -> None:
    machine = Machine("READY")
    bring_up(machine)
    other = BringUpFacts(NODE, ENTRY, "#!/bin/bash\necho other\n", {"team": "ml"}, "serve-8b-server")

    bring_up(machine, other)

    assert machine.booted_with == "#!/bin/bash\necho other\n"


def test_what_was_cut_off_after_the_stop_is_taken_up_again() -> None:
    machine = Machine("READY")
    bring_up(machine)
    machine.state, machine.did = "STOPPED", []

    assert bring_up(machine) == "serving"
    assert machine.did == ["start"]


def test_a_bare_machine_that_is_stopped_is_told_and_started() -> None:
    machine = Machine("STOPPED")

    assert bring_up(machine) == "serving"
    assert machine.did == ["patch", "start"]


def test_what_google_refuses_is_raised() -> None:
    machine = Machine("READY", refuses="start")

    with pytest.raises(Raised) as raised:
        bring_up(machine)

    assert raised.value.value == {"code": 8, "message": "no"}
    assert machine.address == ""


@pytest.mark.parametrize(("jobs", "count", "emissions"), [(None, 0, [0]), ([{}], 1, []), ([{}, {}, {}], 3, [])])
def test_the_census_counts_and_speaks_for_silent_trackers_only(
    jobs: list[Any] | None, count: int, emissions: list[float]
) -> None:
    written: list[Map] = []

    def cloud(name: str, arguments: Map) -> Any:
        if name == "http.get":
            return {"body": {} if jobs is None else {"customJobs": jobs}}
        written.extend(mapped(arguments.body).timeSeries)
        return {"body": {}}

    labels = {"project": "assistant", "environment": "research", "region": "europe-north1"}
    run(census_definition("acme-ml", "europe-north1", labels), cloud)

    values = {name: [] for name in ("running_jobs", "carbon_emissions_kg")}  # type: ignore[var-annotated]
    for series in written:
        assert series.metric.labels == labels
        assert series.points[0].interval.endTime == "2026-12-01T12:00:00Z"
        values[series.metric["type"].rpartition("/")[2]].append(series.points[0].value.doubleValue)
    assert values == {"running_jobs": [count], "carbon_emissions_kg": emissions}
