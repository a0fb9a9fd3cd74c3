"""Where, when and on which hardware a workload should run. Values in, a plan document out; no HTTP, no Pulumi."""
