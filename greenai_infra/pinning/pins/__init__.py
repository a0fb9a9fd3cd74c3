"""A pinner per kind of stack and cloud: turns a placement into config."""
