"""Values become classes: breaks, labels that neither overlap nor gap, and who is in which class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from atlasgeo.errors import AnalysisError, DataError, nearest
from atlasgeo.maps.fisher import natural_breaks
from atlasgeo.maps.wording import format_number

__all__ = ["SCHEMES", "Classes", "classify", "finite_values", "round_shown", "scheme_called"]

Floats = npt.NDArray[np.float64]
MOST_DIGITS: Final = 10
LEAST_STEPS: Final = 30  # labels are fine enough when the range has this many steps


@dataclass(frozen=True)
class Classes:
    """Classes of a map: class i holds the values above edge i-1 and up to edge i.

    Attributes
    ----------
    edges : tuple of float
        Upper edge of each class, exact and increasing.
    bounds : tuple of (float, float)
        Lowest and highest value of each class as the legend prints them.
    scheme : str
    digits : int
        Decimals of the labels.
    rounded : bool
        True where values are rounded to `digits` before they are put into a class.
    open_low : bool
        True where the lowest class has no value of its own and reads "up to".
    around : float or None
        The stated value that the classes lie about, alike on both sides.
    """

    edges: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    scheme: str
    digits: int
    rounded: bool = False
    open_low: bool = False
    around: float | None = None

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.edges)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels with a decimal point; `labelled` writes them as another language does."""
        return self.labelled()

    def labelled(self, *, decimal: str = ".", thousands: str = "\u00a0") -> tuple[str, ...]:
        """Return one label a class, for example ``2.4 – 3.0`` and ``3.1 – 4.3``."""

        def text(value: float) -> str:
            return format_number(value, self.digits, decimal=decimal, thousands=thousands)

        labels = []
        for i, (low, high) in enumerate(self.bounds):
            if i == 0 and self.open_low:
                labels.append(f"\u2264 {text(high)}")
            else:
                labels.append(text(high) if low >= high else f"{text(low)} \u2013 {text(high)}")
        return tuple(labels)

    def assign(self, values: pd.Series) -> pd.Series:
        """Return the class of each value, 0 the lowest, -1 where there is none."""
        raw = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
        shown = round_shown(raw, self.digits) if self.rounded else raw
        index = np.minimum(np.searchsorted(np.array(self.edges), shown, side="left"), self.k - 1)
        return pd.Series(np.where(np.isnan(raw), -1, index), index=values.index, dtype=int, name="class")

    def counts(self, values: pd.Series) -> pd.Series:
        """Return how many values fall into each class; empty classes count 0."""
        found = self.assign(values)
        return found[found >= 0].value_counts().reindex(range(self.k), fill_value=0).rename("units")


def classify(
    values: pd.Series | Sequence[float] | npt.ArrayLike,
    *,
    scheme: str = "fisher_jenks",
    k: int = 5,
    breaks: Sequence[float] | None = None,
    digits: int | None = None,
) -> Classes:
    """Return the classes of `values`.

    Parameters
    ----------
    values : Series or sequence of float
        Missing ones are left out. For the same breaks over years, panels or languages hand over all
        values that will be drawn.
    scheme : {"fisher_jenks", "quantiles", "equal_interval", "user"}
        Least sum of squared deviations within classes (Fisher 1958; Jenks 1977), equal counts (linear
        interpolation), equal widths, or `breaks`.
    k : int
        Most classes; fewer where there are fewer distinct values or quantiles coincide.
    breaks : sequence of float, optional
        Upper edges of the classes, for scheme ``user`` (implied when given); a last class is added where
        values exceed the last of them.
    digits : int, optional
        Decimals of the labels; values are then rounded to them first, so that a printed value always
        lies in the class that its colour says. By default as few as tell the classes apart.

    Returns
    -------
    Classes

    Raises
    ------
    AnalysisError
        If all values are missing, `scheme` is unknown, or `breaks` do not increase.
    DataError
        If a value is infinite.

    Notes
    -----
    The schemes give the breaks of mapclassify (the Python package). They are written here because that
    package compiles for seconds when imported and sums squares in single precision, which loses the
    optimum for values such as populations.

    Examples
    --------
    >>> classify([2.4, 3.0, 3.5, 4.3, 9.0], k=2).labels
    ('2.4 – 4.3', '4.4 – 9.0')
    """
    if k < 1:
        raise AnalysisError("a map needs at least one class", found=k, expected="k of 1 or more")
    raw = finite_values(values)
    shown = raw if digits is None else round_shown(raw, digits)
    ordered = np.sort(shown)
    scheme = "user" if breaks is not None else scheme
    edges = _user_edges(breaks) if scheme == "user" else scheme_called(scheme)(ordered, k)
    edges = _with_top(edges, float(ordered[-1]))
    used = _digits(ordered, edges, breaks) if digits is None else digits
    return Classes(
        edges=tuple(float(e) for e in edges),
        bounds=_bounds(ordered, edges, used),
        scheme=scheme,
        digits=used,
        rounded=digits is not None,
        open_low=bool(ordered[0] > edges[0]),
    )


def finite_values(values: pd.Series | Sequence[float] | npt.ArrayLike) -> Floats:
    """Return the values that are there, refused where one is infinite or none is left."""
    raw = pd.Series(values).to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(raw).any():
        raise DataError(
            "a value is infinite",
            found=f"{int(np.isinf(raw).sum())} of {raw.size} values",
            expected="finite numbers or missing",
            fix="leave the value out, or give the share instead of a ratio to zero",
        )
    kept: Floats = raw[~np.isnan(raw)]
    if kept.size == 0:
        raise AnalysisError(
            "no value to make classes of",
            found=f"{raw.size} values, all missing",
            expected="at least one value",
            fix="draw the map without classes: every unit then reads `no data`",
        )
    return kept


def round_shown(values: Floats, digits: int) -> Floats:
    """Round as printing does (exact binary value, half to even), so that colour and print agree."""
    return np.array([round(v, digits) if math.isfinite(v) else v for v in values.tolist()], dtype=float)


def scheme_called(name: str) -> Callable[[Floats, int], Floats]:
    """Return the function that parts ordered values into at most k classes, by their upper edges."""
    if name not in SCHEMES:
        raise AnalysisError(
            f"no classification is called {name!r}",
            found=name,
            expected=", ".join([*SCHEMES, "user"]),
            fix=f"did you mean {nearest(name, SCHEMES)[0]!r}?" if nearest(name, SCHEMES) else None,
        )
    return SCHEMES[name]


def _user_edges(breaks: Iterable[float] | None) -> Floats:
    edges = np.array(list(breaks or ()), dtype=float)
    if edges.size == 0 or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise AnalysisError(
            "the breaks of a classification do not increase",
            found=edges.tolist(),
            expected="one or more finite numbers, each above the one before",
            fix="correct `breaks`",
        )
    return edges


def _with_top(edges: Floats, top: float) -> Floats:
    """Return the edges with one more where values exceed the last; an edge within float noise becomes it."""
    if top <= edges[-1]:
        return edges
    if top - edges[-1] <= 1e-12 * max(1.0, abs(top)):
        return np.append(edges[:-1], top)
    return np.append(edges, top)


def _quantiles(ordered: Floats, k: int) -> Floats:
    return np.unique(np.percentile(ordered, np.linspace(0, 100, k + 1)[1:]))


def _equal_interval(ordered: Floats, k: int) -> Floats:
    low, high = ordered[0], ordered[-1]
    if low == high:
        return np.array([high])
    edges = low + (high - low) / k * np.arange(1, k + 1)
    return np.append(edges[:-1], high)


SCHEMES: Final[dict[str, Callable[[Floats, int], Floats]]] = {
    "fisher_jenks": natural_breaks,
    "quantiles": _quantiles,
    "equal_interval": _equal_interval,
}


def _decimals(values: Floats) -> int:
    """Return how many decimals write every value, at most `MOST_DIGITS`."""
    for digits in range(MOST_DIGITS):
        if np.allclose(values, round_shown(values, digits), rtol=0, atol=1e-9 * 10**-digits):
            return digits
    return MOST_DIGITS


def _digits(ordered: Floats, edges: Floats, breaks: Sequence[float] | None) -> int:
    """Return the fewest decimals whose labels tell the classes apart."""
    spread = float(ordered[-1] - ordered[0])
    fine = math.ceil(math.log10(LEAST_STEPS / spread)) if spread > 0 else MOST_DIGITS
    start = min(_decimals(ordered), max(0, min(fine, MOST_DIGITS)))
    if breaks is not None:
        start = max(start, _decimals(np.array(list(breaks), dtype=float)))
    for digits in range(start, MOST_DIGITS + 1):
        bounds = _bounds(ordered, edges, digits)
        shown = round_shown(ordered, digits)
        index = np.minimum(np.searchsorted(edges, ordered, side="left"), edges.size - 1)
        low, high = np.array(bounds).T
        half = 10.0**-digits / 4
        if (
            (shown >= low[index] - half).all()
            and (shown <= high[index] + half).all()
            and (low <= high + half).all()
        ):
            return digits
    return MOST_DIGITS


def _bounds(ordered: Floats, edges: Floats, digits: int) -> tuple[tuple[float, float], ...]:
    """Return what the labels print: each class starts one step above the end of the class before."""
    step = 10.0**-digits
    shown = round_shown(ordered, digits)
    index = np.minimum(np.searchsorted(edges, ordered, side="left"), edges.size - 1)
    low = float(shown[0]) if ordered[0] <= edges[0] else -math.inf
    pairs = []
    for i, edge in enumerate(edges.tolist()):
        inside = shown[index == i]
        floor = math.floor(edge / step + 1e-6) * step
        high = round(max(floor, float(inside.max()) if inside.size else floor), digits)
        pairs.append((round(low, digits) if math.isfinite(low) else high, high))
        low = high + step
    return tuple(pairs)
