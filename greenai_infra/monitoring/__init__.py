"""Monitoring of running workloads: metrics, and alarm thresholds from budgets."""
