"""The name by which a project that version 0.1 wrote imports the carbon gate's policy pack."""

from greenai_infra.engine.policy_pack import run_pack

__all__ = ["run_pack"]
