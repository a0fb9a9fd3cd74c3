"""Serving on AWS: one SageMaker endpoint, on instances such as Inferentia2 or serverless."""
