"""Where the global random numbers of Python and NumPy stand in this process, and how that is sent to another."""

import ctypes
import random
from collections.abc import Callable
from typing import Any

import numpy as np

TWISTER_BYTES = 625 * 4  # of a Mersenne Twister: 624 numbers and a place among them
# Those bytes, and the state that was asked for then; None where that would tell nothing.
last_numpy_state: list[Any] = [None, None]

# How the state of either is sent: the long part as an array.
SENT_AS: tuple[Callable[[Any], list[Any]], ...] = (
    lambda state: [state[0], np.array(state[1], np.uint32), state[2]],
    lambda state: [np.frombuffer(state[0], np.uint32), *state[1]],
)


def random_state() -> list[Any]:
    """Return where the global random numbers of Python and NumPy stand in this process."""
    return [random.getstate(), numpy_state()]


def numpy_state() -> tuple[bytes, list[Any]]:
    """Return where NumPy's stand. Asking for all of it takes long, so it is only asked for where what they come from has moved."""
    generator: Any = np.random.get_bit_generator()  # type: ignore[attr-defined]
    seen = ctypes.string_at(generator.ctypes.state_address, TWISTER_BYTES)
    if seen != last_numpy_state[0]:
        state: Any = np.random.get_state()
        _, keys, place, has_one_left, left = state
        # Of two normal numbers that were drawn at once, the second is given out without anything moving.
        last_numpy_state[:] = None if has_one_left else seen, (keys.tobytes(), [place, has_one_left, left])
    sent: tuple[bytes, list[Any]] = last_numpy_state[1]
    return sent
