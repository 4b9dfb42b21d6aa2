"""The field side over MQTT 3.1.1: receive at QoS 1, acknowledge by hand, publish high-water marks.

The network thread belongs to paho and dies of any exception in a callback while the client goes on
saying that it is connected. So the callbacks only put messages into a bounded queue and count
connections; everything else happens in the pipeline's thread, which also starts the network thread
again should it have died.

MQTT 3.1.1 repeats an un-acknowledged message on reconnection; NATS does so every few seconds as well.
A copy of a message that is still held here is recognised by its packet id and left out, so that memory
stays bounded however long the store is away.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import ssl
import threading
import time
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.errors import ConfigurationError
from domain.readings import is_id
from ingest.messages import PAYLOAD_LIMIT, ack_topic, readings_topic
from ingest.ports import Delivery, FieldMessage
from ingest.settings import IngestSettings

log = logging.getLogger(__name__)

IDLE_S: Final = 0.25
DEFAULT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
ROOM_WITHIN_S: Final = 2.0  # well below the keepalive: paho sends its pings between two messages
NO_RECEIPT: Final = 0  # packet id of a message sent at QoS 0: nobody waits for its acknowledgement


class BrokerAddress(NamedTuple):
    """A broker's URL in parts."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool

    @classmethod
    def parse(cls, url: str) -> BrokerAddress:
        """Read ``mqtt://user:password@host:port``, ``mqtts`` meaning TLS.

        Raises
        ------
        ConfigurationError
            Without showing the password.

        Examples
        --------
        >>> BrokerAddress.parse("mqtts://VES%40x:s3cret@broker.example")
        BrokerAddress(host='broker.example', port=8883, user='VES@x', password='s3cret', tls=True)
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as fault:
            raise ConfigurationError([f"broker URL: {fault}"]) from fault
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ConfigurationError(["broker URL: expected mqtt://user:password@host:port or mqtts://..."])
        user, password = (unquote(text) if text is not None else None for text in (parts.username, parts.password))
        return cls(parts.hostname, port or DEFAULT_PORTS[parts.scheme], user, password, parts.scheme == "mqtts")


class Subscriber:
    """Subscriber of the readings of one basin; satisfies :class:`ingest.ports.FieldSide`.

    ``subscription`` is the topic filter, with ``$share/<group>/`` before it when a share group is set.

    Two subscribers of the same client id take the session from each other: run one, or give each its
    own ``client_id`` and a common ``share_group``.

    Raises
    ------
    ConfigurationError
        If the broker's URL, the basin's id or the certificate file cannot be used.
    """

    def __init__(self, broker_url: str, basin_id: str, settings: IngestSettings) -> None:
        if not is_id(basin_id):
            raise ConfigurationError([f"basin {basin_id!r} is no id"])
        self._basin_id = basin_id
        topic = readings_topic(basin_id)
        self.subscription = f"$share/{settings.share_group}/{topic}" if settings.share_group else topic
        self._queue: queue.Queue[FieldMessage] = queue.Queue(settings.queue_messages)
        self._held: set[int] = set()
        self._epoch = 0
        self._connection = threading.Lock()
        self._overflowed = False
        self._running = False
        self._reachable: bool | None = None
        self._address = BrokerAddress.parse(broker_url)
        self._client = self._new_client(settings)

    def _new_client(self, settings: IngestSettings) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or f"hydronum-ingest-{self._basin_id}",
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if self._address.tls:
            try:
                client.tls_set_context(ssl.create_default_context(cafile=settings.tls_ca_file))
            except OSError as fault:
                raise ConfigurationError([f"certificates {settings.tls_ca_file}: {fault}"]) from fault
        client.suppress_exceptions = True  # a fault in a callback must not end the network thread
        client.reconnect_delay_set(1, settings.reconnect_max_s)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        client.connect_async(self._address.host, self._address.port, keepalive=settings.keepalive_s)
        return client

    def start(self) -> None:
        """Start to connect and receive; an unreachable broker is tried again until :meth:`stop`."""
        self._running = True
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; the broker keeps the session and what was not acknowledged."""
        self._running = False
        self._client.disconnect()
        self._client.loop_stop()

    def is_connected(self) -> bool:
        """Tell whether the subscription stands; says nothing about whether readings arrive."""
        return self._reachable is True and self._client.is_connected()

    def depth(self) -> int:
        """Return how many messages wait to be taken."""
        return self._queue.qsize()

    def take(self, limit: int, wait_s: float) -> list[FieldMessage]:
        """Return up to ``limit`` messages, or none after a quarter of a second without any."""
        try:
            taken = [self._queue.get(timeout=IDLE_S)]
        except queue.Empty:
            self._look_after_connection()
            return []
        until = time.monotonic() + wait_s
        while len(taken) < limit:
            try:
                taken.append(self._queue.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return taken

    def acknowledge(self, delivery: Delivery) -> None:
        """Send the PUBACK, unless the connection that brought the message is gone: its id means nothing now."""
        with self._connection:
            if delivery.epoch == self._epoch and delivery.mid != NO_RECEIPT:
                self._held.discard(delivery.mid)
                self._client.ack(delivery.mid, 1)

    def announce(self, device_id: str, boot_id: str, seq: int) -> None:
        """Publish a device's high-water mark, retained, at QoS 0: the next mark supersedes it.

        A mark that is lost costs a repetition by its sender, which brings the mark once more; marks that
        wait for receipts would pile up under load.
        """
        if self._client.is_connected():
            mark = f'{{"boot":"{boot_id}","seq":{seq}}}'
            self._client.publish(ack_topic(self._basin_id, device_id), mark, qos=0, retain=True)

    def _look_after_connection(self) -> None:
        """Revive a dead network thread and fetch what the full queue left out; called when nothing waits."""
        if not self._running:
            return
        connection = self._client.socket()
        if self._overflowed and isinstance(connection, socket.socket):
            self._overflowed = False
            log.warning("the queue was full: reconnecting, so that the broker sends the rest again")
            with contextlib.suppress(OSError):  # it broke by itself just now
                connection.shutdown(socket.SHUT_RDWR)
        if self._client.loop_start() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            log.info("the network thread runs again")

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        """Only enqueue. A full queue slows the connection down; what finds no room even so stays un-acknowledged."""
        mid = message.mid if message.qos else NO_RECEIPT
        if mid in self._held:
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "not UTF-8"
        if mid != NO_RECEIPT:
            self._held.add(mid)
        try:
            payload = bytes(message.payload[: PAYLOAD_LIMIT + 1])
            self._queue.put(FieldMessage(topic, payload, Delivery(mid, self._epoch)), timeout=ROOM_WITHIN_S)
        except queue.Full:
            self._held.discard(mid)
            self._overflowed = True

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._note_reachable(False, f"it refuses the connection: {reason}")
            return
        self._begin_epoch()
        client.subscribe(self.subscription, qos=1)

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        detail = f"it refuses to deliver {self.subscription}" if refused else self.subscription
        self._note_reachable(not refused, detail)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._begin_epoch()
        if self._running:
            self._note_reachable(False, str(reason))

    def _on_connect_fail(self, _client: paho.Client, _userdata: Any) -> None:
        self._note_reachable(False, "no connection")

    def _begin_epoch(self) -> None:
        """From here on acknowledgements of earlier messages are dropped, and their copies are new to us."""
        with self._connection:
            self._epoch += 1
            self._held.clear()

    def _note_reachable(self, reachable: bool, detail: str) -> None:
        """Log a change of the connection, not each attempt."""
        if reachable is self._reachable:
            return
        self._reachable = reachable
        where = f"{self._address.host}:{self._address.port}"
        if reachable:
            log.info("connected to the broker %s: %s", where, detail)
        else:
            log.warning("the broker %s cannot be used: %s", where, detail)
