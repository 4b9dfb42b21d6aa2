from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.app import create_app
from domain.basin import Basin
from domain.basin_files import read_basin
from domain.records import RunClock, RunMode
from tests.unit.api.asgi_client import AsgiClient
from tests.unit.api.in_memory import MemoryNotices, MemoryStore

NOW = datetime(2021, 7, 14, 15, tzinfo=UTC)
LABEL = "Reconstruction of July 2021"


@pytest.fixture(scope="session")
def wallonia() -> Basin:
    return read_basin(Path(__file__).parents[3] / "basins" / "wallonia")


@pytest.fixture
def store() -> MemoryStore:
    starts, ends = datetime(2021, 7, 9, tzinfo=UTC), datetime(2021, 7, 19, tzinfo=UTC)
    return MemoryStore(RunClock(RunMode.DEMO, LABEL, starts, ends, NOW, True, 900.0))


@pytest.fixture
def notices() -> MemoryNotices:
    return MemoryNotices()


@pytest.fixture
def client(wallonia: Basin, store: MemoryStore, notices: MemoryNotices) -> Iterator[AsgiClient]:
    """A client of an application that was made but not started: it answers, and listens to nothing."""
    client = AsgiClient(create_app(wallonia, store, notices))
    yield client
    client.close()
