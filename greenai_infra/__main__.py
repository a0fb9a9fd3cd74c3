"""`python -m greenai_infra` is `greenai-infra`."""

from greenai_infra.cli.main import run_process

run_process()
