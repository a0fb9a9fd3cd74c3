"""The doubles of the providers and the language host in the tests' own process, which engines attach to.

The engine takes their ports from two variables of its environment, so `greenai-infra` on it gets them too. Nothing has
to be started for a command but the engine itself and a fork for the program. What a plugin would have inherited from
the command, its environment, is told by who runs it: `tell`.
"""

from __future__ import annotations

import threading
from concurrent import futures
from typing import IO, TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2_grpc, provider_pb2_grpc

from .forks import Fork
from .language_host import LanguageHost
from .provider_double import LIMITS, ProviderDouble, cloud_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROVIDERS, LANGUAGES = "PULUMI_DEBUG_PROVIDERS", "PULUMI_DEBUG_LANGUAGES"
STATE_AT_THE_END = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""The state is written once an update, not once a resource: a third of the engine's own time."""
THREADS = 32

_environment: dict[str, str] = {}
"""Of the command that runs: tests run one at a time in a process."""


def tell(environment: Mapping[str, str]) -> None:
    """Say with which environment a command is about to run."""
    _environment.clear()
    _environment.update(environment)


class Warm:
    """Servers for as long as the tests run; `settings` are the variables that make an engine attach to them."""

    def __init__(self, exec_script: str) -> None:
        self._servers: list[grpc.Server] = []
        providers = []
        for package in ("aws", "gcp"):
            port = self._serve(provider_pb2_grpc.add_ResourceProviderServicer_to_server, Attached(package))
            providers.append(f"{package}:{port}")
        host = WarmHost(exec_script)
        language = self._serve(language_pb2_grpc.add_LanguageRuntimeServicer_to_server, host)
        self.settings = {PROVIDERS: ",".join(providers), LANGUAGES: f"python:{language}", **STATE_AT_THE_END}

    def _serve(self, add_to: Any, servicer: Any) -> int:
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=THREADS), options=LIMITS)
        add_to(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)
        return int(port)

    def close(self) -> None:
        for server in self._servers:
            server.stop(None)


class Attached(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]
    """A double for each connection: an engine makes one for each provider, configured differently, of a program."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._doubles: dict[str, ProviderDouble] = {}

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._doubles[context.peer()] = ProviderDouble(cloud_of(self._package, _environment), _environment)
        return self._doubles[context.peer()].Handshake(request, context)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def double_of(self, context: grpc.ServicerContext) -> ProviderDouble:
        return self._doubles[context.peer()]


def _passed_on(name: str) -> Callable[[Attached, Any, grpc.ServicerContext], Any]:
    return lambda attached, request, context: getattr(attached.double_of(context), name)(request, context)


for _name in vars(ProviderDouble):
    if _name[0].isupper() and _name != "Handshake":  # the engine's calls
        setattr(Attached, _name, _passed_on(_name))


class WarmHost(LanguageHost):
    """Forks programs and policy packs, and passes on to the engine what a program writes."""

    def __init__(self, exec_script: str) -> None:
        super().__init__("", exec_script)
        self._engines: dict[str, str] = {}

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._engines[context.peer()] = request.engine_address
        return super().Handshake(request, context)

    def engine_of(self, context: grpc.ServicerContext) -> str:
        return self._engines[context.peer()]

    def environment(self) -> dict[str, str]:
        return dict(_environment)

    def start_pack(self, words: list[str], environment: dict[str, str], folder: str) -> Fork:
        return Fork(words, environment, folder or ".")

    def run_program(self, words: list[str], environment: dict[str, str], context: grpc.ServicerContext) -> int:
        program = Fork(words, environment, ".")
        self.kept(program, context)
        with grpc.insecure_channel(self.engine_of(context)) as channel:
            engine = engine_pb2_grpc.EngineStub(channel)
            threads = [
                threading.Thread(target=_pass_on, args=(engine, stream)) for stream in (program.stdout, program.stderr)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return program.wait()


def _pass_on(engine: Any, stream: IO[bytes]) -> None:
    for line in stream:
        engine.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line.decode(errors="replace")))
