"""How dams may be operated after the issue time: a dimension of the ensemble, for nobody has decided yet.

What a dam lets out, decided or seen, holds for twelve hours in one part of the members, then the dam's rule
decides; in the other part it holds to the end. What the rule itself does (drawdown, crest) differs by member.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from twin.arithmetic import LANES
from twin.model import Forcing, Twin
from twin.runs import TwinRun
from twin.state import TwinState

FloatArray = NDArray[np.float32]

HOLDS: Final = timedelta(hours=12)
_HOLDING_SHARE: Final = 0.6


@dataclass(frozen=True)
class Operation:
    """Members whose dams keep their release for ``holds`` after the issue time, and a twin of these members."""

    members: NDArray[np.intp]
    holds: timedelta
    twin: Twin


@dataclass(frozen=True)
class Course:
    """What comes, all members together; shapes as in :class:`twin.runs.TwinRun`.

    ``water_balance_error`` is that of the worst member, relative to the throughput.
    """

    times: tuple[datetime, ...]
    discharge_m3s: FloatArray
    reservoir_level_m: FloatArray
    pool_level_m: FloatArray
    water_balance_error: float


def operations(basin: Basin, twin: Twin) -> tuple[Operation, ...]:
    """Part the members of a twin; whole blocks of members stay together, so that parting costs no time."""
    first = round(_HOLDING_SHARE * twin.members / LANES) * LANES
    if not 0 < first < twin.members:
        first = round(_HOLDING_SHARE * twin.members)
    everyone = np.arange(twin.members)
    parts = ((everyone[:first], HOLDS), (everyone[first:], timedelta.max))
    return tuple(
        Operation(members, holds, Twin(basin, twin.parameters.choose(members), twin.step_s))
        for members, holds in parts
        if members.size
    )


def run_ahead(
    parts: tuple[Operation, ...], state: TwinState, drive: Forcing, now: datetime, keep: tuple[str, ...]
) -> Course:
    """Run each part of the members from the issue time ``now``, side by side, and join them."""
    with ThreadPoolExecutor(len(parts)) as pool:
        runs = list(pool.map(lambda part: _run_part(part, state, drive, now, keep), parts))
    return Course(
        times=drive.times,
        discharge_m3s=np.concatenate([run.discharge_m3s for run in runs], axis=-1),
        reservoir_level_m=np.concatenate([run.reservoir_level_m for run in runs], axis=-1),
        pool_level_m=np.concatenate([run.pool_level_m for run in runs], axis=-1),
        water_balance_error=max(run.balance.relative_error for run in runs),
    )


def _run_part(part: Operation, state: TwinState, drive: Forcing, now: datetime, keep: tuple[str, ...]) -> TwinRun:
    held = np.array([end - now <= part.holds for end in drive.times])
    own = replace(
        drive,
        rain_mm=np.ascontiguousarray(drive.rain_mm[..., part.members]),
        inflow_m3s=np.ascontiguousarray(drive.inflow_m3s[..., part.members]),
        releases={dam_id: np.where(held, course, np.nan) for dam_id, course in (drive.releases or {}).items()},
    )
    return part.twin.run(state.choose(part.members), own, keep=keep)
