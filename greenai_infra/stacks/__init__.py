"""The parts that the programs are put together from, each a Pulumi component named after what it is."""
