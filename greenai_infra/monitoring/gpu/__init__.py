"""What GPUs do, what they draw, and which of it is waste: read from NVML or nvidia-smi, live or recorded."""
