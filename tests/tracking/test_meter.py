"""codecarbon's reading of GPUs through NVML, whose library is one of the test's: boards of 100 and 200 W."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from greenai_infra.monitoring.run_report import read_report
from greenai_infra.tracking.codecarbon_meter import _one_model

if TYPE_CHECKING:
    from pathlib import Path

NVML = r"""
#include <string.h>
#include <stdio.h>
#include <time.h>
typedef void* dev;
static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec/1e9;}
int nvmlInit_v2(void){return 0;} int nvmlInitWithFlags(unsigned f){return 0;} int nvmlShutdown(void){return 0;}
int nvmlDeviceGetCount_v2(unsigned*n){*n=2;return 0;}
int nvmlDeviceGetHandleByIndex_v2(unsigned i,dev*d){*d=(dev)(i+1L);return 0;}
int nvmlDeviceGetName(dev d,char*s,unsigned n){strncpy(s,"NVIDIA A10G",n);return 0;}
int nvmlDeviceGetUUID(dev d,char*s,unsigned n){snprintf(s,n,"GPU-%ld",(long)d);return 0;}
typedef unsigned long long u64;
int nvmlDeviceGetTotalEnergyConsumption(dev d,u64*mj){*mj=(u64)(now()*100*(long)d*1000);return 0;}
int nvmlDeviceGetPowerUsage(dev d,unsigned*mw){*mw=300000;return 0;}
int nvmlDeviceGetEnforcedPowerLimit(dev d,unsigned*mw){*mw=300000;return 0;}
int nvmlDeviceGetUtilizationRates(dev d,unsigned*u){u[0]=70;u[1]=10;return 0;}
int nvmlDeviceGetTemperature(dev d,int s,unsigned*t){*t=50;return 0;}
int nvmlDeviceGetComputeMode(dev d,int*m){*m=0;return 0;}
int nvmlDeviceGetMemoryInfo(dev d,unsigned long long*m){m[0]=24ull<<30;m[1]=12ull<<30;m[2]=12ull<<30;return 0;}
int nvmlSystemGetDriverVersion(char*s,unsigned n){strncpy(s,"580",n);return 0;}
"""
RUN = """
import json, time
from greenai_infra import GreenTrainer
with GreenTrainer("gpu", intensity=400, report="gpu.json", measure_every_s=0.3) as trainer:
    assert trainer._run.meter_started.wait(60)
    time.sleep(1.5)
    account = trainer._run.account
json.dump(account.gpu_kwh, open("by_device.json", "w"))
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler, for a library in NVML's place")
def test_energy_of_a_gpu_is_its_counter_s(tmp_path: Path) -> None:
    (tmp_path / "nvml.c").write_text(NVML)
    build = ["cc", "-shared", "-fPIC", "-o", "libnvidia-ml.so.1", "nvml.c"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    smi = tmp_path / "nvidia-smi"  # codecarbon asks for a GPU only where it can run this
    smi.write_text("#!/bin/sh\n")
    smi.chmod(0o755)
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "0",  # of the two ranks of the node each is shown its own
        "LOCAL_WORLD_SIZE": "2",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(tmp_path),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "gpu.json")
    gpu = report.components["gpu"]
    assert (gpu.how, report.hardware.gpu, report.hardware.gpu_count) == ("measured", "NVIDIA A10G", 2)
    assert report.measured_s is not None
    assert 3.6e6 * gpu.energy_kwh / report.measured_s == pytest.approx(300, rel=0.1)
    by_device = json.loads((tmp_path / "by_device.json").read_text())
    assert by_device["GPU-2"] / by_device["GPU-1"] == pytest.approx(2, rel=0.1)
    assert sum(by_device.values()) == pytest.approx(gpu.energy_kwh)
    assert report.components["ram"].how == "estimated"


def test_the_model_of_a_gpu_is_named_without_its_count() -> None:
    assert [_one_model(text) for text in ("4 x A10G", "", "1 x A10G2 x T4")] == ["A10G", "", "1 x A10G2 x T4"]
