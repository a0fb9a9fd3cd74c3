"""Secrets in what is shown and logged."""

import logging

import pytest

from greenai_infra import masking
from greenai_infra.intensity.model.questions import Question
from greenai_infra.intensity.model.reading import shown
from greenai_infra.intensity.service.http import Client
from greenai_infra.masking import keep_secret, masked
from greenai_infra.web import site

from .service import Reply, Service

SECRET = "a+b/c d&0123456789"
FORMS = (SECRET, "a%2Bb%2Fc%20d%260123456789", "a%2Bb%2Fc+d%260123456789")


@pytest.fixture(autouse=True)
def _no_other_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_secrets", [])


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(form: str) -> None:
    keep_secret([SECRET, ""])
    assert masked(f"GET /?key={form}&x=1") == "GET /?key=***&x=1"


def test_longer_secret_is_masked_as_a_whole() -> None:
    keep_secret(["abc"])
    keep_secret(["abcdef"])
    assert masked("abcdef") == "***"


def test_value_of_an_answer_is_masked_before_it_is_cut() -> None:
    keep_secret([SECRET])
    assert shown("x" * 30 + SECRET) == f"'{'x' * 30}***'"
    assert shown({"key": SECRET}) == "'{'key': '***'}'"


def test_headers_that_cannot_be_parsed_do_not_bring_the_address_into_the_log(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "READ_TIMEOUT_S", 0.5)  # the length of the answer is lost with its headers
    service.scripts["latest"] = lambda asked: Reply({}, headers={f"no header {SECRET}\r\nX": "1"})
    Client(service.url, params={"api_key": SECRET}, secrets=[SECRET]).fetch_all([Question("latest")])
    assert "Failed to parse headers" in caplog.text
    assert not [form for form in FORMS if form in caplog.text]


def test_log_keeps_its_text_and_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    keep_secret([SECRET])
    log = logging.getLogger("urllib3.connection")
    try:
        raise ValueError(f"bad {SECRET}")
    except ValueError:
        log.warning("at %s: %d %%", SECRET, 5, exc_info=True)
    assert "at ***: 5 %" in caplog.text
    assert "ValueError: bad ***" in caplog.text
    assert SECRET not in caplog.text
