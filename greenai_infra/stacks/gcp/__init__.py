"""Parts of stacks on Google Cloud that more than one program uses."""
