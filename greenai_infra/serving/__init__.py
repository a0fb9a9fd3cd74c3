"""Serving: what a model server needs in addition to the model, such as the cache of its answers."""
