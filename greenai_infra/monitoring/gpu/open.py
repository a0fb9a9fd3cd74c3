"""Opens the reader of this machine, and readers of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.monitoring.gpu.nvml import NvmlReader
from greenai_infra.monitoring.gpu.smi import SmiReader
from greenai_infra.monitoring.gpu.smi_formats import read_csv, read_xml
from greenai_infra.monitoring.gpu.values import Round, Unread

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.monitoring.gpu.values import Reader

INSTALL = "pip install 'greenai-infra[gpu]'"


def open_reader() -> Reader:
    """NVML, else nvidia-smi. Raises DataUnavailable with what each said, where there is no GPU to read."""
    try:
        return NvmlReader()
    except ImportError:
        nvml = f"nvidia-ml-py is not installed: {INSTALL}"
    except Unread as why:
        nvml = str(why)
        if "LIBRARY_NOT_FOUND" in nvml:
            nvml += " (libnvidia-ml.so.1 comes with NVIDIA's driver)"
    try:
        return SmiReader()
    except Unread as why:
        raise DataUnavailable(f"no NVIDIA GPU can be read on this machine. NVML: {nvml}. nvidia-smi: {why}.") from None


def read_recording(path: Path) -> list[Round]:
    """Rounds of a file: lines of `gpu --jsonl`, or what nvidia-smi wrote with `-q -x` or `--query-gpu --format=csv`.

    Raises InputError naming the file, and the line where there is one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8") from None
    try:
        if "<nvidia_smi_log>" in text:
            rounds = read_xml(text)
        elif text.lstrip().startswith("{"):
            rounds = [_of_line(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        else:
            rounds = read_csv(text.splitlines())
    except Unread as why:
        raise InputError(f"{path}: {why}") from None
    if not any(one.gpus for one in rounds):
        raise DataUnavailable(f"{path} holds no GPU")
    return rounds


def _of_line(path: Path, number: int, line: str) -> Round:
    try:
        return msgspec.json.decode(line, type=Round)
    except msgspec.MsgspecError as error:
        raise InputError(f"{path}:{number}: not a line of `greenai-infra gpu --jsonl`: {error}") from None
