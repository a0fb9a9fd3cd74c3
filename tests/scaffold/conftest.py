"""The command line, as tests of the command line have it."""

from tests.cli.conftest import greenai

__all__ = ["greenai"]
