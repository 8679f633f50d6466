"""Values with the sums over their neighbours: what every local statistic asks first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .draws import Rows
from .global_result import centred

__all__ = ["Lagged", "lag_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lagged:
    """Values of the nodes and the rows of their graph; deviations and lag are worked out once.

    Attributes
    ----------
    x : array, shape (n,)
    rows : Rows
    """

    x: Floats
    rows: Rows

    @cached_property
    def z(self) -> Floats:
        """Return the values less their mean."""
        return centred(self.x)

    @cached_property
    def lag(self) -> Floats:
        """Return the weighted sum of the neighbours' deviations."""
        return lag_of(self.z, self.rows)


def lag_of(z: Floats, rows: Rows) -> Floats:
    """Return the weighted sum over the neighbours; what rounding leaves of an exact zero is zero."""
    lag = np.asarray(rows.matrix @ z, dtype=np.float64)
    noise = 1e-13 * rows.counts * np.abs(rows.weight) * float(np.abs(z).max(initial=0.0))
    return np.where(np.abs(lag) <= noise, 0.0, lag)
