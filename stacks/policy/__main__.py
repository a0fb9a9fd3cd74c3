"""What the Pulumi engine runs as the carbon gate: the rules of `greenai_infra.policy`, with this folder's settings."""

from pathlib import Path

from greenai_infra.engine.policy_pack import run_pack

run_pack(Path(__file__).parent)
