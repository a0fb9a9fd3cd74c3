"""The words of Google Cloud Workflows: kinds of steps, functions that can be called, and what each call needs.

Sources: Google Cloud Workflows, "Syntax overview", "Standard library" and "Connectors reference". Google ships no model
of them; of the connectors only the calls that are listed here are looked into.
"""

from __future__ import annotations

import re

# What a step does (exactly one of these), and what may stand beside it.
STEP_KINDS: dict[str, frozenset[str]] = {
    "assign": frozenset({"next"}),
    "call": frozenset({"args", "result", "next"}),
    "switch": frozenset({"next"}),
    "for": frozenset({"next"}),
    "parallel": frozenset({"next"}),
    "steps": frozenset({"next"}),
    "try": frozenset({"retry", "except", "next"}),
    "return": frozenset(),
    "raise": frozenset(),
    "next": frozenset(),
}
JUMPS = frozenset({"end", "break", "continue"})

_JOBS = "googleapis.aiplatform.v1.projects.locations.customJobs"
# Callable name -> arguments that must be given.
CALLS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("http.get", "http.post", "http.put", "http.patch", "http.delete"), frozenset({"url"})),
    "http.request": frozenset({"url", "method"}),
    "sys.sleep": frozenset({"seconds"}),
    "sys.sleep_until": frozenset({"time"}),
    "sys.log": frozenset(),
    "sys.now": frozenset(),
    "sys.get_env": frozenset({"name"}),
    "events.await_callback": frozenset({"callback"}),
    "events.create_callback_endpoint": frozenset({"http_callback_method"}),
    f"{_JOBS}.create": frozenset({"parent", "region", "body"}),
    f"{_JOBS}.get": frozenset({"name", "region"}),
    f"{_JOBS}.cancel": frozenset({"name", "region"}),
    f"{_JOBS}.delete": frozenset({"name", "region"}),
    f"{_JOBS}.list": frozenset({"parent", "region"}),
    "googleapis.pubsub.v1.projects.topics.publish": frozenset({"topic", "body"}),
    "googleapis.storage.v1.objects.get": frozenset({"bucket", "object"}),
    "googleapis.storage.v1.objects.delete": frozenset({"bucket", "object"}),
}
CONNECTOR = re.compile(r"googleapis\.[a-z0-9]+\.v\d\w*(\.[a-zA-Z]\w*)+")
MODULES = frozenset(
    (
        *("base64", "events", "experimental", "googleapis", "hash", "http", "json", "list", "map", "math", "retry"),
        *("sys", "text", "time", "uuid"),
    )
)
FUNCTIONS = frozenset(("default", "double", "int", "string", "bool", "keys", "len", "not", "get_type", "if"))
WORDS = frozenset(("and", "or", "not", "in", "true", "false", "True", "False", "TRUE", "FALSE", "null"))

EXPRESSION_LENGTH = 400
SOURCE_BYTES = 128 * 1024
ASSIGNMENTS = 50
CONDITIONS = 50
BUILT_IN_VARIABLES = re.compile(r"GOOGLE_CLOUD_\w+")

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*")


def expression_of(text: str) -> str | None:
    """The expression of a value that is one as a whole (`${...}`); None for any other text."""
    stripped = text.strip()
    return stripped[2:-1] if stripped.startswith("${") and stripped.endswith("}") else None


def used_names(expression: str) -> set[str]:
    """Variables that an expression reads: not its texts, functions, fields and words."""
    bare = _TEXT.sub('""', expression)
    found = set()
    for match in _NAME.finditer(bare):
        head = match[0].split(".")[0]
        called = bare[match.end() :].lstrip()[:1] == "("
        if head in WORDS or head in MODULES or (called and match[0] in FUNCTIONS):
            continue
        if called and "." not in match[0]:
            found.add(f"{match[0]}()")
            continue
        found.add(head)
    return found


def read_variables(expression: str) -> list[str]:
    """Variables of the environment that an expression reads by a literal name."""
    return re.findall(r'sys\.get_env\(\s*["\'](\w+)["\']\s*\)', expression)


def unbalanced(expression: str) -> bool:
    """Whether brackets don't match, outside of texts, or a text has no end."""
    bare = _TEXT.sub("", expression)
    if '"' in bare:
        return True
    open_: list[str] = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for sign in bare:
        if sign in "([{":
            open_.append(sign)
        elif sign in pairs and (not open_ or open_.pop() != pairs[sign]):
            return True
    return bool(open_)
