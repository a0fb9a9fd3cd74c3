"""What the serving stacks on Google Cloud declare."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.contracts.declared import UNKNOWN, plain
from greenai_infra.previews.sdk.schema import resource_schema

from .gcp_previews import changed, mistakes, of, one_of, refusal, show

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult

EVERYBODY = ("0.0.0.0/0", "::/0")


@pytest.fixture(scope="module", params=["tpu-vm", "tpu-queue", "vertex"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    """Each way of serving."""
    return show(tmp_path_factory.mktemp("served"), changed(request.param, "inference", {}))


@pytest.fixture(scope="module")
def tpu_vm(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    return show(tmp_path_factory.mktemp("vm"), changed("tpu-vm", "inference", {}))


@pytest.fixture(scope="module")
def tpu_queue(tmp_path_factory: pytest.TempPathFactory) -> PreviewResult:
    return show(tmp_path_factory.mktemp("queue"), changed("tpu-queue", "inference", {}))


def test_it_has_no_findings_and_the_carbon_labels_everywhere(served: PreviewResult) -> None:
    assert mistakes(served) == []
    assert served.missing_tags() == {}
    assert served.common_tags["carbon-intensity-g-per-kwh"] == "253"
    assert served.common_tags["planned-g-co2e-per-request"] == "0_012"


def test_nothing_lets_everybody_in(served: PreviewResult) -> None:
    for rule in of(served, "Firewall"):
        if rule.inputs["direction"] == "INGRESS" and "allows" in rule.inputs:
            assert not set(rule.inputs["sourceRanges"]) & set(EVERYBODY), rule.name


def test_nobody_is_given_a_broad_role(served: PreviewResult) -> None:
    roles = {one.inputs["role"] for one in served.built if one.type.lower().endswith("iammember")}
    known = {role for role in roles if role is not UNKNOWN}

    assert not {role for role in known if role in ("roles/owner", "roles/editor", "roles/viewer") or "admin" in role}
    for role in of(served, "IAMCustomRole"):
        assert not [one for one in role.inputs["permissions"] if "*" in one]


def test_the_machine_boots_the_rendered_script(tpu_vm: PreviewResult) -> None:
    machine = one_of(tpu_vm, "V2Vm")
    script = machine.inputs["metadata"]["startup-script"]

    assert script.startswith("#!/bin/bash\n")
    assert "readonly IMAGE=europe-west4-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1\n" in script
    assert "readonly MODEL=gs://acme-models/llama-3-8b\n" in script
    assert "readonly CHIPS=8\n" in script
    assert "  --max-model-len\n  8192\n" in script
    assert machine.inputs["acceleratorType"] == "v5litepod-8"
    assert machine.inputs["runtimeVersion"] == "v2-alpha-tpuv5-lite"
    assert machine.inputs["networkConfig"]["enableExternalIps"] is False
    assert "schedulingConfig" not in machine.inputs
    assert machine.options["replaceOnChanges"] == ["metadata"]


def test_the_machine_runs_as_an_account_that_reads_its_image_and_weights(tpu_vm: PreviewResult) -> None:
    image, weights = one_of(tpu_vm, "RepositoryIamMember"), one_of(tpu_vm, "BucketIAMMember")

    assert (image.inputs["project"], image.inputs["location"]) == ("acme-ml", "europe-west4")
    assert (image.inputs["repository"], image.inputs["role"]) == ("serving", "roles/artifactregistry.reader")
    assert (weights.inputs["bucket"], weights.inputs["role"]) == ("acme-models", "roles/storage.objectViewer")
    assert not of(tpu_vm, "SecretIamMember")


def test_the_doors_are_the_configured_ones_and_those_of_probes(tpu_vm: PreviewResult) -> None:
    doors = {one.name: one.inputs for one in of(tpu_vm, "Firewall") if one.inputs.get("targetTags")}

    assert {name: rule["sourceRanges"] for name, rule in doors.items()} == {
        "serve-8b-clients-in": ["10.0.0.0/8"],
        "serve-8b-health-in": ["35.199.192.0/19"],
        "serve-8b-balancers-in": ["35.191.0.0/16", "130.211.0.0/22"],
    }
    for rule in doors.values():
        assert rule["allows"] == [{"protocol": "tcp", "ports": ["8000"]}]
        assert rule["targetTags"] == one_of(tpu_vm, "V2Vm").inputs["tags"]
    assert not of(tpu_vm, "RouterNat")


def test_its_health_is_asked_from_inside(tpu_vm: PreviewResult) -> None:
    check = one_of(tpu_vm, "UptimeCheckConfig").inputs
    alert = next(one for one in of(tpu_vm, "AlertPolicy") if one.name == "serve-8b-down").inputs

    assert check["checkerType"] == "VPC_CHECKERS"
    assert check["httpCheck"] == {"path": "/health", "port": 8000, "requestMethod": "GET"}
    assert check["monitoredResource"]["labels"]["service_name"] == "server"
    assert alert["combiner"] == "OR"
    assert 'resource.labels.namespace_name="serve-8b"' in alert["conditions"][0]["conditionThreshold"]["filter"]


def test_a_budget_in_the_same_stack_watches_it(tpu_vm: PreviewResult) -> None:
    names = {one.name for one in of(tpu_vm, "AlertPolicy")}

    assert names == {"serve-8b-down", "serve-8b-daily-budget", "serve-8b-burn-fast", "serve-8b-burn-slow"}
    assert not of(tpu_vm, "Workflow"), "an endpoint reports by itself: no job census"
    assert tpu_vm.outputs["daily_budget_kg"] == 30


def test_what_a_queued_resource_can_t_say_is_still_true_of_the_sdk() -> None:
    """Once the SDK's queued resource takes a script, the workflow can go."""
    schema = resource_schema("gcp:tpu/v2QueuedResource:V2QueuedResource")
    assert schema is not None
    from greenai_infra.previews.sdk.schema import kinds

    [tpu] = kinds(schema.inputs.types["tpu"])
    assert tpu.fields is not None
    [specs] = kinds(tpu.fields.types["nodeSpecs"])
    [spec] = kinds(specs.item)
    assert spec.fields is not None
    [node] = kinds(spec.fields.types["node"])
    assert node.fields is not None

    assert not {"metadata", "serviceAccount", "labels", "tags"} & set(node.fields.types)


def test_the_queue_s_machine_is_told_by_a_workflow(tpu_queue: PreviewResult) -> None:
    queued, workflow = one_of(tpu_queue, "V2QueuedResource"), one_of(tpu_queue, "Workflow")
    node = queued.inputs["tpu"]["nodeSpecs"][0]
    text = workflow.inputs["sourceContents"]

    assert node["nodeId"] == "serve-8b-tpu"
    assert node["node"]["networkConfig"]["enableExternalIps"] is False
    assert "253 gCO2eq/kWh in NL (average, lifecycle, Electricity Maps 2025)" in node["node"]["description"]
    assert "projects/acme-ml/locations/europe-west4-b/nodes/serve-8b-tpu" in text
    assert len(text) < 128 * 1024, "what Cloud Workflows takes at most"
    encoded = next(
        item["encoded"] for item in json.loads(text)["main"]["steps"][0]["facts"]["assign"] if "encoded" in item
    )
    script = base64.b64decode(encoded).decode()
    assert "readonly TOKEN_SECRET=projects/acme-ml/secrets/hugging-face\n" in script
    assert "readonly MODEL=meta-llama/Llama-3.1-8B-Instruct\n" in script


def test_a_machine_in_the_queue_is_not_one_that_went_down(tpu_queue: PreviewResult) -> None:
    alert = next(one for one in of(tpu_queue, "AlertPolicy") if one.name == "serve-8b-down").inputs

    assert alert["combiner"] == "AND"
    assert [one["displayName"] for one in alert["conditions"]][1] == "it answered within the last day"


def test_the_hub_is_reached_through_nat_by_the_server_only(tpu_queue: PreviewResult) -> None:
    out = next(one for one in of(tpu_queue, "Firewall") if one.name == "serve-8b-internet-out").inputs

    assert one_of(tpu_queue, "RouterNat").inputs["sourceSubnetworkIpRangesToNat"] == "LIST_OF_SUBNETWORKS"
    assert out["allows"] == [{"protocol": "tcp", "ports": ["443"]}]
    assert out["targetTags"] == ["serve-8b-server"]
    assert one_of(tpu_queue, "SecretIamMember").inputs["secretId"] == "hugging-face"


def test_vertex_serves_on_tpus_and_scales(tmp_path: Path) -> None:
    shown = show(tmp_path, changed("vertex", "inference", {"garden.spot": True}))
    endpoint = one_of(shown, "AiEndpointWithModelGardenDeployment").inputs
    resources = endpoint["deployConfig"]["dedicatedResources"]

    assert resources["machineSpec"] == {"machineType": "ct5lp-hightpu-4t", "tpuTopology": "2x2"}
    assert (resources["minReplicaCount"], resources["maxReplicaCount"]) == (1, 3)
    assert resources["autoscalingMetricSpecs"][0]["target"] == 60
    assert resources["spot"] is True
    assert endpoint["endpointConfig"]["privateServiceConnectConfig"]["projectAllowlists"] == ["acme-ml"]
    assert not [one for one in shown.built if ":compute/" in one.type], "no network of ours is in use"


def test_a_token_for_vertex_stays_secret(tmp_path: Path) -> None:
    document = changed(
        "vertex", "inference", {"garden.publisher_model": None, "garden.hugging_face_model": "google/gemma-2-2b-it"}
    )
    document["config"]["greenai-infra:hugging-face-token"] = "hf_verysecret"

    shown = show(tmp_path, document)

    endpoint = one_of(shown, "AiEndpointWithModelGardenDeployment")
    assert plain(dict(endpoint.inputs))["modelConfig"]["huggingFaceAccessToken"] == "hf_verysecret"
    assert "hf_verysecret" not in json.dumps(shown.as_json())


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("tpu-vm", {"accelerator_type": "v5litepod-16"}, "accelerator_type: 'v5litepod-16' is no TPU slice of one host"),
    ("tpu-vm", {"zone": "europe-west1-b"}, "zone europe-west1-b is not in region europe-west4"),
    ("tpu-vm", {"zone": None}, "serve_on: tpu-vm needs zone"),
    ("tpu-vm", {"server": None}, "serve_on: tpu-vm needs the section server"),
    ("tpu-vm", {"garden": {"publisher_model": "publishers/a/models/b@c"}}, "has no use for the section garden"),
    ("tpu-vm", {"server.model": "meta-llama/Llama-3-8B"}, "the network has no way out"),
    ("tpu-vm", {"server.model_token_secret": "hf"}, "server.model lies in a bucket"),
    ("tpu-vm", {"server.image": "vllm/vllm-tpu:latest"}, "server.image"),
    ("tpu-vm", {"server.arguments": ["--port=1"]}, "--port is set by the stack"),
    ("tpu-vm", {"server.port": 80}, "server.port"),
    ("tpu-vm", {"network.client_ranges": ["0.0.0.0/0"]}, "0.0.0.0/0 is most of the internet"),
    ("tpu-vm", {"network.client_ranges": ["10.0.0.1/8"]}, "network.client_ranges"),
    ("tpu-vm", {"gcp_project": "Acme"}, "gcp_project"),
    ("tpu-vm", {"provider": "azure"}, "provider: expected aws or gcp, for example aws (is 'azure')"),
    ("tpu-vm", {"serve_on": "gke"}, "serve_on"),
    ("tpu-vm", {"replicas": 2}, "replicas"),
    ("tpu-vm", {"carbon.intensity_g_per_kwh": float("nan")}, "carbon.intensity_g_per_kwh"),
    ("tpu-queue", {"spot": True}, "can't be declared"),
    ("vertex", {"accelerator_type": "v5p-8"}, "Vertex AI serves nothing from TPU-v5p"),
    ("vertex", {"spot": True}, "set garden.spot"),
    ("vertex", {"garden.hugging_face_model": "google/gemma-2-2b-it"}, "exactly one of publisher_model"),
    ("vertex", {"garden.min_replicas": 5}, "max_replicas (3) is less than min_replicas (5)"),
    ("vertex", {"runtime_version": "v2-alpha-tpuv5-lite"}, "Vertex AI chooses it"),
]


@pytest.mark.parametrize(("stack", "changes", "said"), BAD)
def test_a_config_that_can_t_be_built_is_refused_first(
    tmp_path: Path, stack: str, changes: dict[str, Any], said: str
) -> None:
    message = refusal(show(tmp_path, changed(stack, "inference", changes)))

    assert "greenai-infra:inference" in message
    assert said in message
