"""Cards that tell what training a model has used and emitted: for the Hub, for SageMaker, for the EU AI Office."""
