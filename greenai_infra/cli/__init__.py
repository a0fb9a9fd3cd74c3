"""The command line: one module a command group, each parses, calls one library function and prints."""
