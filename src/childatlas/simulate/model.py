"""The invented population: places, a common cause, and the chance of each deprivation given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlasgeo import columns as col
from childatlas.errors import DataError
from childatlas.simulate.margins import margin_table, stratum_population
from childatlas.simulate.plan import SurveyPlan

__all__ = ["EXTRAS", "NODES", "WEIGHTS", "Model", "build_model", "expit"]

Floats: TypeAlias = NDArray[np.float64]

# Gauss-Hermite nodes for the common cause of cluster and household together, as a standard normal.
_X, _W = np.polynomial.hermite_e.hermegauss(31)
NODES: Floats = _X
WEIGHTS: Floats = _W / _W.sum()

EXTRAS = ("poor", "unskilled_birth")  # deprivations of the model that are no items of the definitions
EXTRA_AGES = {"unskilled_birth": 0}  # the first age group only
AGES = 18


@dataclass(frozen=True, eq=False)
class Model:
    """A population without people: what chance each child would have.

    Attributes
    ----------
    plan : SurveyPlan
    items : tuple of str
        Items of the definitions, then the extras.
    areas : DataFrame
        One row per district and residence: ``unit, oblast, residence, stratum, children, effect``.
    strata : DataFrame
        One row per oblast and residence, with ``children``.
    intercept : array, strata x items
    loading : array, items
    shift : array, age groups x items
    applies : array of bool, age groups x items
    age_share : array, age groups
    ages : tuple of (first, last)
    age_names : tuple of str
    margins : DataFrame
        ``item, oblast, residence, value, route, year``: what the model meets.
    means : DataFrame
        The same for measured columns, under ``column``.
    spread : float
        Standard deviation of the common cause of cluster and household.
    country : str
        Unit code of the country.
    shared : dict of item -> bool
        Whether a household's children have the deprivation in common.
    """

    plan: SurveyPlan
    items: tuple[str, ...]
    areas: pd.DataFrame
    strata: pd.DataFrame
    intercept: Floats
    loading: Floats
    shift: Floats
    applies: NDArray[np.bool_]
    age_share: Floats
    ages: tuple[tuple[int, int], ...]
    age_names: tuple[str, ...]
    margins: pd.DataFrame
    means: pd.DataFrame
    spread: float
    country: str
    shared: dict[str, bool]

    def chance(self, area: NDArray[np.int64], cause: Floats, age: NDArray[np.int64]) -> Floats:
        """Return the chance of each deprivation, rows x items; 0 at ages it does not count at."""
        stratum = self.areas["stratum"].to_numpy()[area]
        effect = self.areas["effect"].to_numpy()[area] + cause
        logit = self.intercept[stratum] + self.loading * effect[:, None] + self.shift[age]
        return np.where(self.applies[age], expit(logit), 0.0)


def build_model(
    plan: SurveyPlan, definitions: Any, *, figures: pd.DataFrame, gazetteer: pd.DataFrame, seed: int
) -> Model:
    """Return the population that meets the plan's official margins.

    Parameters
    ----------
    plan : SurveyPlan
    definitions : Definitions
        Items, ages and questions.
    figures, gazetteer : DataFrame
        The official table and the units, whole.
    seed : int
        District effects and sizes are drawn from it.

    Raises
    ------
    DataError
        If an item has neither a margin nor an invented prevalence, or a figure is missing.

    Notes
    -----
    logit P(deprived in j) = a(j, oblast, residence) + l(j) (district + cluster + household) + s(j, age), the
    three effects normal. Given them items are independent, so margins and truths are integrals over one
    normal, computed by quadrature; `a` is found by bisection so that every margin is met to 1e-9.
    """
    from atlasgeo.units import in_force

    oblasts = in_force(gazetteer, level="oblast", year=plan.year)
    districts = in_force(gazetteer, level="district", year=plan.year)
    population = plan.population
    strata = stratum_population(
        figures,
        oblasts,
        total=population.total,
        children=population.children,
        urban_share=plan.urban_share,
        stretch=population.stretch,
        year=plan.year,
    )
    country = str(gazetteer.loc[gazetteer[col.LEVEL] == "country", col.UNIT].iloc[0])
    items = (*(i.id for i in definitions.items), *EXTRAS)
    margins = _margins(plan, items, figures, strata, (oblasts, country))
    rng = np.random.default_rng([seed, 1])
    areas, strata = _areas(districts, strata, plan.district_sd, rng)
    applies, shift = _age_tables(definitions, plan, items)
    spans = tuple((a.first, a.last) for a in definitions.age_groups)
    share = np.array([last - first + 1 for first, last in spans], dtype=float)
    loading = np.array([plan.loading.get(i, 1.0) for i in items])
    spread = float(np.hypot(plan.cluster_sd, plan.household_sd))
    wanted = margins.pivot_table(index=["oblast", "residence"], columns="item", values="value")
    wanted = wanted.reindex(pd.MultiIndex.from_frame(strata[["oblast", "residence"]]))[list(items)] / 100
    intercept = _calibrate(areas, wanted.to_numpy(), (loading, shift, applies), share / share.sum(), spread)
    means = [
        margin_table(
            figures, strata, oblasts, indicator=m.indicator, year=plan.year, country=country, rate=False
        ).assign(column=m.column)
        for m in plan.means
    ]
    return Model(
        plan=plan,
        items=items,
        areas=areas,
        strata=strata,
        intercept=intercept,
        loading=loading,
        shift=shift,
        applies=applies,
        age_share=share / share.sum(),
        ages=spans,
        age_names=tuple(a.id for a in definitions.age_groups),
        margins=margins,
        means=pd.concat(means, ignore_index=True) if means else pd.DataFrame(),
        spread=spread,
        country=country,
        shared={i.id: i.describes == "household" for i in definitions.items} | {"poor": True},
    )


def expit(x: Floats) -> Floats:
    """Return the inverse of the logit."""
    return 1 / (1 + np.exp(-x))


def _margins(
    plan: SurveyPlan,
    items: tuple[str, ...],
    figures: pd.DataFrame,
    strata: pd.DataFrame,
    place: tuple[pd.DataFrame, str],
) -> pd.DataFrame:
    official = {m.item: m for m in plan.margins}
    parts = []
    for item in items:
        if item in official:
            margin = official[item]
            table = margin_table(
                figures, strata, place[0], indicator=margin.indicator, year=plan.year, country=place[1]
            )
            if margin.complement:
                table["value"] = 100 - table["value"]
        elif item in plan.invented:
            table = strata[["oblast", "residence"]].copy()
            town, village = plan.invented[item]
            table["value"] = np.where(table["residence"] == col.URBAN, town, village)
            table["route"], table["year"] = "invented", plan.year
        else:
            raise DataError(
                f"item {item!r} has neither an official margin nor an invented prevalence",
                where=f"plan {plan.id}",
                fix="add it under [[margins]] or [invented]",
            )
        parts.append(table.assign(item=item))
    return pd.concat(parts, ignore_index=True)


def _areas(
    districts: pd.DataFrame, strata: pd.DataFrame, sd: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split each stratum's children among districts: towns mostly to cities; all invented."""
    rows = []
    sizes = dict(zip(districts.index, rng.lognormal(0, 0.5, len(districts)), strict=True))
    effects = dict(zip(districts.index, rng.normal(0, sd, len(districts)), strict=True))
    for stratum in strata.itertuples():
        inside = districts[districts[col.PARENT] == stratum.oblast]
        city = inside[col.TYPE].str.contains("city")
        if stratum.residence == col.URBAN:
            share = {u: sizes[u] * (4.0 if c else 0.6) for u, c in city.items()}
        else:
            share = {u: sizes[u] for u, c in city.items() if not c} or {u: sizes[u] for u in inside.index}
        whole = sum(share.values())
        rows += [
            (
                str(u),
                stratum.oblast,
                stratum.residence,
                stratum.Index,
                stratum.children * s / whole,
                effects[u],
            )
            for u, s in share.items()
        ]
    names = ["unit", "oblast", "residence", "stratum", "children", "effect"]
    return pd.DataFrame(rows, columns=names), strata.reset_index(drop=True)


def _age_tables(
    definitions: Any, plan: SurveyPlan, items: tuple[str, ...]
) -> tuple[NDArray[np.bool_], Floats]:
    table = definitions.applies()
    ages = list(table.index)
    applies = np.ones((len(ages), len(items)), dtype=bool)
    shift = np.zeros((len(ages), len(items)))
    for j, item in enumerate(items):
        if item in table:
            applies[:, j] = table[item]
        elif item in EXTRA_AGES:
            applies[:, j] = np.arange(len(ages)) == EXTRA_AGES[item]
        for age, value in plan.age_shift.get(item, {}).items():
            shift[ages.index(age), j] = value
    return applies, shift


def _calibrate(
    areas: pd.DataFrame,
    wanted: Floats,
    tables: tuple[Floats, Floats, NDArray[np.bool_]],
    share: Floats,
    spread: float,
) -> Floats:
    """Return the intercepts, strata x items, that meet the wanted shares."""
    loading, shift, applies = tables
    stratum = areas["stratum"].to_numpy()
    size = areas["children"].to_numpy()
    weight = size / np.bincount(stratum, size)[stratum]
    cause = areas["effect"].to_numpy()[:, None] + spread * NODES
    result = np.zeros(wanted.shape)
    for j in range(wanted.shape[1]):
        part = np.where(applies[:, j], share, 0.0)
        part = part / part.sum()
        target = np.clip(wanted[:, j], 1e-9, 1 - 1e-9)
        low, high = np.full(len(wanted), -60.0), np.full(len(wanted), 60.0)
        for _ in range(64):
            middle = (low + high) / 2
            logit = middle[stratum][:, None, None] + loading[j] * cause[:, :, None] + shift[:, j]
            mean = np.bincount(stratum, weight * ((expit(logit) @ part) @ WEIGHTS), minlength=len(wanted))
            low, high = np.where(mean < target, middle, low), np.where(mean < target, high, middle)
        result[:, j] = (low + high) / 2
    return result
