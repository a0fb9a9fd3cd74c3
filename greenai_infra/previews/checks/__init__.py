"""Checks of what is declared: values, references and documents."""
