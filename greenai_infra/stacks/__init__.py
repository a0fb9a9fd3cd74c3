"""The parts of the programs, each a Pulumi component."""
