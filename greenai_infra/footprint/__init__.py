"""The physics: energy and emissions as pure functions. The only I/O reads the constants in the data folder."""
