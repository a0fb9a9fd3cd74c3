"""Settings of environment and file: which wins, what is refused, and that no secret is ever shown."""

from pathlib import Path

import pytest

from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.user_settings import read_settings, variables
from greenai_infra.intensity.model.settings import SignIn
from greenai_infra.intensity.sources.live import live_sources

SECRET = "hunter2-and-more"


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    monkeypatch.setenv("GREENAI_CONFIG", str(path))
    return path


def test_file_lies_in_the_platforms_config_folder(tmp_path: Path) -> None:
    file = tmp_path / "config" / "greenai-infra" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[electricity-maps]\ntoken = "{SECRET}"\n')

    settings = read_settings()

    assert settings.file == file
    assert settings.get("electricity-maps", "token") == SECRET
    assert settings.where("electricity-maps", "token") == f"[electricity-maps] token in {file}"


def test_variable_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('[eia]\napi_key = "from-file"\n')
    monkeypatch.setenv("EIA_API_KEY", "from-variable")

    settings = read_settings()

    assert settings.get("eia", "api_key") == "from-variable"
    assert settings.where("eia", "api_key") == "EIA_API_KEY"


def test_locations_are_a_table_of_the_file(config: Path) -> None:
    config.write_text('[carbon-aware-sdk]\nurl = "http://sdk:8080"\nlocations = { SE-SE3 = "swedencentral" }\n')
    assert read_settings().table("carbon-aware-sdk", "locations") == {"SE-SE3": "swedencentral"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[electricity-map]\n", "there is no source [electricity-map]; did you mean 'electricity-maps'?"),
        ('[eia]\nkey = "x"\n', "[eia] has no key 'key'; did you mean 'api_key'?"),
        (f"[eia]\napi_key = {len(SECRET)}\n", "[eia] api_key: expected a text in quotes"),
        ('[carbon-aware-sdk]\nlocations = "x"\n', "[carbon-aware-sdk] locations: expected a table of texts"),
        ("[carbon-aware-sdk]\nlocations = { FR = 1 }\n", "[carbon-aware-sdk] locations: expected a table of texts"),
        ("eia = 3\n", "eia: expected a table, as in [eia]"),
        ("[eia\n", "is not TOML"),
    ],
)
def test_what_the_file_can_not_hold_is_named(config: Path, text: str, message: str) -> None:
    config.write_text(text)
    with pytest.raises(InputError) as caught:
        read_settings()
    assert message in str(caught.value)
    assert str(config) in str(caught.value)


def test_named_file_that_is_not_there(config: Path) -> None:
    with pytest.raises(InputError, match=r"GREENAI_CONFIG names .*my.toml, which is not there"):
        read_settings()


@pytest.mark.parametrize("text", [f"{SECRET}\nX", f"{SECRET} x", f"{SECRET}é"])
def test_unusable_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EIA_API_KEY", text)
    with pytest.raises(InputError, match="EIA_API_KEY holds characters that no api_key has") as caught:
        read_settings().get("eia", "api_key")
    assert SECRET not in str(caught.value)


def test_password_may_hold_blanks_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTTIME_PASSWORD", "two words")
    assert read_settings().get("watttime", "password") == "two words"
    assert "two words" not in repr(SignIn("https://x", "me", "two words"))


@pytest.mark.parametrize("name", ["electricity-maps", "watttime", "eia"])
def test_keyed_source_is_asked_over_https_only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variable = variables()[name, "base_url"]
    monkeypatch.setenv(variable, "http://api.example.org")
    with pytest.raises(InputError, match=f"{variable} is http://api.example.org: a key is sent over https only"):
        live_sources()[name].url(read_settings())


def test_missing_settings_are_named_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_sources()["watttime"].missing(read_settings()) == "WATTTIME_USER is not set"
    monkeypatch.setenv("WATTTIME_USER", "me")
    assert live_sources()["watttime"].missing(read_settings()) == "WATTTIME_PASSWORD is not set"
    assert live_sources()["neso"].missing(read_settings()) == ""
