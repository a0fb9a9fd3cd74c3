"""The physics: energy and emissions as pure functions. No I/O but the constants beside the data."""
