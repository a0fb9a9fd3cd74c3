"""TPU machines that Google Cloud does not have: accelerator type, software, topology.

From Google's manuals (Cloud TPU: "TPU versions" and "TPU software versions"; Vertex AI: "Use TPUs"), because these
services publish no machine-readable model. A generation missing here is newer than these tables: the remedy says so.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.reach import values_at

if TYPE_CHECKING:
    from collections.abc import Iterator

_POWERS = (1, 4, 8, 16, 32, 64, 128, 256)
# Prefix of the accelerator type -> sizes of its slices. v2 to v4 and v5p count cores, v5e and v6e chips.
SIZES: dict[str, tuple[int, ...]] = {
    "v2": (8, 32, 128, 256, 512),
    "v3": (8, 32, 64, 128, 256, 512, 1024, 2048),
    "v4": tuple(range(8, 8193, 8)),
    "v5litepod": _POWERS,
    "v5p": tuple(range(8, 12289, 8)),
    "v6e": _POWERS,
}
# Prefix of the accelerator type -> what its software versions begin with.
RUNTIMES: dict[str, tuple[str, ...]] = {
    "v2": ("tpu-vm-", "tpu-ubuntu2204-base", "v2-alpha"),
    "v3": ("tpu-vm-", "tpu-ubuntu2204-base", "v2-alpha"),
    "v4": ("tpu-vm-", "tpu-ubuntu2204-base", "v2-alpha-tpuv4", "v2-tpuv4"),
    "v5litepod": ("v2-alpha-tpuv5-lite", "v2-tpuv5-lite", "tpu-vm-tf-", "tpu-ubuntu2204-base"),
    "v5p": ("v2-alpha-tpuv5", "v2-tpuv5", "tpu-vm-tf-", "tpu-ubuntu2204-base"),
    "v6e": ("v2-alpha-tpuv6e", "v2-tpuv6e"),
}
_RUNTIME = re.compile(
    r"tpu-vm-(base|v4-base|pt-[0-9.]+|v4-pt-[0-9.]+|tf-\d+\.\d+\.\d+(-pjrt|-pod|-pod-pjrt|-v4)?)|tpu-ubuntu2204-base|"
    r"v2-(alpha-)?tpuv(4|5|5-lite(pod)?|6e)|v2-alpha(-pod)?|v2-nightly\d*"
)
# Machine type of Vertex AI and GKE -> topologies, of a single machine and of several machines.
TOPOLOGIES: dict[str, tuple[str, ...]] = {
    "ct5lp-hightpu-1t": ("1x1",),
    "ct5lp-hightpu-4t": ("2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
    "ct5lp-hightpu-8t": ("2x4",),
    "ct6e-standard-1t": ("1x1",),
    "ct6e-standard-4t": ("2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
    "ct6e-standard-8t": ("2x4",),
}
# Resource type -> where its machine is described.
_MACHINES = {
    "gcp:tpu/v2Vm:V2Vm": "",
    "gcp:tpu/v2QueuedResource:V2QueuedResource": "tpu.nodeSpecs[].node",
}
_ENDPOINT = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
UNKNOWN_VALUE = "gcp-unknown-value"


def check_tpu_machines(resource: DeclaredResource) -> Iterator[Finding]:
    """Accelerator type and software of TPU VMs, machine type and topology of Vertex AI endpoints."""
    inputs = plain(dict(resource.inputs))
    if resource.type in _MACHINES:
        path = _MACHINES[resource.type]
        for where, machine in values_at(inputs, path) if path else [("", inputs)]:
            if isinstance(machine, dict):
                yield from _tpu_vm(resource, machine, f"{where}." if where else "")
    elif resource.type == _ENDPOINT:
        for where, spec in values_at(inputs, "deployConfig.dedicatedResources.machineSpec"):
            if isinstance(spec, dict):
                yield from _machine_spec(resource, spec, where)


def _tpu_vm(resource: DeclaredResource, machine: dict[str, Any], where: str) -> Iterator[Finding]:
    accelerator, runtime = machine.get("acceleratorType"), machine.get("runtimeVersion")
    family = accelerator.rpartition("-")[0] if isinstance(accelerator, str) else ""
    if isinstance(accelerator, str):
        if family not in SIZES:
            message = f"'{accelerator}' is no TPU accelerator type; there is {', '.join(f'{one}-N' for one in SIZES)}"
            yield resource.finding(UNKNOWN_VALUE, f"{where}acceleratorType", message, _newer(family, SIZES))
        elif _number(accelerator) not in SIZES[family]:
            sizes = ", ".join(map(str, SIZES[family][:10]))
            message = f"there is no slice {accelerator}: {family} comes in {sizes}" + (
                " and so on" if len(SIZES[family]) > 10 else ""
            )
            yield resource.finding(UNKNOWN_VALUE, f"{where}acceleratorType", message, "use one of these sizes")
    if isinstance(runtime, str):
        if not _RUNTIME.fullmatch(runtime):
            message = f"'{runtime}' is no TPU software version"
            wanted = RUNTIMES.get(family, ("v2-alpha-tpuv5-lite",))[0]
            remedy = f"use one such as {wanted}; `gcloud compute tpus tpu-vm versions list` lists them"
            yield resource.finding(UNKNOWN_VALUE, f"{where}runtimeVersion", message, remedy)
        elif family in RUNTIMES and not _runs_on(runtime, family):
            message = f"software version {runtime} does not run on {family}"
            remedy = f"use one that begins with {' or '.join(RUNTIMES[family])}"
            yield resource.finding(UNKNOWN_VALUE, f"{where}runtimeVersion", message, remedy)
    topology = (machine.get("acceleratorConfig") or {}).get("topology")
    if isinstance(topology, str) and not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", topology):
        message = f"'{topology}' is no topology"
        yield resource.finding(UNKNOWN_VALUE, f"{where}acceleratorConfig.topology", message, "write it as 2x4 or 2x2x1")


def _runs_on(runtime: str, family: str) -> bool:
    if family == "v5p" and "lite" in runtime:
        return False
    return runtime.startswith(RUNTIMES[family])


def _number(accelerator: str) -> int:
    text = accelerator.rpartition("-")[2]
    return int(text) if text.isascii() and text.isdigit() else 0


def _machine_spec(resource: DeclaredResource, spec: dict[str, Any], where: str) -> Iterator[Finding]:
    machine, topology = spec.get("machineType"), spec.get("tpuTopology")
    if not isinstance(machine, str) or not machine.startswith("ct"):
        if isinstance(machine, str) and isinstance(topology, str):
            message = f"machine type {machine} has no TPUs, but tpuTopology is {topology}"
            yield resource.finding(UNKNOWN_VALUE, f"{where}.tpuTopology", message, "take tpuTopology out")
        return
    if machine not in TOPOLOGIES:
        message = f"'{machine}' is no machine type with TPUs that Vertex AI serves on"
        yield resource.finding(UNKNOWN_VALUE, f"{where}.machineType", message, _newer(machine, TOPOLOGIES))
    elif isinstance(topology, str) and topology not in TOPOLOGIES[machine]:
        message = f"{machine} has no topology {topology}"
        remedy = f"use one of {', '.join(TOPOLOGIES[machine])}"
        yield resource.finding(UNKNOWN_VALUE, f"{where}.tpuTopology", message, remedy)


def _newer(name: str, known: dict[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"
    return f"{advice} If Google has added it since, this toolkit does not know it yet"
