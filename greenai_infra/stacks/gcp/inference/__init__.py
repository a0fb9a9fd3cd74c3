"""What serves a model on TPUs on Google Cloud."""
