"""What a placement of a plan becomes: one module for each cloud and kind of work that a program can build."""
