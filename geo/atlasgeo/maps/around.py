"""Classes about a stated value: alike on both sides of it, for differences and other things with a zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from atlasgeo.errors import AnalysisError
from atlasgeo.maps.classes import Classes, finite_values, round_shown, scheme_called

__all__ = ["classify_around"]


def classify_around(
    values: pd.Series | Sequence[float] | npt.ArrayLike,
    around: float,
    *,
    scheme: str = "fisher_jenks",
    k: int = 5,
    digits: int,
) -> Classes:
    """Return classes that lie alike on both sides of a stated value, with one in the middle that holds it.

    Parameters
    ----------
    values : Series or sequence of float
        Missing ones are left out.
    around : float
        Taken to `digits`.
    scheme : {"fisher_jenks", "quantiles", "equal_interval"}
        How the distances beyond the middle class are parted.
    k : int
        Most classes; an even number gives one less. Those of one side may be empty.
    digits : int
        Decimals of the labels; values are rounded to them first.

    Returns
    -------
    Classes
        The middle class is as wide as one of `k` equal ones: what lies clearly off `around` is never in it.
        Class i is as far below `around` as class k - 1 - i is above it, in its edges and in its labels.

    Raises
    ------
    AnalysisError
        If all values are missing or `scheme` is unknown.
    DataError
        If a value is infinite.

    Examples
    --------
    >>> classify_around([-8.0, -1.0, 0.0, 2.0, 9.0], 0.0, k=3, digits=0).labels
    ('−9 – −4', '−3 – 3', '4 – 9')
    """
    if k < 1:
        raise AnalysisError("a map needs at least one class", found=k, expected="k of 1 or more")
    shown, middle, step = round_shown(finite_values(values), digits), round(around, digits), 10.0**-digits
    distances = np.sort(round_shown(np.abs(shown - middle), digits))
    top, sides = float(distances[-1]), (k - 1) // 2
    far = [top]
    if sides and top > 0:
        still = float(np.floor(top / (2 * sides + 1) / step + 1e-6) * step)
        beyond = scheme_called(scheme)(distances[distances > still + step / 2], sides)
        far = np.unique(round_shown(np.array([still, *beyond[:-1], top]), digits)).tolist()
    near = [0.0, *(end + step for end in far[:-1])]  # where the class of each distance begins
    above = [
        (round(middle + low, digits), round(middle + high, digits))
        for low, high in zip(near, far, strict=True)
    ]
    below = [
        (round(middle - high, digits), round(middle - low, digits))
        for low, high in zip(near, far, strict=True)
    ]
    bounds = (*below[:0:-1], (below[0][0], above[0][1]), *above[1:])
    return Classes(
        edges=tuple(high + step / 2 for _, high in bounds),  # no value lies there: all are rounded
        bounds=bounds,
        scheme=scheme,
        digits=digits,
        rounded=True,
        around=middle,
    )
