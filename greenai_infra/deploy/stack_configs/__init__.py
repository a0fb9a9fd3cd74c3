"""The typed config of the stacks, one module a section: what a stack is built from, and nothing else."""
