"""Stacks on the real Pulumi engine: preview, up, destroy, failover, and the gate as a policy pack."""
