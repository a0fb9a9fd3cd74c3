"""nvidia-smi's output, as XML (`-q -x`) or CSV (`--query-gpu`), of old and new drivers: fields were renamed."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from greenai_infra.monitoring.gpu.nvml import REASONS
from greenai_infra.monitoring.gpu.values import MEBIBYTE, Process, Round, Sample, Unread, fill

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

NOT_LISTED = "nvidia-smi does not list it"
UNITS = {"%": 0.01, "W": 1.0, "mW": 1e-3, "MHz": 1e6, "MiB": MEBIBYTE, "GiB": 1024.0 * MEBIBYTE, "C": 1.0, "": 1.0}

# field -> paths in the XML, the newest driver's first; power: the mean of a second, as NVML has it
XML = {
    "utilization_ratio": ("utilization/gpu_util",),
    "memory_utilization_ratio": ("utilization/memory_util",),
    "memory_used_bytes": ("fb_memory_usage/used",),
    "memory_total_bytes": ("fb_memory_usage/total",),
    "power_w": (
        "gpu_power_readings/average_power_draw", "gpu_power_readings/instant_power_draw",
        "gpu_power_readings/power_draw", "power_readings/power_draw",
    ),
    "power_limit_w": (
        "gpu_power_readings/current_power_limit", "gpu_power_readings/enforced_power_limit",
        "power_readings/enforced_power_limit", "gpu_power_readings/power_limit", "power_readings/power_limit",
    ),
    "power_default_limit_w": ("gpu_power_readings/default_power_limit", "power_readings/default_power_limit"),
    "temperature_celsius": ("temperature/gpu_temp",),
    "sm_clock_hz": ("clocks/sm_clock",),
    "sm_clock_max_hz": ("max_clocks/sm_clock",),
    "memory_clock_hz": ("clocks/mem_clock",),
    "memory_clock_max_hz": ("max_clocks/mem_clock",),
}  # fmt: skip

# field -> names in a query, with what they are counted in where the header does not say (nounits)
CSV = {
    "utilization_ratio": ("%", "utilization.gpu"),
    "memory_utilization_ratio": ("%", "utilization.memory"),
    "memory_used_bytes": ("MiB", "memory.used"),
    "memory_total_bytes": ("MiB", "memory.total"),
    "power_w": ("W", "power.draw.average", "power.draw", "power.draw.instant"),
    "power_limit_w": ("W", "enforced.power.limit", "power.limit"),
    "power_default_limit_w": ("W", "power.default_limit"),
    "temperature_celsius": ("C", "temperature.gpu"),
    "sm_clock_hz": ("MHz", "clocks.current.sm", "clocks.sm"),
    "sm_clock_max_hz": ("MHz", "clocks.max.sm"),
    "memory_clock_hz": ("MHz", "clocks.current.memory", "clocks.mem"),
    "memory_clock_max_hz": ("MHz", "clocks.max.memory", "clocks.max.mem"),
}
QUERY = (
    "index", "uuid", "name", "driver_version", "mig.mode.current", "clocks_event_reasons.active",
    "clocks_throttle_reasons.active", *(names[1] for names in CSV.values()), "power.draw",
)  # fmt: skip
_NO_ENERGY = "nvidia-smi has no energy counter: power is integrated"
_NO_COUNTERS = "nvidia-smi has no activity counters: NVML does (pip install 'greenai-infra[gpu]')"
_NEVER = {"energy_j": _NO_ENERGY} | dict.fromkeys(
    ("sm_active_ratio", "sm_occupancy_ratio", "tensor_active_ratio", "pipe_active_ratio", "dram_active_ratio"),
    _NO_COUNTERS,
)


def read_xml(text: str) -> list[Round]:
    """One round a `nvidia_smi_log`; a recording in a loop (`-l`) holds several. Raises Unread for what is not that."""
    logs = re.findall(r"<nvidia_smi_log>.*?</nvidia_smi_log>", text, re.DOTALL)
    try:
        return [_of_log(ElementTree.fromstring(log), place) for place, log in enumerate(logs)]
    except ElementTree.ParseError as error:
        raise Unread(f"not XML of nvidia-smi: {error}") from None


def _of_log(log: Element, place: int) -> Round:
    gpus: list[Sample] = []
    for number, gpu in enumerate(log.findall("gpu")):
        gpus += _of_gpu(gpu, str(number))
    at_s = _moment(_text(log, "timestamp"), place)
    return Round(at_s=at_s, source="nvidia-smi", driver=_text(log, "driver_version"), gpus=gpus)


def _of_gpu(gpu: Element, index: str) -> list[Sample]:
    uuid = _named(_text(gpu, "uuid")) or gpu.get("id", f"index-{index}")
    one = Sample(index=index, uuid=uuid, name=_text(gpu, "product_name"), missing=dict(_NEVER))
    for field, paths in XML.items():
        fill(one, field, partial(_first, [_text(gpu, path) for path in paths], ""))
    fill(one, "throttle_reasons", lambda: _active_reasons(gpu))
    one.lost = _lost(one)
    one.mig_mode = _text(gpu, "mig_mode/current_mig") == "Enabled"
    one.processes = _of_processes(gpu)
    instances = []
    for number, element in enumerate(gpu.findall("mig_devices/mig_device")):
        group, part = _text(element, "gpu_instance_id"), _text(element, "compute_instance_id")
        mig = Sample(
            index=f"{index}:{number}", uuid=_named(_text(element, "uuid")) or f"{uuid}/{group}/{part}", name=one.name,
            parent=uuid, mig=f"{group}/{part}", missing=dict(_NEVER),
        )  # fmt: skip
        mig.missing |= {"power_w": "measured for the whole card only", "utilization_ratio": _NO_COUNTERS}
        for field in ("memory_used_bytes", "memory_total_bytes"):
            fill(mig, field, partial(_first, [_text(element, XML[field][0])], ""))
        mig.processes = _of_processes(gpu, group, part)
        instances.append(mig)
    if instances:
        one.missing |= dict.fromkeys(("utilization_ratio", "memory_utilization_ratio"), "in MIG mode")
    return [one, *instances]


def _of_processes(gpu: Element, group: str | None = None, part: str | None = None) -> list[Process] | None:
    listed = gpu.find("processes")
    if listed is None or (not len(listed) and (listed.text or "").strip() not in ("", "None")):
        return None
    found = []
    for element in listed.findall("process_info"):
        of = (_text(element, "gpu_instance_id"), _text(element, "compute_instance_id"))
        pid = _text(element, "pid")
        if (group is not None and of != (group, part)) or not pid.isdecimal():
            continue
        name = _text(element, "process_name")
        memory = _text(element, "used_memory")
        found.append(
            Process(
                pid=int(pid),
                name=_named(name) or None,
                memory_bytes=_number(memory, "MiB") if _is_value(memory) else None,
            )
        )
    return found


def _active_reasons(gpu: Element) -> list[str]:
    for generation in ("clocks_event_reasons", "clocks_throttle_reasons"):
        listed = gpu.find(generation)
        if listed is not None and len(listed):
            prefix = generation.removesuffix("s") + "_"
            return [one.tag.removeprefix(prefix) for one in listed if (one.text or "").strip() == "Active"]
    raise Unread(NOT_LISTED)


def read_csv(lines: Iterable[str]) -> list[Round]:
    """Rounds of a `--query-gpu=... --format=csv` recording: a header, then a line for each GPU, again and again."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if row]
    if not rows or not any("." in name or name.startswith("index") for name in rows[0]):
        raise Unread("no header line of nvidia-smi --query-gpu: record with --format=csv, not noheader")
    header = [re.fullmatch(r"(\S+)(?: \[(.*)\])?", name) for name in rows[0]]
    names = [found[1] if found else "" for found in header]
    units = {found[1]: found[2] or "" for found in header if found}
    rounds: list[Round] = []
    for row in rows[1:]:
        if row[: len(names)] == rows[0] or len(row) != len(names):
            continue  # a header again, or a line that was cut
        cells = dict(zip(names, row, strict=True))
        one = _of_row(cells, units)
        if not rounds or one.uuid in {gpu.uuid for gpu in rounds[-1].gpus}:
            at_s = _moment(cells.get("timestamp", ""), len(rounds))
            rounds.append(Round(at_s=at_s, source="nvidia-smi", driver=cells.get("driver_version", ""), gpus=[]))
        rounds[-1].gpus.append(one)
    return rounds


def _of_row(cells: dict[str, str], units: dict[str, str]) -> Sample:
    index = cells.get("index", "0")
    uuid = next(filter(None, (_named(cells.get(name, "")) for name in ("uuid", "gpu_uuid", "pci.bus_id"))), "")
    uuid = uuid or f"index-{index}"
    one = Sample(index=index, uuid=uuid, name=cells.get("name", cells.get("gpu_name", "")), missing=dict(_NEVER))
    for field, (unit, *names) in CSV.items():
        texts = [cells[name] for name in names if name in cells]
        stated = next((units[name] for name in names if units.get(name)), unit)
        fill(one, field, partial(_first, texts, stated))
    fill(one, "throttle_reasons", lambda: _row_reasons(cells))
    one.lost = _lost(one)
    one.mig_mode = cells.get("mig.mode.current") == "Enabled"
    one.missing["processes"] = "not in a query of GPUs"
    return one


def _row_reasons(cells: dict[str, str]) -> list[str]:

    for generation in ("clocks_event_reasons", "clocks_throttle_reasons"):
        bits = cells.get(f"{generation}.active", "")
        if re.fullmatch(r"0x[0-9A-Fa-f]+", bits):
            return [name for bit, name in REASONS.items() if int(bits, 16) & bit]
        single = {name: value for name, value in cells.items() if name.startswith(f"{generation}.")}
        if any(value in ("Active", "Not Active") for value in single.values()):
            return [name.rpartition(".")[2] for name, value in single.items() if value == "Active"]
    raise Unread(NOT_LISTED)


def _lost(one: Sample) -> str | None:
    said = [why for why in one.missing.values() if "GPU is lost" in why]
    return said[0] if said and one.power_w is None else None


def _first(texts: list[str], unit: str) -> float:
    """The first text that is a number; else Unread with what stands there."""
    for text in texts:
        if _is_value(text):
            return _number(text, unit)
    said = next((text for text in texts if text), "")
    raise Unread(f"nvidia-smi says {said}" if said else NOT_LISTED)


def _is_value(text: str) -> bool:
    """Whether a number stands there, and not `N/A`, `[Not Supported]`, `[Unknown Error]`, `ERR!` or some new word."""
    return re.match(r"-?\d", text) is not None


def _number(text: str, unit: str) -> float:
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(\S*)", text)
    if not found or (found[2] or unit) not in UNITS:
        raise Unread(f"nvidia-smi says {text}")
    value, unit = float(found[1]), found[2] or unit
    if (value < 0 and unit != "C") or (value > 100 and unit == "%"):
        raise Unread(f"nvidia-smi says {text}, which is impossible")
    return value / 100 if unit == "%" else value * UNITS[unit]


def _named(text: str) -> str:
    """The text, empty for a placeholder such as `N/A` or `[Unknown Error]`."""
    return "" if text.startswith(("[", "N/A")) else text


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return (found.text or "").strip() if found is not None else ""


def _moment(text: str, place: int) -> float:
    """The moment of a record in the machine's own time, taken as UTC: only differences count. Else a second each."""
    for form in ("%a %b %d %H:%M:%S %Y", "%Y/%m/%d %H:%M:%S.%f"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return float(place)
