"""What trains a workload on SageMaker when the plan says."""
