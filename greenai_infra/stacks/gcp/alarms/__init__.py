"""The carbon budget of a project on Google Cloud."""
