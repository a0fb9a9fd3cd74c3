"""nvidia-smi: recorded outputs of cards and drivers from 430 to 590, as XML and CSV, and the program itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.monitoring.gpu import smi
from greenai_infra.monitoring.gpu.open import read_recording
from greenai_infra.monitoring.gpu.smi import SmiReader
from greenai_infra.monitoring.gpu.values import MEBIBYTE, Unread

RECORDED = Path(__file__).with_name("recorded")


def test_a_t4_with_throttle_reasons_and_old_power_readings() -> None:
    [taken] = read_recording(RECORDED / "tesla-t4-515.xml")
    [one] = taken.gpus

    assert (taken.driver, one.name, one.power_w, one.power_limit_w) == ("515.105.01", "Tesla T4", 26.78, 70)
    assert (one.utilization_ratio, one.memory_used_bytes) == (0, 1032 * MEBIBYTE)
    assert (one.sm_clock_hz, one.sm_clock_max_hz, one.temperature_celsius) == (585e6, 1590e6, 40)
    assert (one.throttle_reasons, one.processes, one.mig_mode) == ([], [], False)
    assert one.energy_j is None
    assert "no energy counter" in one.missing["energy_j"]


def test_an_a100_in_mig_mode_has_no_utilisation_but_instances_with_memory() -> None:
    [taken] = read_recording(RECORDED / "a100-mig-535.xml")
    card, first, second = taken.gpus

    assert (card.mig_mode, card.power_w, card.power_limit_w) == (True, 67.03, 500)  # not the module's N/A
    assert (card.utilization_ratio, card.missing["utilization_ratio"]) == (None, "in MIG mode")
    assert (first.index, first.mig, second.mig, second.parent) == ("0:0", "3/0", "4/0", card.uuid)
    assert (first.memory_total_bytes, first.power_w, first.processes) == (19968 * MEBIBYTE, None, [])
    assert [(one.pid, one.name, one.memory_bytes) for one in second.processes or []] == [(7001, None, None)]


def test_an_h100_names_why_it_is_slow() -> None:
    [taken] = read_recording(RECORDED / "h100-535.xml")
    [one] = taken.gpus

    assert one.throttle_reasons == ["sw_power_cap", "sw_thermal_slowdown"]
    assert (one.utilization_ratio, one.memory_utilization_ratio, one.power_w) == (0.98, 0.41, 698.13)
    assert [(one.pid, one.name, one.memory_bytes) for one in one.processes or []] == [
        (31337, "python3", 73240 * MEBIBYTE)
    ]


def test_the_newest_driver_says_average_power_and_deprecated() -> None:
    [taken] = read_recording(RECORDED / "rtx-pro-6000-590.xml")
    [one] = taken.gpus

    assert (one.power_w, one.power_limit_w, one.throttle_reasons) == (3.97, 300, [])
    assert (one.processes, one.lost) == (None, None)


def test_a_consumer_card_lacks_figures_and_a_lost_one_all_of_them() -> None:
    [taken] = read_recording(RECORDED / "gtx-1070-ti-430.xml")
    one, lost = taken.gpus

    assert (one.power_w, one.missing["power_w"]) == (None, "nvidia-smi says N/A")
    assert (one.temperature_celsius, one.missing["power_limit_w"]) == (39, "nvidia-smi does not list it")
    assert (one.lost, lost.lost) == (None, "nvidia-smi says GPU is lost")
    assert (lost.utilization_ratio, lost.power_w, lost.missing["power_w"]) == (None, None, "nvidia-smi says ERR!")
    assert lost.missing["temperature_celsius"] == "nvidia-smi says [Unknown Error]"


def test_a_query_in_csv_gives_rounds_with_their_times() -> None:
    first, second = read_recording(RECORDED / "query-470.csv")
    t4, old = second.gpus

    assert (second.at_s - first.at_s, [one.uuid for one in first.gpus]) == (2, ["GPU-t4", "GPU-old"])
    assert (t4.power_w, t4.utilization_ratio, t4.memory_used_bytes) == (70.2, 0.99, 9012 * MEBIBYTE)
    assert t4.throttle_reasons == ["sw_power_cap", "sw_thermal_slowdown"]
    assert (old.utilization_ratio, old.power_w, old.sm_clock_hz, old.sm_clock_max_hz) == (None, None, None, None)
    assert old.missing["sm_clock_max_hz"] == "nvidia-smi says [Insufficient Permissions]"
    assert old.memory_total_bytes == 2000 * MEBIBYTE


def test_a_query_without_units_by_a_new_driver() -> None:
    [taken] = read_recording(RECORDED / "query-580-nounits.csv")
    [one] = taken.gpus

    assert (one.utilization_ratio, one.memory_used_bytes, one.power_w) == (0.55, 1024 * MEBIBYTE, 512.25)
    assert one.throttle_reasons == ["hw_power_brake_slowdown"]


def test_a_loop_of_xml_is_several_rounds_and_a_cut_line_of_csv_is_left_out(tmp_path: Path) -> None:
    xml = (RECORDED / "h100-535.xml").read_text()
    (tmp_path / "loop.xml").write_text(xml + xml.replace("08:00:00", "08:00:05"))
    first, second = read_recording(tmp_path / "loop.xml")
    assert second.at_s - first.at_s == 5

    text = (RECORDED / "query-470.csv").read_text()
    (tmp_path / "cut.csv").write_text(text[: text.rindex("GPU-old")])
    rounds = read_recording(tmp_path / "cut.csv")
    assert [len(one.gpus) for one in rounds] == [2, 1]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("<nvidia_smi_log></nvidia_smi_log>", DataUnavailable, "holds no GPU"),
        ("<nvidia_smi_log><gpu></nvidia_smi_log>", InputError, "not XML of nvidia-smi"),
        ("0, Tesla T4, 30\n", InputError, "no header line"),
        ('{"at_s": 1, "source": "nvml", "gpus": [{"index": 0}]}\n', InputError, ":1: not a line of"),
        ("", InputError, "no header line"),
        (
            '{"at_s": 1, "source": "nvml", "gpus": [{"index": "0", "uuid": "u", "utilization_ratio": 2.5}]}',
            InputError,
            ":1: not a line of .* <= 1",
        ),
        ('{"at_s": 1, "source": "nvml", "gpus": [{"index": "0", "uuid": "u", "power_w": -5}]}', InputError, ">= 0"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str, kind: type[Exception], said: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(kind, match=said):
        read_recording(tmp_path / "file")


@pytest.mark.parametrize(("of_first", "of_second"), [("", ""), (' id="a"', ' id="b"')])
def test_gpus_without_an_identifier_stay_apart_and_what_can_not_be_is_not_known(
    tmp_path: Path, of_first: str, of_second: str
) -> None:
    gpu = "<uuid>N/A</uuid><utilization><gpu_util>{}</gpu_util></utilization>"
    power = "<gpu_power_readings><power_draw>{} W</power_draw></gpu_power_readings>"
    first, second = (gpu.format(use) + power.format(watts) for use, watts in (("250 %", "-5.00"), ("100 %", "5.00")))
    text = f"<nvidia_smi_log><gpu{of_first}>{first}</gpu><gpu{of_second}>{second}</gpu></nvidia_smi_log>"
    (tmp_path / "file").write_text(text)
    [taken] = read_recording(tmp_path / "file")
    odd, sound = taken.gpus
    assert odd.uuid != sound.uuid
    assert (odd.utilization_ratio, odd.power_w) == (None, None)
    assert odd.missing["power_w"] == "nvidia-smi says -5.00 W, which is impossible"
    assert (sound.utilization_ratio, sound.power_w) == (1.0, 5.0)


def program(folder: Path, script: str) -> str:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_program_is_run_and_when_it_fails_later_its_gpus_are_lost(tmp_path: Path) -> None:
    said = "Unable to determine the device handle for GPU0000:19:00.0: Unknown Error"
    script = f"test -e {tmp_path}/broken && {{ echo '{said}'; exit 9; }}\ncat {RECORDED}/h100-535.xml"
    reader = SmiReader(program(tmp_path, script))

    assert reader.read().gpus[0].power_w == 698.13
    (tmp_path / "broken").touch()
    [one] = reader.read().gpus
    assert one.uuid == "GPU-h100-0"
    assert one.lost == f"nvidia-smi failed with exit code 9: {said}"
    (tmp_path / "broken").unlink()
    assert reader.read().gpus[0].lost is None


def test_a_driver_whose_xml_fails_is_asked_in_csv_without_the_fields_that_it_refuses(tmp_path: Path) -> None:
    script = f"""case "$*" in
      *-x*) exit 2;;
      *clocks_event_reasons*) echo 'Field "clocks_event_reasons.active" is not a valid field to query.'; exit 2;;
      *draw.average*) echo 'Field "power.draw.average" is not a valid field to query.'; exit 2;;
      *) cat {RECORDED}/query-470.csv;;
    esac"""
    reader = SmiReader(program(tmp_path, script))

    assert [one.power_w for one in reader.read().gpus] == [70.2, None]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver'; exit 9", "exit code 9"),
        ("echo 'No devices were found'; exit 6", "No devices were found"),
        ("exec sleep 5", "no answer within"),
        ("sleep 5; true", "no answer within"),
        ("true", "printed no readings"),
        ("head -c 3000 /dev/urandom", "printed no readings"),
    ],
)
def test_a_program_that_can_not_be_used_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(smi, "WITHIN_S", 0.3)
    with pytest.raises(Unread, match=said):
        SmiReader(program(tmp_path, script))


def test_a_program_that_hangs_is_not_run_in_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smi, "WITHIN_S", 0.3)
    with pytest.raises(Unread, match="no answer within"):
        SmiReader(program(tmp_path, f"echo run >> {tmp_path}/runs\nexec sleep 5"))
    assert (tmp_path / "runs").read_text() == "run\n"
