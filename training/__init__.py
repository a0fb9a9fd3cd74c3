"""The training container: the entry point of SageMaker, Vertex AI and a laptop, and what it runs."""
