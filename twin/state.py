"""State of the twin: everything that a run must know of the past, saved and restored bit for bit."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.clock import format_utc, parse_utc
from domain.errors import ModelError
from twin.network import Topology

FORMAT_VERSION = 1
# Members stand in the last axis of every array.
NASH_STORES = 3


@dataclass(frozen=True)
class TwinState:
    """Water in every store at ``valid_at`` (aware UTC), and what gauges have taught so far.

    Shapes: [catchment, member] for ``interception_mm`` (float32), ``production_mm`` and ``routing_mm``
    (float64); [catchment, store, member] for ``hydrograph_mm`` (float32); [division, member] for
    ``volume_m3`` (float32) in the pieces of reaches; [reservoir, member] for ``reservoir_m3`` and
    [weir, member] for ``pool_excess_m3`` above the target level (float64); [node, member] for
    ``correction`` (float32), the factor by which a gauge last corrected the flow, 1 where none did.
    """

    valid_at: datetime
    interception_mm: NDArray[np.float32]
    production_mm: NDArray[np.float64]
    routing_mm: NDArray[np.float64]
    hydrograph_mm: NDArray[np.float32]
    volume_m3: NDArray[np.float32]
    reservoir_m3: NDArray[np.float64]
    pool_excess_m3: NDArray[np.float64]
    correction: NDArray[np.float32]

    @property
    def members(self) -> int:
        """Number of members."""
        return int(self.correction.shape[1])

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "valid_at"}

    def to_bytes(self) -> bytes:
        """Pack the state: a compressed archive of plain arrays with a version, no pickled objects."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            _write(archive, "about.json", json.dumps(_about(self)).encode())
            for name, array in self.arrays.items():
                plain = io.BytesIO()
                np.lib.format.write_array(plain, np.ascontiguousarray(array), allow_pickle=False)
                _write(archive, f"{name}.npy", plain.getvalue())
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, blob: bytes) -> TwinState:
        """Unpack a state.

        Raises
        ------
        ModelError
            If the bytes are no state, or one of another version.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(blob)) as archive:
                about = json.loads(archive.read("about.json"))
                if about.get("version") != FORMAT_VERSION:
                    raise ModelError(f"saved state has version {about.get('version')}, wanted {FORMAT_VERSION}")
                names = [field.name for field in fields(cls) if field.name != "valid_at"]
                arrays = {name: _read(archive, name) for name in names}
            return cls(valid_at=parse_utc(about["valid_at"]), **arrays)
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            raise ModelError(f"saved state cannot be read: {error}") from error

    def choose(self, members: NDArray[np.intp]) -> TwinState:
        """Return the state of some members, in the order given."""
        chosen = {name: np.ascontiguousarray(array[..., members]) for name, array in self.arrays.items()}
        return TwinState(valid_at=self.valid_at, **chosen)


def state_shapes(topology: Topology, members: int) -> Mapping[str, tuple[tuple[int, ...], type]]:
    """Return shape and number type of each array of a state."""
    catchments, nodes = len(topology.catchment_ids), len(topology.node_ids)
    return {
        "interception_mm": ((catchments, members), np.float32),
        "production_mm": ((catchments, members), np.float64),
        "routing_mm": ((catchments, members), np.float64),
        "hydrograph_mm": ((catchments, NASH_STORES, members), np.float32),
        "volume_m3": ((topology.division_count, members), np.float32),
        "reservoir_m3": ((len(topology.reservoirs), members), np.float64),
        "pool_excess_m3": ((len(topology.weirs), members), np.float64),
        "correction": ((nodes, members), np.float32),
    }


def check_shapes(state: TwinState, topology: Topology, members: int) -> None:
    """Refuse a state that belongs to another network or ensemble.

    Raises
    ------
    ModelError
        Naming the first array that does not fit.
    """
    for name, (shape, kind) in state_shapes(topology, members).items():
        array = getattr(state, name)
        if array.shape != shape or array.dtype != kind:
            raise ModelError(f"state: {name} is {array.dtype} {array.shape}, the network needs {kind.__name__} {shape}")


def _about(state: TwinState) -> dict[str, Any]:
    # Fractions of a second survive only when they are written out.
    exact = state.valid_at.isoformat() if state.valid_at.microsecond else format_utc(state.valid_at)
    return {"version": FORMAT_VERSION, "valid_at": exact}


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed time stamp makes equal states equal bytes.
    archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 1)


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    return array
