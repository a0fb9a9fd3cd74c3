"""The client: many questions at once over few connections, retries, and no wait without end."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from greenai_infra.intensity.model.questions import Failure, Question
from greenai_infra.intensity.service.http import Client
from greenai_infra.web import site
from greenai_infra.web.bounds import MAX_AT_ONCE

from .service import TOKEN, Asked, Reply, Service

Answer = dict[str, object] | Failure


def client(url: str, total_timeout_s: float = 20.0) -> Client:
    return Client(url, headers={"auth-token": TOKEN}, secrets=[TOKEN], total_timeout_s=total_timeout_s)


def ask(url: str, total_timeout_s: float = 20.0) -> dict[str, object] | Failure:
    (answer,) = client(url, total_timeout_s).fetch_all([Question("latest", {"zone": "FR"})])
    return answer


def script(*replies: Reply) -> Callable[[Asked], Reply]:
    """Each reply once, the last one from then on."""
    rest = list(replies)
    lock = threading.Lock()

    def answer(asked: Asked) -> Reply:
        with lock:
            return rest.pop(0) if len(rest) > 1 else rest[0]

    return answer


def test_answers_come_in_the_order_of_the_questions(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply(
        {"n": asked.params["n"]}, delay_s=0.002 * (40 - int(asked.params["n"]))
    )
    answers = client(service.url).fetch_all([Question("latest", {"n": str(n)}) for n in range(40)])
    assert answers == [{"n": str(n)} for n in range(40)]


def test_all_zones_are_in_flight_at_once(service: Service) -> None:
    together = threading.Barrier(60, timeout=60)

    def all_or_none(asked: Asked) -> Reply:
        together.wait()  # answers nothing before all sixty have asked
        return Reply({})

    service.scripts["latest"] = all_or_none
    answers = client(service.url).fetch_all([Question("latest", {"n": str(n)}) for n in range(60)])
    assert answers == [{}] * 60
    assert service.most_in_flight == 60


def test_no_more_than_the_limit_are_in_flight(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply({}, delay_s=0.05)
    client(service.url).fetch_all([Question("latest", {"n": str(n)}) for n in range(150)])
    assert len(service.asked) == 150
    assert service.most_in_flight <= MAX_AT_ONCE


def test_connections_are_reused(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply({})
    asking = client(service.url)
    for _ in range(10):
        asking.fetch_all([Question("latest", {})] * 2)
    assert len(service.asked) == 20
    assert service.connections <= 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_failure_is_tried_again(service: Service, status: int) -> None:
    service.scripts["latest"] = script(Reply({}, status), Reply({"ok": 1}))
    assert ask(service.url) == {"ok": 1}


def test_retry_after_is_honoured(service: Service) -> None:
    service.scripts["latest"] = script(Reply({}, 429, {"Retry-After": "1"}), Reply({"ok": 1}))
    began = time.monotonic()
    assert ask(service.url) == {"ok": 1}
    assert time.monotonic() - began >= 1


def test_retry_after_beyond_the_deadline_is_not_waited_for(service: Service) -> None:
    service.scripts["latest"] = script(Reply({}, 503, {"Retry-After": "3600"}))
    answer = ask(service.url)
    assert isinstance(answer, Failure)
    assert answer.transient
    assert "HTTP 503, to be tried again in 3600 s" in answer.reason
    assert len(service.asked) == 1


@pytest.mark.parametrize("wait", ["9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT", "soon", "1.5"])
def test_retry_after_that_says_no_time_is_passed_over(service: Service, wait: str) -> None:
    service.scripts["latest"] = script(Reply({}, 429, {"Retry-After": wait}), Reply({"ok": 1}))
    assert ask(service.url) == {"ok": 1}


def test_lasting_failure_ends_after_three_retries(service: Service) -> None:
    service.scripts["latest"] = script(Reply({"message": "down\nfor now"}, 500))
    answer = ask(service.url)
    assert answer == Failure("the service failed (HTTP 500): down for now", transient=True)
    assert len(service.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418])
def test_refusal_is_not_tried_again(service: Service, status: int) -> None:
    service.scripts["latest"] = script(Reply({}, status))
    answer = ask(service.url)
    assert isinstance(answer, Failure)
    assert not answer.transient
    assert len(service.asked) == 1


def test_redirect_is_not_followed_with_the_token(service: Service) -> None:
    service.scripts["latest"] = script(Reply({}, 302, {"Location": f"{service.url}/elsewhere"}))
    assert isinstance(ask(service.url), Failure)
    assert service.endpoints() == ["latest"]


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    assert ask(url) == Failure("it could not be reached", transient=True, silent=True)


def test_slow_answer_ends_at_the_read_timeout(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "READ_TIMEOUT_S", 0.1)
    service.scripts["latest"] = script(Reply({}, delay_s=60))
    assert ask(service.url, total_timeout_s=30) == Failure("no answer in time", transient=True, silent=True)


def test_server_that_drips_bytes_does_not_hold_the_caller() -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.05):
                    connection.sendall(b" ")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        answer = ask(f"http://127.0.0.1:{listening.getsockname()[1]}", total_timeout_s=0.5)
        took = time.monotonic() - began
        stop.set()
        thread.join()
    assert answer == Failure("no complete answer within 0.5 s", transient=True, silent=True)
    assert took < 30  # the bytes would come for more than an hour


def test_no_questions_need_no_threads() -> None:
    assert client("http://127.0.0.1:9").fetch_all([]) == []


def test_proxy_of_the_environment_is_used(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.scripts["latest"] = lambda asked: Reply({"ok": 1})
    monkeypatch.setenv("http_proxy", service.url.removesuffix("/v4"))
    assert ask("http://service.invalid/v4") == {"ok": 1}
    monkeypatch.setenv("no_proxy", "service.invalid")
    assert isinstance(ask("http://service.invalid/v4", total_timeout_s=2), Failure)
