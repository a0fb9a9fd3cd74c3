"""The workflow that turns a queued resource's machine into a server.

Google gives a queued resource's machine to the project when capacity is available, hours or days later, bare: the
provider's resource can't set a start-up script or labels. Every few minutes this workflow looks. Once the
machine exists it writes script, labels and network tags to it, restarts it (a script only runs at boot; machines of
one host can be stopped and started), and enters its address in Service Directory, where clients and the health check
find it. It is safe to repeat: a machine that already has this version is left alone.

Cloud TPU API v2, `projects.locations.nodes`: `patch` changes metadata, labels and tags; `stop` and `start` exist for
machines of one host.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION_KEY = "greenai-version"
TPU_API = "https://tpu.googleapis.com/v2/"
DIRECTORY_API = "https://servicedirectory.googleapis.com/v1/"
POLL_SECONDS = 10
OAUTH: dict[str, str] = {"type": "OAuth2"}

PERMISSIONS = (
    "servicedirectory.endpoints.update",
    "tpu.nodes.get",
    "tpu.nodes.start",
    "tpu.nodes.stop",
    "tpu.nodes.update",
    "tpu.operations.get",
)


@dataclass(frozen=True)
class BringUpFacts:
    """What the workflow needs to know. `node` and `endpoint` are full resource names."""

    node: str
    endpoint: str
    script: str
    labels: Mapping[str, str]
    tag: str

    @property
    def version(self) -> str:
        """Changes with anything that the machine must be told."""
        told = json.dumps([self.script, dict(self.labels), self.tag])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def bring_up_definition(facts: BringUpFacts) -> dict[str, Any]:
    """The workflow in Cloud Workflows' syntax, as data.

    The script travels as base64: in a workflow's text, `${...}` would be an expression.
    """
    metadata = {"startup-script": "${script}", VERSION_KEY: facts.version, "block-project-ssh-keys": "true"}
    steps = [
        {
            "facts": {
                "assign": [
                    {"node": TPU_API + facts.node},
                    {"encoded": base64.b64encode(facts.script.encode()).decode()},
                    {"found": None},  # declared here: variables set in a `try` end with it
                    {"script": "${text.decode(base64.decode(encoded))}"},
                ]
            }
        },
        {
            "look": {
                "try": _call("http.get", {"url": "${node}"}, "found"),
                "except": {
                    "as": "problem",
                    "steps": [
                        {
                            "not_there_yet": {
                                "switch": [_when("${problem.code == 404}", "waiting", "waiting for capacity")]
                            }
                        },
                        {"broken": {"raise": "${problem}"}},
                    ],
                },
            }
        },
        {
            "has_it": {
                "assign": [
                    {"state": "${found.body.state}"},
                    {"told": f'${{map.get(found.body, ["metadata", "{VERSION_KEY}"]) == "{facts.version}"}}'},
                ]
            }
        },
        {
            "which": {
                "switch": [
                    {"condition": '${state == "READY" and told}', "next": "enter_address"},
                    {"condition": '${state == "STOPPED" and told}', "next": "start"},
                    {"condition": '${state == "READY" or state == "STOPPED"}', "next": "tell"},
                ],
                "next": "come_back",
            }
        },
        {"come_back": {"return": '${"the machine is " + state}'}},
        {
            "tell": _call(
                "http.patch",
                {
                    "url": "${node}",
                    "query": {"updateMask": "metadata,labels,tags"},
                    "body": {"metadata": metadata, "labels": dict(facts.labels), "tags": [facts.tag]},
                },
                "operation",
            )
        },
        {"told_it": _wait()},
        {"whether_to_stop": {"switch": [{"condition": '${state == "STOPPED"}', "next": "start"}]}},
        {"stop": _call("http.post", {"url": '${node + ":stop"}'}, "operation")},
        {"stopped": _wait()},
        {"start": _call("http.post", {"url": '${node + ":start"}'}, "operation")},
        {"started": _wait()},
        {"look_again": _call("http.get", {"url": "${node}"}, "found")},
        {
            "enter_address": _call(
                "http.patch",
                {
                    "url": DIRECTORY_API + facts.endpoint,
                    "query": {"updateMask": "address"},
                    "body": {"address": "${found.body.networkEndpoints[0].ipAddress}"},
                },
                "entered",
            )
        },
        {"done": {"return": "serving"}},
    ]
    return {"main": {"steps": steps}, "wait_for": _wait_for()}


def _call(what: str, arguments: dict[str, Any], result: str) -> dict[str, Any]:
    return {"call": what, "args": {**arguments, "auth": OAUTH}, "result": result}


def _when(condition: str, step: str, answer: str) -> dict[str, Any]:
    """A branch that ends the workflow with an answer."""
    return {"condition": condition, "steps": [{step: {"return": answer}}]}


def _wait() -> dict[str, Any]:
    return {"call": "wait_for", "args": {"operation": "${operation.body}"}}


def _wait_for() -> dict[str, Any]:
    """Sub-workflow: until a long-running operation of the TPU API is done; raises what it failed with."""
    return {
        "params": ["operation"],
        "steps": [
            {
                "whether": {
                    "switch": [
                        {"condition": '${map.get(operation, "error") != null}', "next": "failed"},
                        _when('${map.get(operation, "done") == true}', "finished", "done"),
                    ]
                }
            },
            {"sleep": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}}},
            {"ask": _call("http.get", {"url": f'${{"{TPU_API}" + operation.name}}'}, "answer")},
            {"again": {"assign": [{"operation": "${answer.body}"}], "next": "whether"}},
            {"failed": {"raise": "${operation.error}"}},
        ],
    }
