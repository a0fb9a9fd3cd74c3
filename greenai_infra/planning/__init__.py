"""Where, when and on which hardware a workload should run: values in, a plan document out; no HTTP, no Pulumi."""
