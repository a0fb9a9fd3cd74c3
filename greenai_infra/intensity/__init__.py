"""Carbon intensity of electricity: one module a source, behind the protocol in `source.py`."""
