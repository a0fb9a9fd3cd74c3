"""The custom job that the plan asks for, as Vertex AI's `customJobs.create` takes it.

What only `up` knows (names of buckets, the key) comes as expressions that read the workflow's environment, so the
request is known at preview. Source of the fields: Vertex AI REST reference, CustomJob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.stacks.plan_environment import plan_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig

METRIC_TYPE = "custom.googleapis.com/greenai/carbon_emissions_kg"
CHECKPOINT_PREFIX = "checkpoints"
ARTIFACT_PREFIX = "artifacts"
DATA_PREFIX = "train"
STARTUP_S = 6 * 3600
"""How much longer than its limit Vertex AI lets a job run before it ends it itself: the workflow comes first."""

# Variables of the workflow's environment, and where the component takes them from.
CHECKPOINT_BUCKET, ARTIFACT_BUCKET, DATA_DIR = "CHECKPOINT_BUCKET", "ARTIFACT_BUCKET", "DATA_DIR"
IMAGE, JOB_ACCOUNT, KEY, NETWORK_ATTACHMENT = "IMAGE", "JOB_ACCOUNT", "KEY", "NETWORK_ATTACHMENT"


def env(name: str, before: str = "", after: str = "") -> str:
    """An expression of Workflows: a variable of its environment with text around it."""
    parts = [f'"{before}"' if before else "", f'sys.get_env("{name}")', f'"{after}"' if after else ""]
    return f"${{{' + '.join(part for part in parts if part)}}}"


def job_request(config: GcpTrainingConfig, labels: Mapping[str, str], *, any_plan: bool = False) -> dict[str, Any]:
    """The body of the request. `run`, `index` and `deadline` are variables of the workflow.

    With `any_plan` what is the plan's is taken from the variable `plan` (`plan_argument`).
    """
    folder = "" if any_plan else plan_folder(config)
    return {
        "displayName": f'${{"{config.workload}-" + string(index) + "-" + string(attempt)}}',
        "labels": "${plan.labels}" if any_plan else dict(labels),
        "encryptionSpec": {"kmsKeyName": env(KEY)},
        "jobSpec": {
            "workerPoolSpecs": _pools(config, folder),
            "scheduling": {
                "strategy": "SPOT" if config.spot else "STANDARD",
                "timeout": f'${{string(run.run_s + {STARTUP_S}) + "s"}}',
                # A job that lost a machine starts again from its checkpoint; the workflow does that, within the slice.
                "restartJobOnWorkerRestart": False,
            },
            "serviceAccount": env(JOB_ACCOUNT),
            "baseOutputDirectory": {"outputUriPrefix": _in_folder(ARTIFACT_BUCKET, "gs://", ARTIFACT_PREFIX, folder)},
            "pscInterfaceConfig": {"networkAttachment": env(NETWORK_ATTACHMENT)},
            "enableWebAccess": False,
        },
    }


def plan_argument(config: GcpTrainingConfig, labels: Mapping[str, str], run_seconds: Sequence[int]) -> dict[str, Any]:
    """Returns the argument `plan` for a workflow that holds no plan: the runs, and the plan's values for a job."""
    return {
        "plan_id": config.planned.plan_id,
        "folder": plan_folder(config),
        "first_s": int(config.start.timestamp()),
        "runs": [
            {"start": format_time(one.start), "run_s": run_s}
            for one, run_s in zip(config.slices, run_seconds, strict=True)
        ],
        "environment": plan_environment(config),
        "labels": dict(labels),
    }


def _in_folder(bucket: str, scheme: str, prefix: str, folder: str, after: str = "") -> str:
    """Returns the expression for a place in a bucket, in the plan's folder, by default of the variable `plan`."""
    if folder:
        return env(bucket, scheme, f"/{prefix}/{folder}{after}")
    tail = f' + "{after}"' if after else ""
    return f"{env(bucket, scheme, f'/{prefix}/')[:-1]} + plan.folder{tail}}}"


def plan_folder(config: GcpTrainingConfig) -> str:
    """Folder of the plan in the buckets: another plan starts afresh."""
    return config.planned.plan_id[:12]


def _pools(config: GcpTrainingConfig, folder: str) -> list[dict[str, Any]]:
    """Returns a pool with the chief, and a pool with the other machines, as Vertex AI requires."""
    pool = {
        "machineSpec": _machine(config),
        "diskSpec": {"bootDiskType": "pd-ssd", "bootDiskSizeGb": config.boot_disk_gb},
        "containerSpec": {
            "imageUri": env(IMAGE),
            "args": [f"--{name}={value}" for name, value in sorted(config.hyperparameters.items())],
            "env": [{"name": name, "value": value} for name, value in _environment(config, folder).items()],
        },
    }
    others = [{**pool, "replicaCount": config.instance_count - 1}] if config.instance_count > 1 else []
    return [{**pool, "replicaCount": 1}, *others]


def _machine(config: GcpTrainingConfig) -> dict[str, Any]:
    machine: dict[str, Any] = {"machineType": config.machine_type}
    if config.tpu_topology:
        return {**machine, "tpuTopology": config.tpu_topology}
    return {**machine, "acceleratorType": config.accelerator_type, "acceleratorCount": config.accelerator_count}


def _environment(config: GcpTrainingConfig, folder: str) -> dict[str, str]:
    """Returns the container's environment. Vertex AI mounts each bucket that the job may read below /gcs."""
    told = plan_environment(config)
    return {
        **(told if folder else {name: f"${{plan.environment.{name}}}" for name in told}),
        "GREENAI_METRIC_TYPE": METRIC_TYPE,
        "GREENAI_CHECKPOINT_DIR": _in_folder(CHECKPOINT_BUCKET, "/gcs/", CHECKPOINT_PREFIX, folder),
        "GREENAI_CHECKPOINT_URI": _in_folder(CHECKPOINT_BUCKET, "gs://", CHECKPOINT_PREFIX, folder),
        "GREENAI_SLICE": "${string(index)}",
        "GREENAI_SLICE_END": "${time.format(deadline)}",
        "SM_CHANNEL_TRAIN": env(DATA_DIR),  # by SageMaker's names, so that one container serves both clouds
        "SM_MODEL_DIR": _in_folder(ARTIFACT_BUCKET, "/gcs/", ARTIFACT_PREFIX, folder, "/model"),
    }
