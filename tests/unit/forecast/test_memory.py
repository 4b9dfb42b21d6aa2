"""What a saved state remembers survives saving, and nothing else is taken for it."""

import numpy as np
import pytest

from domain.errors import ModelError
from forecast.memory import MEMORY_STEPS, RainMemory, Remembered
from twin.model import Twin

from .conftest import BEGIN


def remembered(twin: Twin) -> Remembered:
    rain = RainMemory.empty(7).extended(np.arange(21.0).reshape(3, 7))
    return Remembered(twin.cold_state(BEGIN), rain)


def test_water_and_rain_survive_bit_for_bit(twin: Twin) -> None:
    saved = remembered(twin)
    again = Remembered.from_bytes(saved.to_bytes())
    assert again.state.to_bytes() == saved.state.to_bytes()
    assert again.rain.mm.tobytes() == saved.rain.mm.tobytes()
    assert again.to_bytes() == saved.to_bytes()


def test_the_oldest_rain_is_forgotten() -> None:
    memory = RainMemory.empty(2)
    assert np.isnan(memory.mm).all()
    memory = memory.extended(np.full((MEMORY_STEPS, 2), 1.0)).extended(np.full((1, 2), 2.0))
    assert memory.mm.shape == (MEMORY_STEPS, 2)
    assert memory.mm[-1].tolist() == [2.0, 2.0]
    assert memory.mm[-2].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kept", [slice(0, 0), slice(0, 100), slice(0, -5), slice(40, None)])
def test_what_is_no_saved_state_is_refused(twin: Twin, kept: slice) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Remembered.from_bytes(remembered(twin).to_bytes()[kept])
