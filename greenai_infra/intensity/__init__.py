"""Carbon intensity of electricity: a module per source, behind the protocol in `source.py`."""
