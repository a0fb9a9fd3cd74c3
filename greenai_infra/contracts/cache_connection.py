"""How a client reaches an inference cache: what the `cache` stacks export, and what a cache library reads.

The names below are the contract, on AWS and on GCP alike. A stack exports exactly these outputs (beside others that
begin without `cache_`), and `CacheConnection.from_outputs` reads them from `pulumi stack output --json`:

| output | example | meaning |
| --- | --- | --- |
| `cache_url` | `rediss://answers.abc.clustercfg.eun1.cache.amazonaws.com:6379` | where; TLS always, no password in it |
| `cache_username` | `answers` | the user to authenticate as |
| `cache_auth` | `secret` | `secret`: the password is the secret's text; `iam`: a token of the caller's own identity |
| `cache_secret` | `arn:aws:secretsmanager:...` | the secret that holds the password; empty for `iam` |
| `cache_region` | `eu-north-1` | region of the cache and of its secret |
| `cache_cluster_mode` | `true` | keys are spread over shards: a client must speak the cluster protocol |
| `cache_ca` | | certificates (PEM) that sign the server's; empty where a public authority does |

The outputs never hold a password: a client fetches it with the client's identity when it connects.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "cache_"
SCHEME = "rediss"


def cache_url(host: Any, port: int) -> str:
    """The URL of an endpoint; for an output, apply it."""
    return f"{SCHEME}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class CacheConnection:
    """What a client needs to reach a cache. Fields are the outputs of a stack without their prefix."""

    url: str
    username: str
    auth: Literal["secret", "iam"]
    secret: str
    region: str
    cluster_mode: bool
    ca: str = ""

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Any]) -> Self:
        """Read the outputs of a `cache` stack. Raises InputError naming the output that is missing or wrong."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = PREFIX + field.name
            wanted = bool if field.name == "cluster_mode" else str
            value = outputs.get(name, "" if field.name == "ca" else None)
            if not isinstance(value, wanted):
                found = "missing" if value is None else f"{value!r}"
                raise InputError(
                    f"output {name} is {found}, where a {wanted.__name__} is expected; "
                    "read the outputs of a stack of program `cache`: pulumi stack output --json"
                )
            values[field.name] = value
        connection = cls(**values)
        connection._check()
        return connection

    def as_outputs(self) -> dict[str, Any]:
        """The outputs that a stack exports. Values may be outputs of resources."""
        return {PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def host(self) -> str:
        """Name of the endpoint."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the endpoint."""
        return urlsplit(self.url).port or 0

    def _check(self) -> None:
        try:
            parts = urlsplit(self.url)
            whole = bool(parts.hostname and parts.port)
        except ValueError:  # the port is not a number
            whole = False
        if not whole or parts.scheme != SCHEME:
            raise InputError(f"output {PREFIX}url is '{_without_password(self.url)}', not {SCHEME}://HOST:PORT")
        if parts.username or parts.password:
            raise InputError(f"output {PREFIX}url holds a user or password; they belong to {PREFIX}secret")
        if self.auth not in ("secret", "iam"):
            raise InputError(f"output {PREFIX}auth is '{self.auth}', neither secret nor iam")
        if (self.auth == "secret") != bool(self.secret):
            raise InputError(f"output {PREFIX}auth is '{self.auth}', but {PREFIX}secret is '{self.secret}'")


def _without_password(url: str) -> str:
    """Returns the URL for display, without credentials before an @."""
    start, at, rest = url.rpartition("@")
    return f"{start.split('://')[0]}://...@{rest}" if at else url
