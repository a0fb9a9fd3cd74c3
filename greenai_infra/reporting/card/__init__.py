"""Cards with the energy and emissions of training a model: for the Hub, for SageMaker, for the EU AI Office."""
