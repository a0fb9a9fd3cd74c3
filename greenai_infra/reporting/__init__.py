"""How results look to a person; knows nothing of where the numbers come from."""
