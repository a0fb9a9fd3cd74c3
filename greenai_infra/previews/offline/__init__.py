"""Run a Pulumi program against an engine in this process, and record what it declares."""
