"""GPUs read by running nvidia-smi."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from greenai_infra.monitoring.gpu.host import read_host
from greenai_infra.monitoring.gpu.smi_formats import NOT_LISTED, QUERY, read_csv, read_xml
from greenai_infra.monitoring.gpu.values import Round, Sample, Unread

if TYPE_CHECKING:
    from collections.abc import Callable

WITHIN_S = 30.0
"""Time limit, because nvidia-smi hangs when the driver hangs."""
HANGS = "nvidia-smi gave no answer within"


class SmiReader:
    """The program `nvidia-smi`; XML first, else CSV. Raises Unread if it can't be used at all."""

    source = "nvidia-smi"

    def __init__(self, program: str = "nvidia-smi", clock: Callable[[], float] = time.monotonic) -> None:
        self._program, self._clock = program, clock
        self._zero_s = time.time() - clock()
        self._fields = list(dict.fromkeys(QUERY))
        self._known: dict[str, Sample] = {}
        self._as_xml = True
        if not self._take().gpus:
            raise Unread("nvidia-smi lists no GPU")

    def read(self) -> Round:
        """All GPUs; a run that failed leaves every GPU lost, with what nvidia-smi said."""
        try:
            found = self._take()
        except Unread as why:
            found = Round(at_s=0, source=self.source, gpus=[], notes=[str(why)])
        listed = {one.uuid for one in found.gpus}
        why_lost = found.notes[0] if found.notes else NOT_LISTED
        for one in self._known.values():
            if one.uuid not in listed and one.mig is None:
                found.gpus.append(Sample(index=one.index, uuid=one.uuid, name=one.name, lost=why_lost))
        self._known |= {one.uuid: one for one in found.gpus}
        found.at_s, found.host = self._zero_s + self._clock(), read_host()
        return found

    def close(self) -> None:
        """Nothing is held."""

    def _take(self) -> Round:
        if self._as_xml:
            try:
                rounds = read_xml(self._run("-q", "-x"))
                if rounds and rounds[-1].gpus:
                    return rounds[-1]
            except Unread as why:
                if self._known or "Unable to determine" in str(why) or str(why).startswith(HANGS):
                    raise
            self._as_xml = False
        while True:
            try:
                text = self._run(f"--query-gpu={','.join(self._fields)}", "--format=csv")
                if "uuid" not in text:
                    raise Unread("nvidia-smi printed no readings")
                rounds = read_csv(text.splitlines())
                return rounds[-1] if rounds else Round(at_s=0, source=self.source, gpus=[])
            except Unread as why:
                refused = re.search(r'Field "([^"]+)" is not a valid', str(why))
                if not refused or refused[1] not in self._fields:
                    raise
                self._fields.remove(refused[1])

    def _run(self, *arguments: str) -> str:
        try:
            process = subprocess.Popen(
                [self._program, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Unread("nvidia-smi is not on PATH") from None
        except OSError as error:
            raise Unread(f"nvidia-smi can't be run: {error.strerror}") from None
        try:
            told, complained = process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # not awaited: one that waits for the driver can't even be killed
            raise Unread(f"{HANGS} {WITHIN_S:g} s") from None
        if process.returncode:
            said = " ".join((told + " " + complained).split())
            raise Unread(f"nvidia-smi failed with exit code {process.returncode}: {said[:300]}")
        return told
