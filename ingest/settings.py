"""What an operator may set about ingest. Read by the composition root, passed in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class IngestSettings(BaseModel):
    """Settings of one ingester; the defaults suit some hundreds of stations.

    ``queue_messages`` bounds what is held un-acknowledged in memory (a message is at most 16 KiB, usually
    some hundred bytes). MQTT 3.1.1 has no receive maximum: the broker's own limit of un-acknowledged
    messages a session (``max_ack_pending`` of NATS, ``max_inflight_messages`` of Mosquitto) is what
    throttles it, and this bound should not lie below it, or the rest comes by way of reconnections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(default="", description="fixed MQTT client id; empty: hydronum-ingest-<basin>")
    share_group: str = Field(
        default="",
        description="subscribe as $share/<group>/..., so that several ingesters split the stream; empty: plain",
    )
    tls_ca_file: Path | None = Field(
        default=None, description="certificate authority of an mqtts:// broker; none: system's"
    )
    keepalive_s: int = Field(default=30, ge=5, le=600)
    reconnect_max_s: int = Field(default=30, ge=1, le=600)
    queue_messages: int = Field(default=8192, ge=1, le=65_535)
    batch_messages: int = Field(default=500, ge=1, le=5000)
    batch_wait_s: float = Field(
        default=0.01, ge=0.0, le=0.05, description="how long the first message waits for company"
    )
    horizon: timedelta = Field(default=timedelta(days=31), description="older readings are refused")
    ahead: timedelta = Field(default=timedelta(minutes=5), description="how far a device clock may be fast")
