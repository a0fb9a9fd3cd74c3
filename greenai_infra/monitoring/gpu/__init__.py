"""Activity, power and waste of GPUs, read from NVML or nvidia-smi, live or recorded."""
