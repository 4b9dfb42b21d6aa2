from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from service.settings import read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HYDRONUM_PORT",
        "HYDRONUM_MEMBERS",
        "HYDRONUM_CONFIG",
        "HYDRONUM_SECRETS_DIR",
        "HYDRONUM_DATABASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)


def test_environment_beats_file_and_command_line_beats_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = tmp_path / "hydronum.toml"
    toml.write_text("port = 9001\nmembers = 10\nseed = 7\n")
    monkeypatch.setenv("HYDRONUM_CONFIG", str(toml))
    monkeypatch.setenv("HYDRONUM_MEMBERS", "20")
    settings = read_settings(port=9002)
    assert (settings.port, settings.members, settings.seed) == (9002, 20, 7)


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hydronum_database_url").write_text("postgresql://u:geheim@h/d")
    monkeypatch.setenv("HYDRONUM_SECRETS_DIR", str(tmp_path))
    settings = read_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:geheim@h/d"
    assert "geheim" not in repr(settings)


def test_all_faults_are_listed_at_once_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRONUM_PORT", "99999")
    monkeypatch.setenv("HYDRONUM_MEMBERS", "one")
    with pytest.raises(ConfigurationError) as caught:
        read_settings()
    assert len(caught.value.faults) == 2
    assert caught.value.faults[0].startswith("setting port: ")
    assert caught.value.faults[1].startswith("setting members: ")


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = tmp_path / "hydronum.toml"
    toml.write_text("prot = 9001\n")
    monkeypatch.setenv("HYDRONUM_CONFIG", str(toml))
    with pytest.raises(ConfigurationError, match="prot"):
        read_settings()


@pytest.mark.parametrize("name", ["HYDRONUM_CONFIG", "HYDRONUM_SECRETS_DIR"])
def test_a_named_source_that_is_not_there_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(tmp_path / "gone"))
    with pytest.raises(ConfigurationError, match=f"{name}: there is no .*gone"):
        read_settings()


def test_a_settings_file_that_is_no_toml_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = tmp_path / "hydronum.toml"
    toml.write_text('port = "9001\n')
    monkeypatch.setenv("HYDRONUM_CONFIG", str(toml))
    with pytest.raises(ConfigurationError, match=r"hydronum\.toml: .*line 1"):
        read_settings()


@pytest.mark.parametrize("url", ["garbage", "mysql://u:geheim@h/d", "postgresql://u:geheim@h:99999/d"])
def test_a_database_url_that_is_none_is_refused_without_showing_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRONUM_DATABASE_URL", url)
    with pytest.raises(ConfigurationError, match="setting database_url: ") as caught:
        read_settings()
    assert "geheim" not in str(caught.value)
