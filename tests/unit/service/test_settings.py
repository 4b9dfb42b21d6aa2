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
