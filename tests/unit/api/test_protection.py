from __future__ import annotations

from pathlib import Path

import pytest

from api.app import create_app
from api.context import ApiSettings
from api.security import LARGEST_BODY_BYTES, require_loopback
from domain.basin import Basin
from domain.errors import ConfigurationError, StoreUnavailable
from tests.unit.api.asgi_client import AsgiClient
from tests.unit.api.in_memory import MemoryNotices, MemoryStore

CLOCK = "/api/v1/clock"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_is_accepted(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "", "localhost.example.org"])  # noqa: S104 - these must be refused
def test_anything_else_is_refused_in_words(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        require_loopback(host)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_foreign_pages_change_nothing(client: AsgiClient, store: MemoryStore, headers: dict[str, str]) -> None:
    answer = client.post(CLOCK, json={"playing": False}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:hydronum:cross-site"
    assert store.clock is not None
    assert store.clock.playing


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_own_pages_and_programs_may(client: AsgiClient, headers: dict[str, str]) -> None:
    assert client.post(CLOCK, json={"playing": False}, headers=headers).json()["playing"] is False


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8000", "127.0.0.1.rebound.example", "", "]["])
def test_unknown_host_names_are_refused(client: AsgiClient, host: str) -> None:
    answer = client.get("/api/v1/basin", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:hydronum:unknown-host"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_loopback_names_are_known(client: AsgiClient, host: str) -> None:
    assert client.get("/api/v1/basin", headers={"Host": host}).status_code == 200


def test_large_and_unannounced_bodies_are_refused(client: AsgiClient) -> None:
    kind = {"Content-Type": "application/json"}
    large = client.post(CLOCK, content=b" " * (LARGEST_BODY_BYTES + 1), headers=kind)
    assert (large.status_code, large.json()["type"]) == (413, "urn:hydronum:content-too-large")
    chunked = client.post(CLOCK, content=b"{}", headers={**kind, "Transfer-Encoding": "chunked"})
    assert (chunked.status_code, chunked.json()["type"]) == (411, "urn:hydronum:length-required")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"speed": NaN}', "body.speed"),
        ('{"speed": Infinity}', "body.speed"),
        ('{"speed": -1}', "body.speed"),
        ('{"speed": "60"}', "body.speed"),
        ('{"playing": 1}', "body.playing"),
        ('{"pace": 60}', "body.pace"),
        ('{"speed": 60', "body"),
        ("[]", "body"),
    ],
)
def test_faulty_bodies_name_the_fault(client: AsgiClient, body: str, named: str) -> None:
    answer = client.post(CLOCK, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["location"].startswith(named)


@pytest.mark.parametrize(
    "query",
    [
        "stations/VES_CHAUDFONTAINE/observations?variable=level&to=0001-01-01T00:00:00Z",
        "stations/VES_CHAUDFONTAINE/observations?variable=level&from=9999-12-31T23:59:59-14:00",
        "stations/VES_CHAUDFONTAINE/forecast?variable=level&issued_at=0001-01-01T00:00:00%2B14:00",
        "transitions?since=9999-12-31T23:59:59-14:00",
    ],
)
def test_times_at_the_ends_of_the_calendar_are_refused_in_words(client: AsgiClient, query: str) -> None:
    answer = client.get(f"/api/v1/{query}")
    assert answer.status_code == 422
    assert "the year must lie between" in answer.json()["detail"]


def test_a_comment_that_no_database_can_keep_is_refused(client: AsgiClient) -> None:
    answer = client.post("/api/v1/alerts/1/acknowledge", json={"comment": "a\x00b"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "body.comment"


def test_a_body_that_is_not_declared_json_is_refused(client: AsgiClient, store: MemoryStore) -> None:
    # A form of a foreign page can send text/plain without asking the browser first.
    answer = client.post(CLOCK, content='{"playing": false}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert store.clock is not None
    assert store.clock.playing


def test_every_answer_carries_the_security_headers(client: AsgiClient) -> None:
    for answer in (client.get("/"), client.get("/nowhere"), client.get("/api/v1/basin"), client.post("/api/v1/basin")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_wrong_paths_and_methods_are_problems(client: AsgiClient) -> None:
    missing = client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is nothing at /api/v1/nothing.")
    wrong = client.request("DELETE", "/api/v1/state")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert wrong.json()["instance"] == "/api/v1/state"


def test_a_lost_database_is_said_and_nothing_else_breaks(client: AsgiClient, store: MemoryStore) -> None:
    store.failure = StoreUnavailable("connection refused")
    answer = client.get("/api/v1/state")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["type"] == "urn:hydronum:store-unavailable"
    health = client.get("/health")
    assert (health.status_code, health.json()["database"]) == (503, "unavailable")
    assert "hydronum_database_up 0.0" in client.get("/metrics").text
    assert client.get("/api/v1/stations").status_code == 200


def test_a_defect_tells_nothing_of_the_inside(client: AsgiClient, store: MemoryStore) -> None:
    store.failure = RuntimeError("secret in the message")
    answer = client.get("/api/v1/state")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:hydronum:defect")
    assert "secret" not in answer.text


def test_layers_of_the_map_travel_once(client: AsgiClient, wallonia: Basin) -> None:
    first = client.get("/api/v1/geometry/reaches")
    assert first.headers["content-type"] == "application/geo+json"
    assert first.headers["content-encoding"] == "gzip"
    features = first.json()["features"]
    assert len(features) == len(wallonia.network.reaches)
    assert {"reach_id", "river", "from_node", "to_node", "size_class", "regulation", "width_m", "station_id"} == set(
        features[0]["properties"]
    )
    again = client.get("/api/v1/geometry/reaches", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/api/v1/geometry/reaches", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()


def test_without_built_pages_a_plain_one_says_how_to_build_them(client: AsgiClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "make install" in answer.text


def test_built_pages_are_served_beside_the_interface(
    wallonia: Basin, store: MemoryStore, notices: MemoryNotices, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>map</title>")
    (tmp_path / "assets" / "main-abc123.js").write_text("export {}")
    client = AsgiClient(create_app(wallonia, store, notices, ApiSettings(web_dist=tmp_path)))
    page = client.get("/")
    assert (page.text, page.headers["cache-control"]) == ("<title>map</title>", "no-cache")
    script = client.get("/assets/main-abc123.js")
    assert "immutable" in script.headers["cache-control"]
    assert client.get("/assets/../../etc/passwd").status_code == 404
    assert client.get("/nowhere").json()["type"] == "urn:hydronum:not-found"
    assert client.post("/api/v1/state").headers["allow"] == "GET"
    assert client.get("/api/v1/basin").status_code == 200
    client.close()
