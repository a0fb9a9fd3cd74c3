"""Serving: what a model server needs beside the model, such as the cache of its answers."""
