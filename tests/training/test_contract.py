"""What the clouds tell a container, and what a laptop's folder says; how torchrun is started for it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError
from training.cluster import Cluster, gpus, read_cluster, torchrun_arguments
from training.contract import file_hyperparameters, folders_of
from training.digits import Settings
from training.job import read_settings
from training.stopping import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

VERTEX = {
    "SM_MODEL_DIR": "/gcs/artifacts-1/artifacts/0123456789ab/model",
    "GREENAI_CHECKPOINT_DIR": "/gcs/checkpoints-1/checkpoints/0123456789ab",
    "SM_CHANNEL_TRAIN": "/gcs/data-1/train",
}


def written(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_folders_of_a_laptop(tmp_path: Path) -> None:
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)

    found = folders_of(tmp_path, VERTEX)  # what is stated goes before the environment

    assert found.channels == {"train": tmp_path / "input" / "data" / "train"}
    assert (found.checkpoints, found.model) == (tmp_path / "checkpoints", tmp_path / "model")
    assert (found.output, found.failure) == (tmp_path / "output" / "data", tmp_path / "output" / "failure")


def test_folders_of_vertex_ai() -> None:
    found = folders_of(None, VERTEX)

    assert str(found.checkpoints) == VERTEX["GREENAI_CHECKPOINT_DIR"]
    assert str(found.model) == VERTEX["SM_MODEL_DIR"]
    assert str(found.output) == "/gcs/artifacts-1/artifacts/0123456789ab"
    assert str(found.channels["train"]) == "/gcs/data-1/train"
    assert found.failure is None


def test_folders_of_sagemaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.contract.SAGEMAKER_ROOT", tmp_path)
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)

    found = folders_of(None, {"GREENAI_CHECKPOINT_DIR": "/opt/ml/checkpoints", "TRAINING_JOB_ARN": "arn"})

    assert str(found.checkpoints) == "/opt/ml/checkpoints"
    assert (found.model, found.output) == (tmp_path / "model", tmp_path / "output" / "data")
    assert list(found.channels) == ["train"]


def test_nowhere_to_write_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("training.contract.SAGEMAKER_ROOT", tmp_path / "none")

    with pytest.raises(InputError, match="--root DIR"):
        folders_of(None, {})


def test_a_channel_that_the_job_was_started_with_must_be_there(tmp_path: Path) -> None:
    written(tmp_path / "input" / "config" / "inputdataconfig.json", {"train": {"TrainingInputMode": "File"}})

    with pytest.raises(InputError, match="the data channel 'train' is missing"):
        folders_of(tmp_path, {})


def test_an_empty_channel_is_said(tmp_path: Path) -> None:
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)

    with pytest.raises(InputError, match="the data channel 'train' is empty"):
        folders_of(tmp_path, {}).channel("train")


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("x")

    with pytest.raises(InputError, match=r"model can't be made: File exists"):
        folders_of(tmp_path, {}).make()


def test_hyperparameters_are_strings(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, {})
    path = written(folders.config / "hyperparameters.json", {"epochs": "3", "seed": 7, "learning_rate": "1e-3"})

    settings = read_settings(Settings, file_hyperparameters(folders), "digits")

    assert (settings.epochs, settings.seed, settings.learning_rate) == (3, 7, 0.001)
    path.write_text('{"epochs": [3]}')
    with pytest.raises(InputError, match=r"hyperparameters\.json: epochs must be a string"):
        file_hyperparameters(folders)
    path.write_text("{epochs}")
    with pytest.raises(InputError, match=r"hyperparameters\.json is not JSON"):
        file_hyperparameters(folders)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"epoch": "3"}, "unknown hyperparameter 'epoch': digits knows epochs, seed, .*; did you mean epochs"),
        ({"epochs": "many"}, "hyperparameter epochs: .*'many'"),
        ({"epochs": "0"}, "hyperparameter epochs: .*at least 1"),
        ({"epochs": "2.5"}, "hyperparameter epochs"),
        ({"learning_rate": "nan"}, "hyperparameter learning_rate: .*finite"),
        ({"learning_rate": "-0.1"}, "hyperparameter learning_rate: .*more than 0"),
        ({"seed": "-1"}, "hyperparameter seed"),
    ],
)
def test_hyperparameters_that_can_not_be_used(values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_settings(Settings, values, "digits")


def test_torchrun_for_the_hosts_of_sagemaker(tmp_path: Path) -> None:
    """As many hosts as the plan has machines; algo-1 leads, and algo-10 comes after algo-2."""
    hosts = [f"algo-{number}" for number in (1, 10, 2, 3, 4, 5, 6, 7, 8, 9)]
    folders = folders_of(tmp_path, {})
    written(folders.config / "resourceconfig.json", {"current_host": "algo-2", "hosts": hosts})

    arguments = torchrun_arguments(read_cluster(folders, {}), processes=8)

    assert arguments[:4] == ["--nnodes=10", "--nproc-per-node=8", "--node-rank=1", "--master-addr=algo-1"]


def test_torchrun_for_the_pools_of_vertex_ai(tmp_path: Path) -> None:
    """The chief is alone in workerpool0."""
    pools = {
        "workerpool1": ["job-workerpool1-0:2222", "job-workerpool1-1:2222"],
        "workerpool0": ["job-workerpool0-0:2222"],
    }
    spec = {"cluster": pools, "environment": "cloud", "task": {"type": "workerpool1", "index": 1}}

    cluster = read_cluster(folders_of(tmp_path, {}), {"CLUSTER_SPEC": json.dumps(spec)})

    assert cluster == Cluster(("job-workerpool0-0", "job-workerpool1-0", "job-workerpool1-1"), 2)
    assert "--master-addr=job-workerpool0-0" in torchrun_arguments(cluster, 1)


def test_torchrun_on_one_machine() -> None:
    assert torchrun_arguments(Cluster(), 1) == []
    assert torchrun_arguments(Cluster(), 4) == ["--standalone", "--nproc-per-node=4"]


def test_a_cluster_that_contradicts_itself_is_said(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, {})
    with pytest.raises(InputError, match="CLUSTER_SPEC"):
        read_cluster(folders, {"CLUSTER_SPEC": '{"cluster": {}, "task": {"type": "workerpool0", "index": 0}}'})
    written(folders.config / "resourceconfig.json", {"current_host": "algo-3", "hosts": ["algo-1"]})
    with pytest.raises(InputError, match="current_host 'algo-3' is not among"):
        read_cluster(folders, {})


def test_gpus_are_counted_without_a_driver(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()

    assert gpus({}, tmp_path) == 2
    assert gpus({"CUDA_VISIBLE_DEVICES": "1"}, tmp_path) == 1
    assert gpus({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == 0


def test_a_slice_ends_a_minute_before_its_end() -> None:
    end = {"GREENAI_SLICE_END": "2026-12-31T12:00:00Z"}  # 1798718400 in Unix seconds
    assert StopRequest(end, lambda: 1_798_718_339.0).code() == 0
    assert StopRequest(end, lambda: 1_798_718_340.0).code() == 143
    assert StopRequest({}, time.time).code() == 0


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-31T12:00:00", "1798718400"])
def test_an_end_that_is_no_time_is_said(text: str) -> None:
    with pytest.raises(InputError, match="GREENAI_SLICE_END must be a time with an offset"):
        StopRequest({"GREENAI_SLICE_END": text})
