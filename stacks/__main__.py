"""What `pulumi up` runs: the program in this folder that the stack's config names."""

from pathlib import Path

from greenai_infra.stacks.program import run_program

run_program(Path(__file__).parent)
