"""Inequality between groups: the whole set of the WHO toolkit, each measure with its error and meaning."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import DataError
from childatlas.measures.meanings import meaning_of
from childatlas.measures.spread import MEASURES, Groups

__all__ = ["inequality"]

Floats = NDArray[np.float64]
Z = 1.959963984540054
WHOLE_PEOPLE = 100
ON_LOG_SCALE = ("ratio", "rii")
Numbers: TypeAlias = pd.Series | Mapping[Hashable, float] | Sequence[float] | NDArray[Any]


def inequality(
    values: Numbers,
    population: Numbers,
    *,
    standard_errors: Numbers | None = None,
    order: pd.Series | Mapping[Hashable, float] | Sequence[Hashable] | None = None,
    favourable: bool = True,
    reference: Hashable | None = None,
    scale: float | None = None,
    epsilon: float = 0.5,
) -> pd.DataFrame:
    """Return every measure of inequality between groups, with error, interval and a sentence of its meaning.

    Parameters
    ----------
    values : Series, mapping or sequence of float
        The indicator in each group. A group without a value takes no part and is counted in
        ``attrs["missing"]``.
    population : Series, mapping or sequence of float
        People of each group, over 0; a Series or mapping is aligned to the groups by label.
    standard_errors : same, optional
        Of the values; without them no measure has an error.
    order : Series, mapping or sequence, optional
        Groups from worst off: a rank for each group (1 = worst off), or the labels in that order. Without it
        the measures of ordered groups are missing.
    favourable : bool
        Whether more of the indicator is better.
    reference : label, optional
        The group that others are compared with; the best-off group (with an order) or the best value if not
        given.
    scale : float, optional
        The value that means everybody: 1 or 100. If not given it is 1 where all values lie in 0..1, 100 where
        they lie in 0..100, else the values are taken as no shares and the slope indices are linear.
    epsilon : float
        Aversion of Atkinson's measure.

    Returns
    -------
    DataFrame
        Columns ``measure, value, se, low, high, meaning``, one row each of difference, ratio, aci, rci, sii,
        rii, bgv, bgsd, cov, mdmu, mdmw, mdbu, mdbw, mdru, mdrw, idisu, idisw, theil, mld, par, paf, gini,
        atkinson, palma. Units: those of the indicator for difference, aci, sii, bgsd, the mean differences
        and par; their square for bgv; per cent for cov, idisu, idisw and paf; none for the others. Theil and
        mld are not multiplied by 1,000. ``low`` and ``high`` bound the 95 % interval, on the log scale for
        ratio and rii.

    Raises
    ------
    DataError
        If a number is infinite or text, a population is not over 0 or missing for a group that has a value,
        an error is negative, or labels do not match; both leftovers are named.

    Notes
    -----
    Errors are those of the delta method with the population held fixed and groups independent,
    ``se^2 = sum (dm/dy_j)^2 se_j^2``, derivatives by central differences. Slope indices come from a
    grouped binomial logit of the value on the relative rank (population weights, used once; on whole people,
    rounded up as the WHO tools do, where every group has 100 or more), or from weighted least squares where
    the values are no shares. With an order, difference and ratio compare its ends;
    without, the reference (or best) and the worst. Complexity O(J^2) for J groups.

    References
    ----------
    WHO (2013, 2024), Handbook on health inequality monitoring; Schlotheuber and Hosseinpoor (2022), Summary
    measures of health inequality, IJERPH 19:3697; Cowell (2011), Measuring Inequality; Cobham et al. (2016)
    for the Palma ratio.

    Examples
    --------
    >>> table = inequality([40.0, 60.0, 80.0], [1, 1, 1], order=[1, 2, 3]).set_index("measure")
    >>> round(table.loc["difference", "value"], 6)
    40.0
    """
    y, people, labels = _aligned(values, population)
    errors = None if standard_errors is None else _like(standard_errors, labels, "standard errors")
    places = None if order is None else _positions(order, labels)
    known = np.isfinite(y)
    if not known.any():
        raise DataError(
            "no group has a value", found=f"{len(y)} groups, all missing", expected="at least one"
        )
    if errors is not None and (errors[known] < 0).any():
        raise DataError(
            "a standard error is negative", found=float(errors[known].min()), expected="0 or more"
        )
    groups = Groups(
        share=people[known] / people[known].sum(),
        favourable=favourable,
        position=None if places is None else places[known].argsort(kind="stable").argsort(kind="stable"),
        reference=_reference(reference, labels, known),
        scale=_scale(y[known]) if scale is None else float(scale),
        epsilon=float(epsilon),
        people=people[known] if people[known].min() >= WHOLE_PEOPLE else None,
    )
    table = _table(y[known], None if errors is None else errors[known], groups)
    table.attrs["missing"] = int((~known).sum())
    return table


def _table(y: Floats, errors: Floats | None, groups: Groups) -> pd.DataFrame:
    rows = []
    for name, formula in MEASURES.items():
        value = float(formula(y, groups))
        se = np.nan if errors is None or not np.isfinite(value) else _error(formula, y, errors, groups)
        low, high = _interval(name, value, se)
        meaning = meaning_of(name, value, favourable=groups.favourable, ordered=groups.position is not None)
        rows.append((name, value, se, low, high, meaning))
    return pd.DataFrame(rows, columns=["measure", "value", "se", "low", "high", "meaning"])


def _error(formula: Callable[[Floats, Groups], float], y: Floats, errors: Floats, groups: Groups) -> float:
    """Return the delta-method error of a measure."""
    if not np.isfinite(errors).all():
        return float("nan")
    smooth = replace(groups, people=None)
    total = 0.0
    for j, error in enumerate(errors):
        if error == 0:
            continue
        step = 1e-5 * error
        up, down = y.copy(), y.copy()
        up[j] += step
        down[j] -= step
        total += ((formula(up, smooth) - formula(down, smooth)) / (2 * step) * error) ** 2
    return float(np.sqrt(total))


def _interval(name: str, value: float, se: float) -> tuple[float, float]:
    if not np.isfinite(se):
        return float("nan"), float("nan")
    if name in ON_LOG_SCALE:
        if value <= 0:
            return float("nan"), float("nan")
        factor = float(np.exp(Z * se / value))
        return value / factor, value * factor
    return value - Z * se, value + Z * se


def _aligned(values: Numbers, population: Numbers) -> tuple[Floats, Floats, pd.Index]:
    series = values if isinstance(values, pd.Series) else _as_series(values)
    if series.index.has_duplicates:
        twice = sorted({str(label) for label in series.index[series.index.duplicated()]})
        raise DataError("a group stands twice", found=", ".join(twice), expected="each group once")
    y = _floats(series, "values")
    people = _like(population, series.index, "population")
    if np.isinf(y).any():
        raise DataError(
            "a value is infinite", found=list(series.index[np.isinf(y)])[:5], expected="finite values"
        )
    wrong = ~(np.isfinite(people) & (people > 0)) & ~(np.isnan(people) & np.isnan(y))
    if wrong.any():
        raise DataError(
            "a population is missing, zero or negative",
            found=list(series.index[wrong])[:5],
            expected="a number over 0 for every group that has a value",
            fix="leave a group without people out",
        )
    return y, people, series.index


def _as_series(numbers: Any) -> pd.Series:
    if isinstance(numbers, (str, pd.DataFrame)) or np.ndim(numbers) > 1:
        raise DataError(
            "one number a group is needed", found=type(numbers).__name__, expected="a Series, mapping or list"
        )
    return pd.Series(numbers, dtype=None if np.size(numbers) else float)


def _floats(series: pd.Series, what: str) -> Floats:
    """Return a column as floats with NaN for missing, refused where it holds text."""
    array: Floats = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    text = np.isnan(array) & series.notna().to_numpy()
    if text.any():
        raise DataError(
            f"{what} have to be numbers",
            where=f"groups {list(series.index[text])[:5]}",
            found=list(series[text])[:5],
            expected="a number for each group, or empty where missing",
        )
    return array


def _like(numbers: Any, labels: pd.Index, what: str) -> Floats:
    """Return numbers in the order of the groups, by label where they have labels."""
    if isinstance(numbers, Mapping):
        numbers = pd.Series(dict(numbers))
    if isinstance(numbers, pd.Series):
        lacking, strange = labels.difference(numbers.index), numbers.index.difference(labels)
        if len(lacking) or len(strange):
            raise DataError(
                f"the labels of values and {what} differ",
                found=f"only in values: {list(lacking)[:5]}; only in {what}: {list(strange)[:5]}",
                expected="the same groups",
            )
        return _floats(numbers.reindex(labels), what)
    array = _floats(_as_series(numbers), what)
    if array.shape != (len(labels),):
        raise DataError(f"{what} has another length", found=array.shape, expected=f"{len(labels)} numbers")
    return array


def _positions(order: Any, labels: pd.Index) -> Floats:
    """Return the rank of each group from worst off, from ranks or from labels in order."""
    ranks: Floats | None
    if isinstance(order, (pd.Series, Mapping)):
        ranks = _like(order, labels, "order")
    else:
        listed = list(order)
        named = len(listed) == len(labels) and set(listed) == set(labels)
        # Labels that are themselves 1..n in order mean the same either way.
        ranks = np.array([listed.index(label) for label in labels], dtype=float) if named else None
        if named and all(isinstance(label, (int, np.integer)) for label in listed):
            ranks = np.asarray(listed, dtype=float)
        if ranks is None:
            try:
                ranks = _like(listed, labels, "order")
            except DataError:
                raise DataError(
                    "the order names other groups than the values",
                    found=", ".join(map(str, listed[:8])),
                    expected=", ".join(map(str, labels[:8])),
                ) from None
    if not np.isfinite(ranks).all() or len(np.unique(ranks)) < len(ranks):
        raise DataError(
            "the order has gaps or ties", found=list(ranks), expected="a different rank for each group"
        )
    return ranks


def _reference(reference: Hashable | None, labels: pd.Index, known: NDArray[np.bool_]) -> int | None:
    if reference is None:
        return None
    if reference not in labels:
        raise DataError(
            f"the reference {reference!r} is not one of the groups",
            found=reference,
            expected=", ".join(map(str, labels[:10])),
        )
    place = int(labels.get_loc(reference))
    if not known[place]:
        raise DataError(f"the reference {reference!r} has no value", found="missing", expected="a value")
    return int(known[:place].sum())


def _scale(y: Floats) -> float | None:
    if (y < 0).any() or y.max() > 100:
        return None
    return 1.0 if y.max() <= 1 else 100.0
