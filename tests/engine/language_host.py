"""A stand-in for `pulumi-language-python`, the plugin with which the engine runs Python programs and policy packs.

The official CLI brings its own; a CLI built from Go modules has none. This one runs everything with the interpreter it
runs under, installs nothing and requires no plugins. A program's output goes to the engine through this process's own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO, Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from .provider_double import serve

EXEC_VARIABLE = "GREENAI_LANGUAGE_EXEC"
"""Where the script `pulumi-language-python-exec` lies, which connects a program to the engine."""

USER_MESSAGE_SHOWN = 32
"""Exit code of that script when the program failed and has said so itself."""


class Process(Protocol):
    """A program or policy pack that runs; the methods are those of `Popen`."""

    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def terminate(self) -> None: ...


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):  # type: ignore[misc]
    """The engine's calls; `engine_address` is the engine's, `exec_script` the path of the script above."""

    def __init__(self, engine_address: str, exec_script: str) -> None:
        self.engine_address = engine_address
        self.exec_script = exec_script
        self._children: list[Process] = []

    def engine_of(self, context: grpc.ServicerContext) -> str:
        """The address of the engine that calls."""
        return self.engine_address

    def environment(self) -> dict[str, str]:
        """What programs and policy packs inherit."""
        return dict(os.environ)

    def run_program(self, words: list[str], environment: dict[str, str], context: grpc.ServicerContext) -> int:
        """Run `python -u WORDS`, which writes where this process does; its exit code."""
        return self.kept(subprocess.Popen([sys.executable, "-u", *words], env=environment), context).wait()

    def start_pack(self, words: list[str], environment: dict[str, str], folder: str) -> Process:
        """Start `python -u WORDS` in a folder, with its streams piped."""
        pipe, command = subprocess.PIPE, [sys.executable, "-u", *words]
        return subprocess.Popen(command, cwd=folder or None, env=environment, stdout=pipe, stderr=pipe)

    def kept(self, process: Process, context: grpc.ServicerContext) -> Process:
        """A process that ends with the call or with this host, whichever comes first."""
        self._children.append(process)
        context.add_callback(process.terminate)
        return process

    def end_children(self) -> None:
        """End the programs and policy packs that still run."""
        for child in self._children:
            if child.poll() is None:
                child.kill()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        yield language_pb2.InstallDependenciesResponse(stdout=b"dependencies are those of the running interpreter\n")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run the program to its end."""
        environment = {
            **self.environment(),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        options = {
            "--monitor": request.monitor_address,
            "--engine": self.engine_of(context),
            "--project": request.project,
            "--stack": request.stack,
            "--pwd": request.pwd,
            "--dry_run": "true" if request.dryRun else "false",
            "--parallel": str(request.parallel),
            "--organization": request.organization,
            "--root_directory": request.info.root_directory,
        }
        given = [word for option, value in options.items() if value for word in (option, value)]
        program = str(Path(request.info.program_directory) / request.info.entry_point)
        code = self.run_program([self.exec_script, *given, program, *request.args], environment, context)
        if code == USER_MESSAGE_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error="" if code == 0 else f"the program ended with exit code {code}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack (the one kind of plugin served here) and pass on what it writes."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this stand-in runs no plugins of kind {request.kind!r}")
        settings = dict(entry.partition("=")[::2] for entry in request.env)
        words = ["-m", "pulumi.policy", *request.args, request.info.program_directory]
        process = self.kept(self.start_pack(words, {**self.environment(), **settings}, request.pwd), context)
        yield from _output(process)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _output(process: Process) -> Iterator[Any]:
    """Both streams of the process as they come: standard error is read on a thread and passed on at the end."""

    def lines(stream: IO[bytes] | None) -> bytes:
        return stream.read() if stream else b""

    with ThreadPoolExecutor(max_workers=1) as pool:
        errors = pool.submit(lines, process.stderr)
        for line in process.stdout or ():
            yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(stderr=errors.result())


def main() -> None:
    """Be the plugin `pulumi-language-python`; the engine's address is the last argument."""
    host = LanguageHost(sys.argv[-1], os.environ[EXEC_VARIABLE])
    serve(language_pb2_grpc.add_LanguageRuntimeServicer_to_server, host, host.end_children)
