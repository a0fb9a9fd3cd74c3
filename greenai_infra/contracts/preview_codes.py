"""The version of a preview's document, and the codes of the findings that say why a program stopped."""

SCHEMA_VERSION = 1
BAD_CONFIG, REFUSED, PROGRAM_FAILED = "bad-config", "refused", "program-failed"
STOPPED = {
    BAD_CONFIG: "the stack's config can't be used",
    REFUSED: "the stack is refused",
    PROGRAM_FAILED: "the program failed",
}
"""Code of the finding that says why the program stopped -> that in a few words."""
