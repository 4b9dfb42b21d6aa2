"""From publishing a reading to seeing it through the API, at the real-time rate of the shipped basin.

``python -m benchmarks.publish_to_visible``: a device publishes over MQTT; a client that listens to the event
stream reads the series when it is told of news, as the page does. Timed from before the publish to the value in
the client's hand.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.report import Measure, quantiles
from benchmarks.running_service import RunningService, running_service

STATION = "VES_VERVIERS"
SAMPLES = 100
PAUSE_S = 0.3
LIMIT_S = 1.0


def main() -> list[Measure]:
    """Measure and return p50 and p95 [s]."""
    with running_service() as service:
        seconds = _measure(service)
    median, high = quantiles(seconds)
    return [
        Measure("publish -> visible through the API, p50", median, "s"),
        Measure("publish -> visible through the API, p95", high, "s", LIMIT_S),
    ]


def _measure(service: RunningService) -> list[float]:
    news: queue.Queue[float] = queue.Queue()
    stop = threading.Event()
    listener = threading.Thread(target=_listen, args=(service.url, news, stop), daemon=True)
    listener.start()
    address = httpx.URL(service.broker_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="benchmark")
    client.username_pw_set(address.username, address.password)
    client.connect(address.host, address.port or 1883)
    client.loop_start()
    time.sleep(1.0)
    seconds = []
    with httpx.Client(base_url=service.url) as http:
        first = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
        for seq in range(1, SAMPLES + 1):
            seconds.append(_one(client, http, news, first + timedelta(minutes=seq), seq))
            time.sleep(PAUSE_S)
    stop.set()
    client.disconnect()
    client.loop_stop()
    return seconds


def _one(client: mqtt.Client, http: httpx.Client, news: queue.Queue[float], at: datetime, seq: int) -> float:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    value = {"station": STATION, "variable": "level", "value": 1.0 + seq / 1000, "unit": "m", "observed_at": stamp}
    payload = json.dumps({"device": STATION, "boot": "bench", "seq": seq, "sent_at": stamp, "values": [value]})
    began = time.perf_counter()
    client.publish(f"hydronum/v1/wallonia/{STATION}/readings", payload, qos=1)
    deadline = began + 30
    while time.perf_counter() < deadline:
        news.get(timeout=30)
        answer = http.get(
            f"/api/v1/stations/{STATION}/observations", params={"variable": "level", "from": stamp, "to": stamp}
        )
        after = http.get(f"/api/v1/stations/{STATION}/observations", params={"variable": "level"})
        found = {item["observed_at"] for item in answer.json().get("values", []) + after.json()["values"]}
        if stamp in found:
            return time.perf_counter() - began
    raise RuntimeError(f"the reading of {stamp} was never seen")


def _listen(url: str, news: queue.Queue[float], stop: threading.Event) -> None:
    with httpx.stream("GET", f"{url}/api/v1/events", timeout=httpx.Timeout(60.0)) as stream:
        for line in stream.iter_lines():
            if stop.is_set():
                return
            if line.startswith("event: readings"):
                news.put(time.perf_counter())


if __name__ == "__main__":
    for measure in main():
        print(measure)
