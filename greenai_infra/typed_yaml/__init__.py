"""Files that users write in YAML, read into typed structs; every problem with its file and line."""
