"""The folders and settings of a run: SageMaker's folders, Vertex AI's mounted buckets, a laptop's folder.

| | SageMaker | Vertex AI | laptop |
| data | /opt/ml/input/data/NAME, $SM_CHANNEL_NAME | $SM_CHANNEL_TRAIN | DIR/input/data/NAME |
| hyperparameters | /opt/ml/input/config/hyperparameters.json | arguments --NAME=VALUE | both |
| checkpoints | $GREENAI_CHECKPOINT_DIR, /opt/ml/checkpoints | $GREENAI_CHECKPOINT_DIR | DIR/checkpoints |
| model | $SM_MODEL_DIR, /opt/ml/model | $SM_MODEL_DIR | DIR/model |
| report | $SM_OUTPUT_DATA_DIR, /opt/ml/output/data | beside $SM_MODEL_DIR | DIR/output/data |
| why it failed | /opt/ml/output/failure | (the log) | DIR/output/failure |
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import GreenAIError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

SAGEMAKER_ROOT = Path("/opt/ml")
CHANNEL = "SM_CHANNEL_"
LONGEST_REASON = 1024
"""Characters of the failure file that SageMaker shows as FailureReason."""


@dataclass(frozen=True)
class Folders:
    """The folders of a run. `failure` is None where the file is not read."""

    config: Path
    channels: Mapping[str, Path]
    checkpoints: Path
    model: Path
    output: Path
    failure: Path | None

    def channel(self, name: str) -> Path:
        """The folder of a data channel. Raises InputError for an unknown or empty channel."""
        folder = self.channels.get(name)
        if folder is None or not folder.is_dir():
            known = ", ".join(sorted(self.channels)) or "none"
            raise InputError(
                f"the data channel {name!r} is missing: there is no folder {folder or f'input/data/{name}'} "
                f"(channels here: {known})"
            )
        if not any(folder.iterdir()):
            raise InputError(f"the data channel {name!r} is empty: {folder} holds no file")
        return folder

    def make(self) -> None:
        """Creates the folders that are written to. Raises InputError for a read-only folder."""
        for folder in (self.checkpoints, self.model, self.output):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"{folder} can't be made: {error.strerror}") from None
            if not os.access(folder, os.W_OK):
                raise InputError(f"{folder} can't be written: no permission")

    def tell_failure(self, reason: str) -> None:
        """Writes why the run failed, for SageMaker's FailureReason. Ignores a full disk."""
        if self.failure is not None:
            try:
                self.failure.parent.mkdir(parents=True, exist_ok=True)
                self.failure.write_text(reason[:LONGEST_REASON], encoding="utf-8")
            except OSError:
                return


def folders_of(root: Path | None, environment: Mapping[str, str]) -> Folders:
    """The folders below `root`, else by the environment of the cloud. Raises InputError where neither is there."""
    if root is not None:
        return _below(root.absolute(), {})
    model = environment.get("SM_MODEL_DIR", "")
    if model.startswith("/gcs/"):
        checkpoints = environment.get("GREENAI_CHECKPOINT_DIR", "")
        if not checkpoints:
            raise InputError("GREENAI_CHECKPOINT_DIR is not set: say where checkpoints are kept, as /gcs/BUCKET/FOLDER")
        output = Path(model).parent
        return Folders(output, _stated_channels(environment), Path(checkpoints), Path(model), output, None)
    if not (SAGEMAKER_ROOT.is_dir() or model):
        raise InputError(f"{SAGEMAKER_ROOT} does not exist here: name the folder of the run with --root DIR")
    return _below(SAGEMAKER_ROOT, environment)


def _below(root: Path, environment: Mapping[str, str]) -> Folders:
    data = root / "input" / "data"
    try:
        found = {one.name: one for one in sorted(data.iterdir()) if one.is_dir()} if data.is_dir() else {}
    except OSError as error:
        raise InputError(f"{data} can't be read: {error.strerror}") from None
    output = root / "output"
    folders = Folders(
        config=root / "input" / "config",
        channels={**found, **_stated_channels(environment)},
        checkpoints=Path(environment.get("GREENAI_CHECKPOINT_DIR") or root / "checkpoints"),
        model=Path(environment.get("SM_MODEL_DIR") or root / "model"),
        output=Path(environment.get("SM_OUTPUT_DATA_DIR") or output / "data"),
        failure=output / "failure",
    )
    for name in read_json(folders.config / "inputdataconfig.json"):
        folders.channel(name)  # a channel that the job was started with
    return folders


def _stated_channels(environment: Mapping[str, str]) -> dict[str, Path]:
    return {
        name.removeprefix(CHANNEL).lower(): Path(value)
        for name, value in environment.items()
        if name.startswith(CHANNEL) and value
    }


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty without a file. Raises InputError naming the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} must hold a JSON object, not {type(found).__name__}")
    return found


def file_hyperparameters(folders: Folders) -> dict[str, str]:
    """Those of `hyperparameters.json`, as SageMaker writes it: every value a string."""
    path = folders.config / "hyperparameters.json"
    values = {}
    for name, value in read_json(path).items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError(f"{path}: {name} must be a string, as SageMaker writes it, not {value!r}")
        values[name] = str(value)
    return values


def environment_of(folders: Folders, hyperparameters: Mapping[str, str]) -> dict[str, str]:
    """The contract's environment of a script, with the names of SageMaker's training toolkit."""
    return {
        "SM_MODEL_DIR": str(folders.model),
        "SM_OUTPUT_DATA_DIR": str(folders.output),
        "SM_CHANNELS": json.dumps(sorted(folders.channels)),
        **{f"{CHANNEL}{name.upper()}": str(path) for name, path in folders.channels.items()},
        "SM_HPS": json.dumps(dict(hyperparameters)),
        **{f"SM_HP_{name.upper().replace('-', '_')}": value for name, value in hyperparameters.items()},
        "GREENAI_CHECKPOINT_DIR": str(folders.checkpoints),
    }


class TrainingFailed(GreenAIError):
    """The training can't go on: a non-finite loss, a checkpoint that can't be written."""
