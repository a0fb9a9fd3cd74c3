"""A token of Google Cloud, by google-auth itself, from a service account's file and a token server on loopback."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from greenai_infra.contracts.cache_connection import CacheConnection
from greenai_infra.errors import GreenAIError
from greenai_infra.serving.credentials import RENEWED_BEFORE_S, StackCredentials, google_token
from tests.loopback import answering

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("google.auth")
CONNECTION = CacheConnection("rediss://a:6379", "default", "iam", "", "europe-north1", False)


class TokenServer(BaseHTTPRequestHandler):
    """Gives a token for an hour for a signed assertion."""

    asked = 0
    status = 200

    def do_POST(self) -> None:
        words = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert words["assertion"]
        type(self).asked += 1
        body = json.dumps({"access_token": f"token-{type(self).asked}", "expires_in": 3600, "token_type": "Bearer"})
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def account(folder: Path, token_url: str) -> str:
    """A service account's file with a key made here."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    facts = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "serve@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_url,
    }
    file = folder / "account.json"
    file.write_text(json.dumps(facts))
    return str(file)


def test_a_token_is_fetched_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Server(TokenServer):
        pass

    with answering(Server) as url:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", account(tmp_path, url))
        token, kept_s = google_token()
        assert token == "token-1"
        assert 3000 < kept_s <= 3600 - RENEWED_BEFORE_S
        credentials = StackCredentials(CONNECTION)
        assert credentials.get_credentials() == ("default", "token-2")
        assert credentials.get_credentials() == ("default", "token-2")
        credentials._until = 0.0  # it has expired
        assert credentials.get_credentials() == ("default", "token-3")
        assert "token" not in repr(credentials)


def test_a_token_that_is_refused_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Server(TokenServer):
        status = 403

    with answering(Server) as url:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", account(tmp_path, url))
        with pytest.raises(GreenAIError, match="no token for the cache"):
            google_token()


def test_no_identity_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(GreenAIError, match="no token for the cache"):
        google_token()
