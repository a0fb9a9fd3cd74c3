"""`python -m training ARGS` is `greenai-infra train ARGS`; SageMaker starts the image with the one argument `train`."""

from __future__ import annotations

import sys

from greenai_infra.cli.start import run_process

if __name__ == "__main__":
    sys.argv[1:1] = ["train"]
    run_process()
