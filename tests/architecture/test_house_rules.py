"""The rules of the house that a machine can check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("alerts", "api", "domain", "forecast", "ingest", "review", "service", "simulator", "store", "twin")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BANNED_NAME = re.compile(r"(^|_)(data|info|manager|helper|utils|process|handle)(_|$)", re.IGNORECASE)
MACHINE_PATH = re.compile("/" + "(?:work|root|home)" + "/[a-z]")


def test_imports_point_down_the_house() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout


def test_a_broken_contract_would_be_found(tmp_path: Path) -> None:
    """The check above can fail: a simulator that imports the twin breaks a contract."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "simulator" / "__init__.py").write_text("import twin\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    outcome = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert "simulator" in outcome.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not BANNED_NAME.search(path.stem), f"{path.stem} says nothing about what is inside"
    assert not MACHINE_PATH.search(text), "a path of somebody's machine"


def test_no_naive_time_in_sql() -> None:
    """Product tables carry event time given by the caller; now() of the server would mix two clocks."""
    for path in (ROOT / "store" / "migrations").glob("*.sql"):
        statements = re.sub(r"--.*", "", path.read_text(encoding="utf-8")).lower()
        assert "now()" not in statements, path.name
        assert "current_timestamp" not in statements, path.name


def test_command_line_starts_fast_enough_to_be_pleasant() -> None:
    """Heavy libraries stay out of the way of ``--help``; the time itself is a benchmark, not a test."""
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import service.cli"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[1].strip() for line in outcome.stderr.splitlines() if "|" in line}
    assert not imported & {"numba", "xarray", "sklearn", "pandas", "fastapi", "psycopg", "scipy", "numpy"}
