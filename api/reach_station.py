"""Which station colours which reach on the map."""

from __future__ import annotations

from collections.abc import Mapping

from domain.basin import Basin, Reach, RiverNetwork


def station_of_reach(basin: Basin) -> Mapping[str, str | None]:
    """Return, by reach id, the station whose forecast state the reach takes.

    It is the nearest station with thresholds downstream on the same river, else the nearest upstream on
    the same river, else None: such a reach is NO_THRESHOLD, never green.
    """
    stations = _stations_with_thresholds(basin)
    return {
        reach.reach_id: _downstream(reach, basin.network, stations) or _upstream(reach, basin.network, stations)
        for reach in basin.network.reaches.values()
    }


def _stations_with_thresholds(basin: Basin) -> Mapping[tuple[str, str], str]:
    """Return station ids by (node, river); of several at one place the first by id."""
    found: dict[tuple[str, str], str] = {}
    for station_id in sorted(basin.thresholds_at):
        station = basin.stations[station_id]
        if station.node_id is not None:
            found.setdefault((station.node_id, station.river), station_id)
    return found


def _downstream(reach: Reach, network: RiverNetwork, stations: Mapping[tuple[str, str], str]) -> str | None:
    here: Reach | None = reach
    while here is not None and here.river == reach.river:
        station = stations.get((here.to_node, reach.river))
        if station is not None:
            return station
        here = network.reach_from.get(here.to_node)
    return None


def _upstream(reach: Reach, network: RiverNetwork, stations: Mapping[tuple[str, str], str]) -> str | None:
    """Search the same river upwards, nearest first by length; a river may have two arms of one name."""
    waiting: list[tuple[float, str]] = [(0.0, reach.from_node)]
    while waiting:
        waiting.sort()
        distance_km, node_id = waiting.pop(0)
        station = stations.get((node_id, reach.river))
        if station is not None:
            return station
        waiting.extend(
            (distance_km + above.length_km, above.from_node)
            for above in network.reaches_into.get(node_id, ())
            if above.river == reach.river
        )
    return None
