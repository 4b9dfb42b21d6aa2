"""The twin: a river region that is run from one state to the next under a forcing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from domain.basin import Basin
from domain.clock import as_utc
from twin.network import Topology
from twin.observed import ObservedFlows
from twin.parameters import Parameters
from twin.runs import Forcing, TwinRun
from twin.state import TwinState, check_shapes

if TYPE_CHECKING:
    from twin.packing import Template

__all__ = ["Forcing", "Twin", "TwinRun"]


class Twin:
    """A basin with sampled parameters, ready to run.

    Parameters
    ----------
    basin
        The checked basin folder.
    parameters
        Of an ensemble, sampled for the basin's :class:`~twin.network.Topology`.
    step_s
        Length of a step [s] unless a run says otherwise; a state serves any length of step.
    threads
        Most threads of a run; default one per processor. Results do not depend on it.
    """

    def __init__(self, basin: Basin, parameters: Parameters, step_s: int = 900, threads: int | None = None) -> None:
        self.basin = basin
        self.topology = Topology.of(basin)
        self.parameters = parameters
        self.step_s = step_s
        self._threads = threads or os.cpu_count() or 1
        self._templates: dict[int, tuple[Template, ...]] = {}

    @property
    def members(self) -> int:
        """Number of members."""
        return self.parameters.members

    @property
    def node_ids(self) -> tuple[str, ...]:
        """Every node, in sweep order."""
        return self.topology.node_ids

    @property
    def catchment_ids(self) -> tuple[str, ...]:
        """Nodes whose sub-catchment produces runoff, in the order of every catchment axis."""
        return self.topology.catchment_ids

    @property
    def inflow_ids(self) -> tuple[str, ...]:
        """Border nodes that need an inflow series, in the order of every inflow axis."""
        return self.topology.inflow_ids

    def cold_state(self, valid_at: datetime) -> TwinState:
        """Return a plausible state to begin a warm-up from: mean flow everywhere, dams at their target."""
        from twin.start import cold_state

        return cold_state(self.topology, self.parameters, as_utc(valid_at))

    def run(
        self,
        state: TwinState,
        forcing: Forcing,
        observed: ObservedFlows | None = None,
        keep: Sequence[str] = (),
        *,
        step_s: int | None = None,
    ) -> TwinRun:
        """Run from a state to the end of a forcing; the state given is left as it is.

        Raises
        ------
        ModelError
            If an input is missing, negative or of the wrong shape, or if a result is not finite. The
            message names the catchment, node or dam.
        """
        from twin import execution

        step = step_s or self.step_s
        check_shapes(state, self.topology, self.members)
        execution.check_forcing(self.topology, self.members, forcing, state.valid_at, step)
        if observed is not None:
            execution.check_observed(self.topology, self.members, observed, len(forcing.times))
        if step not in self._templates:
            self._templates[step] = execution.templates(self.topology, self.parameters, step)
        job = execution.Job(self.topology, self.parameters, forcing, observed, tuple(keep), step)
        return execution.execute(job, state, self._templates[step], self._threads)
