"""The password of a cache that a `cache` stack built: a secret, or a token of the caller's identity.

It is fetched when a connection is made, kept while it is valid, never shown and never written.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from redis.credentials import CredentialProvider

from greenai_infra.errors import GreenAIError
from greenai_infra.masking import keep_secret

if TYPE_CHECKING:
    from greenai_infra.contracts.cache_connection import CacheConnection

SECRET_KEPT_S = 300.0
"""Time after which a rotated password is fetched at the latest; meanwhile both are valid (`password_generation`)."""
RENEWED_BEFORE_S = 60.0
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class StackCredentials(CredentialProvider):
    """Username and password of the outputs of a stack."""

    def __init__(self, connection: CacheConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._password, self._until = "", 0.0

    def __repr__(self) -> str:
        return f"StackCredentials({self._connection.username!r})"

    def get_credentials(self) -> tuple[str, str]:
        """Blocks while it asks; connections are made in the background."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._password, kept_s = self._fetch()
                keep_secret([self._password])
                self._until = time.monotonic() + kept_s
            return self._connection.username, self._password

    async def get_credentials_async(self) -> tuple[str, str]:
        """The same in a thread."""
        import asyncio

        return await asyncio.to_thread(self.get_credentials)

    def _fetch(self) -> tuple[str, float]:
        if self._connection.auth == "secret":
            return aws_secret(self._connection.secret, self._connection.region), SECRET_KEPT_S
        return google_token()


def aws_secret(arn: str, region: str) -> str:
    """Text of a secret in AWS Secrets Manager, read with the caller's identity."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise GreenAIError("the cache's password is in AWS: pip install 'greenai-infra[aws]'") from None
    try:
        client = boto3.session.Session().client("secretsmanager", region_name=region)
        return str(client.get_secret_value(SecretId=arn)["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise GreenAIError(f"the cache's password can't be read from {arn}: {error}") from None


def google_token() -> tuple[str, float]:
    """An access token of the caller's identity (Application Default Credentials), and seconds that it is kept."""
    try:
        import google.auth
        import google.auth.transport.requests
        from google.auth.exceptions import GoogleAuthError
    except ImportError:
        raise GreenAIError("the cache needs tokens of Google Cloud: pip install google-auth") from None
    try:
        found: Any = google.auth.default(scopes=[_SCOPE])[0]
        found.refresh(google.auth.transport.requests.Request())
    except GoogleAuthError as error:
        raise GreenAIError(f"no token for the cache: {error}") from None

    left_s = 3600.0 if found.expiry is None else (found.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return str(found.token), max(0.0, left_s - RENEWED_BEFORE_S)
