"""Standard normal numbers by the million: each draw has a stretch of one stream of its own."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["normal_noise"]

Singles: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int64]

_STEPS = 65_536  # two random bytes a number
_LAPS = 4  # 16-bit numbers in one 64-bit output of the generator


@cache
def _quantiles() -> Singles:
    """Return the normal quantiles at the middles of 65,536 equal steps, scaled to variance one."""
    from scipy.special import ndtri

    z = ndtri((np.arange(_STEPS) + 0.5) / _STEPS)
    table: Singles = (z / z.std()).astype(np.float32)
    table.flags.writeable = False
    return table


def normal_noise(seed: int, numbers: Numbers, cells: int) -> Singles:
    """Return `cells` standard normal numbers for each draw of `numbers`, shape (draws, cells).

    A draw gets the same numbers whatever other draws stand beside it. They are quantiles of 65,536 equally
    likely steps, from -4.3 to 4.3: finer than any published error, and five times as quick as exact ones.
    """
    bits = np.random.PCG64(seed)
    start, length = bits.state, -(-cells // _LAPS)
    raw = np.empty((len(numbers), length), dtype=np.uint64)
    for row, number in enumerate(numbers):
        bits.state = start
        bits.advance(int(number) * length)
        raw[row] = bits.random_raw(length)
    out: Singles = np.empty((len(numbers), length * _LAPS), dtype=np.float32)
    np.take(_quantiles(), raw.view(np.uint16), out=out, mode="clip")
    return out[:, :cells]
