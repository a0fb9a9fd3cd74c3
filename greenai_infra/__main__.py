"""`python -m greenai_infra` is `greenai-infra`."""

from greenai_infra.cli.start import run_process

run_process()
