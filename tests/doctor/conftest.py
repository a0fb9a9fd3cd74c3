"""An AWS account in moto, whose service quotas a server on loopback answers: moto has those of VPCs only."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-north-1"
Quotas = dict[str, dict[str, float]]
"""Service code -> quota's name -> value."""


class Account:
    """Quotas in force (`applied`) and AWS's defaults; a boto3 session in the account."""

    def __init__(self) -> None:
        self.applied: Quotas = {}
        self.default: Quotas = {"vpc": {"VPCs per Region": 5.0}}
        self.session: Any = None

    def answer(self, operation: str, service: str, token: str) -> dict[str, Any]:
        """Two quotas a page, as the service pages its thousands."""
        lists = {"ListServiceQuotas": self.applied, "ListAWSDefaultServiceQuotas": self.default}
        entries = [
            {"ServiceCode": service, "QuotaName": name, "Value": value}
            for name, value in lists[operation].get(service, {}).items()
        ]
        start = int(token or 0)
        more = {"NextToken": str(start + 2)} if start + 2 < len(entries) else {}
        return {"Quotas": entries[start : start + 2], **more}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto")
    made = Account()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            body = json.dumps(made.answer(operation, asked["ServiceCode"], asked.get("NextToken", ""))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    passthrough = {"core": {"passthrough": {"urls": ["http://127.0.0.1.*"]}}}
    with answering(Handler) as url, moto.mock_aws(config=passthrough):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", url)
        made.session = boto3.session.Session(region_name=REGION)
        yield made
