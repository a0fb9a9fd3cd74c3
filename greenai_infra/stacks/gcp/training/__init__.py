"""What trains a workload on Vertex AI when the plan says."""
