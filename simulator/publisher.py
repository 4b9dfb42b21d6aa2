"""Publishing field messages over MQTT, QoS 1, so that none is lost while the broker restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from domain.errors import ConfigurationError, ServerError
from simulator.messages import FieldMessage

MAX_IN_FLIGHT = 500
KEEP_ALIVE_S = 30
RETRY_S = (1, 5)
FINAL_REFUSALS = ("Not authorized", "Bad user name or password")


class Publisher:
    """One connection that sends the messages of all devices and waits for the broker's acknowledgements.

    Parameters
    ----------
    broker_url
        ``mqtt://user:password@host:port``.
    basin_id
        Names the default client id.
    client_id
        Fixed, so that the broker knows the session after a reconnect.
    timeout_s
        How long :meth:`publish` waits without a single acknowledgement before it gives up.

    Raises
    ------
    ConfigurationError
        If the address is none.
    ServerError
        If the broker does not let the publisher in, or stays away longer than ``timeout_s``.
    """

    def __init__(
        self, broker_url: str, basin_id: str, *, client_id: str | None = None, timeout_s: float = 60.0
    ) -> None:
        parts = urlsplit(broker_url)
        try:
            port = parts.port or 1883
        except ValueError as error:
            raise ConfigurationError([f"broker {parts.hostname!r}: {error}"]) from error
        if parts.scheme != "mqtt" or not parts.hostname:
            raise ConfigurationError(
                [f"broker {parts.hostname or broker_url!r}: must read mqtt://user:password@host:port"]
            )
        self._where = f"{parts.hostname}:{port}"
        self._timeout_s = timeout_s
        self._progress = threading.Condition()
        self._waiting: set[object] = set()
        self._early: set[object] = set()
        self._refusal = ""
        self._is_connected = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or f"simulator-{basin_id}", clean_session=False
        )
        if parts.username:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        self._client.max_inflight_messages_set(MAX_IN_FLIGHT)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(*RETRY_S)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.connect_async(parts.hostname, port, KEEP_ALIVE_S)
        self._client.loop_start()
        try:
            self._await(lambda: self._is_connected)
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[FieldMessage]) -> None:
        """Send messages in order and return once the broker has acknowledged every one.

        Raises
        ------
        ServerError
            If no acknowledgement arrives for ``timeout_s``; a repetition may then deliver some twice.
        """
        for message in messages:
            sent = self._client.publish(message.topic, message.payload, qos=1)
            with self._progress:
                # The network thread may have seen the acknowledgement before we learned the number.
                if sent.mid in self._early:
                    self._early.discard(sent.mid)
                else:
                    self._waiting.add(sent.mid)
            if len(self._waiting) >= MAX_IN_FLIGHT:
                self._await(lambda: len(self._waiting) < MAX_IN_FLIGHT // 2)
        self._await(lambda: not self._waiting)

    def close(self) -> None:
        """Disconnect and stop the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await(self, is_met: Callable[[], bool]) -> None:
        with self._progress:
            seen, deadline = len(self._waiting), time.monotonic() + self._timeout_s
            while not is_met():
                if self._refusal:
                    raise ServerError(f"broker {self._where} refuses the publisher: {self._refusal}")
                if len(self._waiting) != seen:
                    seen, deadline = len(self._waiting), time.monotonic() + self._timeout_s
                if time.monotonic() > deadline:
                    raise ServerError(f"broker {self._where} does not answer for {self._timeout_s:g} s")
                self._progress.wait(0.5)

    def _on_connect(self, *event: object) -> None:
        """Take note of paho's (client, userdata, flags, reason, properties)."""
        reason = event[3]
        with self._progress:
            is_refused = isinstance(reason, ReasonCode) and reason.is_failure
            self._is_connected = not is_refused
            # A broker that is starting may be unavailable; wrong credentials stay wrong.
            self._refusal = str(reason) if is_refused and str(reason) in FINAL_REFUSALS else ""
            self._progress.notify_all()

    def _on_disconnect(self, *_: object) -> None:
        with self._progress:
            self._is_connected = False
            self._progress.notify_all()

    def _on_publish(self, *event: object) -> None:
        """Take note of paho's (client, userdata, mid, reason, properties): the broker has the message."""
        mid = event[2]
        with self._progress:
            if mid in self._waiting:
                self._waiting.discard(mid)
            else:
                self._early.add(mid)
            self._progress.notify_all()
