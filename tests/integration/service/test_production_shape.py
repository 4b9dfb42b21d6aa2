"""The broker of the production shape, with the secrets and files that docker-compose.yml mounts."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import ConfigurationError
from service.secrets import add_device, create_secrets

ROOT = Path(__file__).resolve().parents[3]
TOPIC = "hydronum/v1/wallonia/{}/readings"


@pytest.fixture(scope="module")
def mosquitto_program() -> str:
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        if os.environ.get("HYDRONUM_REQUIRE_ALL"):
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed: the production broker's files were not tried")
    return found


@pytest.fixture(scope="module")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shape") / "secrets"
    create_secrets(folder)
    return folder


@pytest.fixture(scope="module")
def device_passwords(secrets_folder: Path) -> dict[str, str]:
    add_device(secrets_folder, "DEV_A")
    return {device: add_device(secrets_folder, device) for device in ("DEV_A", "DEV_B")}


@pytest.fixture(scope="module")
def broker_port(
    mosquitto_program: str,
    secrets_folder: Path,
    device_passwords: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    assert device_passwords  # written before the broker reads its file
    store = tmp_path_factory.mktemp("broker")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shipped = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text()
    moved = (
        re.sub(r"^listener 1883$", f"listener {port} 127.0.0.1", shipped, flags=re.MULTILINE)
        .replace("/run/secrets", str(secrets_folder))
        .replace("/mosquitto/config/acl", str(ROOT / "deploy/mosquitto/acl"))
        .replace("/mosquitto/data/", f"{store}/")
    )
    if os.geteuid() == 0:
        moved += "user root\n"
    (store / "mosquitto.conf").write_text(moved)
    with (store / "log").open("wb") as log:
        server = subprocess.Popen([mosquitto_program, "-c", str(store / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            assert server.poll() is None, (store / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def exchange(
    port: int, user: str, password: str, publish: str | None, subscribe: str, wait_s: float = 1.0
) -> list[bytes]:
    """Connect, subscribe, publish, and return what arrived; ConnectionError when not let in."""
    arrived: list[bytes] = []
    outcome: list[object] = []
    subscribed: list[object] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{user}-try")
    if user:
        client.username_pw_set(user, password)
    client.on_connect = lambda _c, _u, _f, reason, _p: outcome.append(reason)
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.on_message = lambda _c, _u, message: arrived.append(message.payload)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        deadline = time.monotonic() + 5
        while not outcome and time.monotonic() < deadline:
            time.sleep(0.01)
        if outcome[0] != "Success":
            raise ConnectionError(str(outcome[0]))
        client.subscribe(subscribe, qos=1)
        while not subscribed and time.monotonic() < deadline:
            time.sleep(0.01)
        if publish is not None:
            client.publish(publish, b"x", qos=1)
        deadline = time.monotonic() + wait_s
        while not arrived and time.monotonic() < deadline:
            time.sleep(0.01)
        return arrived
    finally:
        client.disconnect()
        client.loop_stop()


def password_of_ingest(secrets_folder: Path) -> str:
    url = (secrets_folder / "hydronum_broker_url").read_text()
    return url.removeprefix("mqtt://ingest:").split("@")[0]


def test_nobody_comes_in_without_password(broker_port: int) -> None:
    with pytest.raises(ConnectionError):
        exchange(broker_port, "", "", None, "#")
    with pytest.raises(ConnectionError):
        exchange(broker_port, "ingest", "guess", None, "#")


def test_ingest_hears_a_device_and_only_under_its_own_name(
    broker_port: int, secrets_folder: Path, device_passwords: dict[str, str]
) -> None:
    heard: list[bytes] = []
    ingester = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ingest-under-test")
    ingester.username_pw_set("ingest", password_of_ingest(secrets_folder))
    ready: list[object] = []
    ingester.on_subscribe = lambda *_: ready.append(True)
    ingester.on_message = lambda _c, _u, message: heard.append(message.topic.encode())
    ingester.connect("127.0.0.1", broker_port)
    ingester.loop_start()
    try:
        ingester.subscribe(TOPIC.format("+"), qos=1)
        deadline = time.monotonic() + 5
        while not ready and time.monotonic() < deadline:
            time.sleep(0.01)
        exchange(
            broker_port, "DEV_A", device_passwords["DEV_A"], TOPIC.format("DEV_B"), TOPIC.format("DEV_B"), wait_s=0.3
        )
        exchange(
            broker_port, "DEV_A", device_passwords["DEV_A"], TOPIC.format("DEV_A"), TOPIC.format("DEV_A"), wait_s=0.3
        )
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        assert heard == [TOPIC.format("DEV_A").encode()]
    finally:
        ingester.disconnect()
        ingester.loop_stop()


def test_a_device_cannot_listen_to_others(broker_port: int, device_passwords: dict[str, str]) -> None:
    assert (
        exchange(broker_port, "DEV_B", device_passwords["DEV_B"], TOPIC.format("DEV_B"), TOPIC.format("+"), wait_s=0.5)
        == []
    )


@pytest.mark.parametrize("device_id", ["ingest", "health", "", "a:b", "x" * 41])
def test_a_device_cannot_take_the_name_of_a_service(secrets_folder: Path, device_id: str) -> None:
    before = (secrets_folder / "mosquitto_passwords").read_text()
    with pytest.raises(ConfigurationError, match="an id is 1 to 40"):
        add_device(secrets_folder, device_id)
    assert (secrets_folder / "mosquitto_passwords").read_text() == before


def test_compose_has_no_password_and_every_secret_is_made(secrets_folder: Path) -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    wanted = set(re.findall(r"file: \./secrets/(\w+)", compose))
    assert wanted == {path.name for path in secrets_folder.iterdir()}
    assert not re.search(r"(?i)password:\s*[^\s{]", compose)
    health = (secrets_folder / "broker_health_password").read_text()
    assert health not in compose


def test_commands_of_compose_exist() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    commands = re.findall(r"^    command: \[((?!mosquitto)[^\]]+)\]", compose, flags=re.MULTILINE)
    assert commands == ["migrate", "run, --role, ingest", "run, --role, model", "run, --role, api"]
