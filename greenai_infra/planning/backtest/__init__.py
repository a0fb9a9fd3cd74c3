"""A workload replayed over historical intensity: what each way of choosing place and time would have saved."""
