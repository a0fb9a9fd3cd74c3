"""What running workloads say of themselves: the metrics, and how budgets become alarm thresholds."""
