import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from service.live import run_all
from service.settings import read_settings

ROOT = Path(__file__).resolve().parents[3]


def hydronum(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "TERM": "dumb", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["demo", "run", "simulate", "migrate", "health", "basin check", "secrets create"])
def test_every_command_explains_itself(command: str) -> None:
    outcome = hydronum(*command.split(), "--help")
    assert outcome.returncode == 0
    assert "Usage" in outcome.stdout


def test_a_sound_basin_has_no_fault() -> None:
    outcome = hydronum("basin", "check", "basins/wallonia")
    assert (outcome.returncode, outcome.stdout) == (0, "")


def test_a_basin_with_faults_lists_them_all(tmp_path: Path) -> None:
    outcome = hydronum("basin", "check", str(tmp_path))
    assert outcome.returncode == 1
    assert "nodes.csv: file is missing" in outcome.stdout
    assert "stations.csv: file is missing" in outcome.stdout


@pytest.mark.parametrize("speed", ["fast", "-1", "0", "nan", "inf"])
def test_an_impossible_speed_is_one_sentence(speed: str) -> None:
    outcome = hydronum("demo", "--headless", "--speed", speed)
    assert outcome.returncode == 2
    assert "speed must be max, real or a positive number" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "x")
    for command in (("simulate", "flash_flood", "--truth-out", below), ("secrets", "create", below)):
        outcome = hydronum(*command)
        assert outcome.returncode == 2
        assert "cannot be used: Not a directory" in outcome.stderr
        assert "Traceback" not in outcome.stderr


def test_a_file_in_place_of_a_basin_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = hydronum("basin", "check", str(tmp_path / "file"))
    assert outcome.returncode == 1
    assert "Not a directory" in outcome.stdout
    assert "Traceback" not in outcome.stderr


def test_a_service_that_others_could_reach_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRONUM_HOST", "0.0.0.0")  # noqa: S104 - this must be refused
    with pytest.raises(ConfigurationError, match="loopback"):
        run_all(read_settings(data_dir=tmp_path))


def test_an_unknown_event_names_those_that_exist() -> None:
    outcome = hydronum("demo", "--headless", "--event", "1993-12")
    assert outcome.returncode == 2
    assert "'1993-12' does not exist" in outcome.stderr
    assert "2021-07" in outcome.stderr


def test_an_end_before_the_event_is_no_green_run() -> None:
    outcome = hydronum("demo", "--headless", "--until", "2021-07-01T00:00:00Z")
    assert outcome.returncode == 2
    assert "lies before the event, which lasts 2021-07-08T22:00:00Z to 2021-07-19T22:00:00Z" in outcome.stderr


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = hydronum("demo", "--headless", "--data-dir", str(tmp_path / "file" / "x"))
    assert outcome.returncode == 1
    assert "cannot be used" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_folder_for_the_summary_that_cannot_be_made_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = hydronum("demo", "--headless", "--out", str(tmp_path / "file" / "x"), "--data-dir", str(tmp_path / "d"))
    assert outcome.returncode == 2
    assert not (tmp_path / "d").exists()


def test_a_role_without_database_says_so() -> None:
    outcome = hydronum("run", "--role", "api")
    assert outcome.returncode == 2
    assert "database_url is empty" in outcome.stderr


def test_secrets_are_random_and_never_overwritten(tmp_path: Path) -> None:
    outcome = hydronum("secrets", "create", str(tmp_path / "s"))
    assert outcome.returncode == 0
    files = {path.name: path.read_text() for path in (tmp_path / "s").iterdir()}
    assert files["database_password"] in files["hydronum_database_url"]
    assert len(set(files.values())) == len(files)
    again = hydronum("secrets", "create", str(tmp_path / "s"))
    assert again.returncode == 2
    assert "never overwritten" in again.stderr
    assert {path.name: path.read_text() for path in (tmp_path / "s").iterdir()} == files
