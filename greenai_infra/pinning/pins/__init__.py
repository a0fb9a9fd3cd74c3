"""One pinner a kind of stack and cloud: the config that a placement gives."""
