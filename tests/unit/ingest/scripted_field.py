"""A field side without a network: messages are put in, acknowledgements and marks are read off."""

from __future__ import annotations

from ingest.ports import Delivery, FieldMessage
from tests.unit.ingest.field_messages import topic


class ScriptedField:
    def __init__(self) -> None:
        self.waiting: list[FieldMessage] = []
        self.acknowledged: list[int] = []
        self.marks: list[tuple[str, str, int]] = []
        self._mid = 0

    def put(self, *payloads: bytes, device: str = "D1") -> None:
        for payload in payloads:
            self._mid += 1
            self.waiting.append(FieldMessage(topic(device), payload, Delivery(self._mid, 1)))

    def take(self, limit: int, wait_s: float) -> list[FieldMessage]:
        assert wait_s >= 0.0
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def depth(self) -> int:
        return len(self.waiting)

    def acknowledge(self, delivery: Delivery) -> None:
        self.acknowledged.append(delivery.mid)

    def announce(self, device_id: str, boot_id: str, seq: int) -> None:
        self.marks.append((device_id, boot_id, seq))
