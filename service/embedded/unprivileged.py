"""Running a server as somebody who may do little, because PostgreSQL refuses to run as root.

Root's folders are often closed to others (``/root``, pytest's temporary folders), and PostgreSQL must
enter its data folder and find its programs by path. On Linux the first is solved by starting it inside
the folder and naming it ``/proc/self/cwd``, which needs no right on the folders above; the second by
a copy of the programs where everybody may read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import ServerError

FALLBACK_ID = 65534  # "nobody" wherever no such name is known
SHARED_PROGRAMS = Path("/var/cache/hydronum")
OWN_FOLDER = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True)
class Runner:
    """The user a server runs as. ``uid`` None: ourselves, without any change."""

    uid: int | None
    gid: int | None

    def popen_options(self) -> dict[str, Any]:
        """Return the arguments of ``subprocess`` that make a child run as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make this user the owner of a file or folder."""
        if self.uid is None or self.gid is None:
            return
        try:
            os.chown(path, self.uid, self.gid)
        except OSError as error:
            raise ServerError(f"{path} cannot be given to user id {self.uid}: {error.strerror}") from error

    def name_of(self, folder: Path) -> Path:
        """Return a path by which a process of this user, started inside ``folder``, can name it."""
        if self.uid is None or _may_reach(folder, self.uid):
            return folder
        if OWN_FOLDER.exists():
            return OWN_FOLDER
        raise ServerError(f"user id {self.uid} cannot enter {folder}; choose a data folder open to others")


def choose_runner(existing: Path) -> Runner:
    """Return ourselves, or when we are root the owner of ``existing`` if that is not root, or nobody."""
    if os.geteuid() != 0:
        return Runner(None, None)
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Runner(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Runner(FALLBACK_ID, FALLBACK_ID)
    # macOS gives "nobody" the id -2, which the calls that change users want as an unsigned number.
    return Runner(nobody.pw_uid & 0xFFFFFFFF, nobody.pw_gid & 0xFFFFFFFF)


def readable_programs(installed: Path, beside: Path, version: str, runner: Runner) -> Path:
    """Return a folder with the programs of ``installed`` that the runner can read and execute.

    Parameters
    ----------
    installed
        Folder as the package index delivered it.
    beside
        Sibling folder of shared libraries that must keep its place relative to ``installed``.
    version
        Distinguishes copies of several versions.
    """
    if runner.uid is None or _may_use(installed, runner.uid):
        return installed
    home = SHARED_PROGRAMS / f"postgres-{version}"
    copied = home / installed.name
    if not copied.exists():
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        try:
            shutil.copytree(installed, draft / installed.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
            if beside.exists():
                shutil.copytree(beside, draft / beside.name)
            _open_to_all(draft)
            home.parent.chmod(0o755)
            draft.rename(home)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            if not copied.exists():
                raise ServerError(
                    f"the programs of PostgreSQL in {installed} are closed to user id {runner.uid} "
                    f"and cannot be copied to {home}: {error}"
                ) from error
    if home.stat().st_uid != os.geteuid():
        raise ServerError(f"{home} belongs to somebody else; its programs are not trusted")
    return copied


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)


def _may_reach(path: Path, uid: int) -> bool:
    """Tell whether a user without special groups may enter every folder down to ``path``."""
    return all(_may_enter(folder.stat(), uid) for folder in (path, *path.parents) if folder.is_dir())


def _may_enter(status: os.stat_result, uid: int) -> bool:
    needed = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
    return bool(status.st_mode & needed)


def _may_use(folder: Path, uid: int) -> bool:
    program = folder / "pginstall" / "bin" / "postgres"
    mode = program.stat().st_mode
    return _may_reach(program.resolve().parent, uid) and bool(mode & stat.S_IXOTH) and bool(mode & stat.S_IROTH)
