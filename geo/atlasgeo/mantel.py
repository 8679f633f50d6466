"""Moments of a sum over pairs of units when both members of every unit's pair of values move together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["pair_moments"]

Floats = NDArray[np.float64]


def pair_moments(x: Floats, y: Floats, links: sparse.csr_array) -> tuple[float, float]:
    """Return mean and variance of sum_ij a_ij x_i y_j when the pairs (x, y) are permuted over the units.

    Parameters
    ----------
    x, y : array, shape (n,)
        Centred.
    links : csr_array, shape (n, n)
        Symmetric; its diagonal multiplies the pairs in place.

    Returns
    -------
    mean, variance : float
        Exact; the variance is 0 for one unit.

    Notes
    -----
    Mantel's (1967) statistic with a diagonal, as in Lee (2004), A generalized significance testing method for
    global measures of spatial association, Environment and Planning A 36, 1687-1703. Since a is symmetric the
    product may be q_ij = (x_i y_j + x_j y_i) / 2, of rank two, so that nothing of size n x n is built. The
    second moment adds up what two ordered pairs of units have in common: both, one or none; the diagonal is
    a sum of its own with its own variance and covariance. O(number of links).
    """
    n = x.size
    own = np.asarray(links.diagonal(), dtype=np.float64)
    rows = np.asarray(links.sum(axis=1), dtype=np.float64) - own
    squares = float((links.data**2).sum()) - float(own @ own)
    together = x * y
    sum_a, sum_q = float(rows.sum()), -float(together.sum())  # q_i. = -x_i y_i: both columns are centred
    q_squares = (float(x @ x) * float(y @ y) + sum_q**2) / 2 - float(together @ together)
    two, three, four = (float(np.prod(n - np.arange(k, dtype=np.float64))) for k in (2, 3, 4))
    mean_own = float(own.sum()) * float(together.sum()) / n
    mean_rest = _over(sum_a * sum_q, two)
    both = _over(2 * squares * q_squares, two)
    one = _over(4 * (float(rows @ rows) - squares) * (float(together @ together) - q_squares), three)
    none_a = sum_a**2 - 4 * float(rows @ rows) + 2 * squares
    none = _over(none_a * (sum_q**2 - 4 * float(together @ together) + 2 * q_squares), four)
    of_rest = both + one + none - mean_rest**2
    of_own = _over(float(np.square(own - own.mean()).sum()) * _spread(together), n - 1)
    shared = _over(-2 * float(own @ rows) * float(together @ together), two)
    apart_a = float(own.sum()) * sum_a - 2 * float(own @ rows)
    apart = _over(apart_a * (-(sum_q**2) + 2 * float(together @ together)), three)
    crossed = shared + apart - mean_own * mean_rest
    variance = of_rest + of_own + 2 * crossed
    size = of_own + mean_rest**2 + abs(both) + abs(one) + abs(none) + 2 * (abs(shared) + abs(apart))
    return mean_own + mean_rest, variance if variance > 1e-13 * size else 0.0


def _over(value: float, ways: float) -> float:
    """Return a mean over the ways to choose units, 0 where there is none."""
    return value / ways if ways > 0 else 0.0


def _spread(values: Floats) -> float:
    """Return the sum of squares around the mean."""
    return float(np.square(values - values.mean()).sum())
