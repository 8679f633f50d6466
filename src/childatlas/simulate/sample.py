"""Drawing the survey: clusters, households and children of the invented population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from atlasgeo import columns as col
from childatlas.errors import AnalysisError
from childatlas.simulate.answers import answer_columns
from childatlas.simulate.calibration import rake_weights
from childatlas.simulate.model import Model, build_model
from childatlas.simulate.plan import SurveyPlan
from childatlas.simulate.truth import true_values

__all__ = ["Simulation", "draw_survey", "simulate_survey"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

HOUSEHOLDS = 8  # drawn in each cluster
_INCOME_SD, _PULL = 0.5, 0.5  # of log incomes; how far a household's rank follows its common cause
_CHILDREN = {col.URBAN: (0.42, 0.36, 0.15, 0.05, 0.02), col.RURAL: (0.26, 0.33, 0.23, 0.12, 0.06)}
EDUCATION = ("primary", "secondary", "vocational", "higher")
SOURCES = ("wages", "self-employment", "farming", "transfers")


@dataclass(frozen=True, eq=False)
class Simulation:
    """A synthetic survey and what is known of it.

    Attributes
    ----------
    children : DataFrame
        One row a child; ``flag`` is ``synthetic`` in every row.
    truth : DataFrame
        By ``unit, residence``, see `true_values`.
    margins : DataFrame
        ``item, oblast, residence, value, route, year, sample_before, sample, met``: the official or invented
        margin, what the sample showed with its base weights and shows with its final ones.
    """

    children: pd.DataFrame
    truth: pd.DataFrame
    margins: pd.DataFrame


def simulate_survey(
    plan: SurveyPlan,
    definitions: Any,
    *,
    figures: pd.DataFrame,
    gazetteer: pd.DataFrame,
    children: int,
    seed: int,
) -> Simulation:
    """Return a synthetic two-stage survey of about `children` children, with its truth.

    Parameters
    ----------
    plan : SurveyPlan
    definitions : Definitions
    figures, gazetteer : DataFrame
        Official figures and units.
    children : int
        Children wanted; households come whole, so the number differs a little.
    seed : int

    Returns
    -------
    Simulation

    Raises
    ------
    AnalysisError
        If there are too few children for two clusters in every stratum.

    Notes
    -----
    Strata are oblast x residence; clusters are drawn with probability proportional to size, with replacement,
    and eight households in each; all children of a household are surveyed. Weights undo that, carry a little
    non-response, and are raked within each stratum so that the sample meets the official margins themselves.
    """
    model = build_model(plan, definitions, figures=figures, gazetteer=gazetteer, seed=seed)
    survey, margins = draw_survey(model, definitions, children=children, seed=seed)
    return Simulation(survey, true_values(model, definitions), margins)


def draw_survey(
    model: Model, definitions: Any, *, children: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one survey of the population `model`, and its margins before and after calibration.

    Raises
    ------
    AnalysisError
        If there are too few children for two clusters in every stratum.
    """
    rng = np.random.default_rng([seed, 2])
    homes = _draw_households(model, children, rng)
    people = _draw_children(model, homes, rng)
    lacks, asked = _draw_deprivations(model, people, rng)
    frame = _describe(model, people, lacks, rng)
    answers = answer_columns(definitions, model.plan, lacks, asked, household=people["household"], rng=rng)
    frame = pd.concat([frame, pd.DataFrame(answers)], axis=1)
    frame, margins = _calibrate(model, frame, lacks, asked, people["stratum"])
    frame[col.FLAG] = col.SYNTHETIC
    return frame, margins


def _draw_households(model: Model, children: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Draw clusters in every stratum, then households in them."""
    size = model.strata["children"].to_numpy()
    mean = np.array([np.dot(_CHILDREN[r], range(1, 6)) for r in model.strata["residence"]])
    wanted = children * np.sqrt(size) / np.sqrt(size).sum()
    clusters = np.maximum(np.round(wanted / (HOUSEHOLDS * mean)), 2).astype(int)
    if (clusters * HOUSEHOLDS * mean).sum() > 2 * max(children, 1):
        raise AnalysisError(
            "too few children for two clusters in every stratum",
            found=children,
            expected=f"about {int(2 * HOUSEHOLDS * mean.sum())} or more",
        )
    area = []
    areas = model.areas
    for stratum, count in enumerate(clusters):
        inside = np.flatnonzero(areas["stratum"].to_numpy() == stratum)
        share = areas["children"].to_numpy()[inside]
        area.append(rng.choice(inside, count, p=share / share.sum()))
    of_cluster = np.concatenate(area)
    effect = rng.normal(0, model.plan.cluster_sd, len(of_cluster))
    response = rng.lognormal(0, 0.15, len(of_cluster))
    home = np.repeat(np.arange(len(of_cluster)), HOUSEHOLDS)
    cause = effect[home] + rng.normal(0, model.plan.household_sd, len(home))
    per_stratum = (size / (clusters * HOUSEHOLDS * mean))[areas["stratum"].to_numpy()[of_cluster]]
    return {
        "area": of_cluster[home],
        "cluster": home,
        "cause": cause,
        "weight": (per_stratum * response)[home],
    }


def _draw_children(
    model: Model, homes: dict[str, NDArray[Any]], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    residence = model.areas["residence"].to_numpy()[homes["area"]]
    count = np.zeros(len(residence), dtype=np.int64)
    for name, share in _CHILDREN.items():
        inside = residence == name
        count[inside] = rng.choice(np.arange(1, 6), inside.sum(), p=share)
    rows = np.repeat(np.arange(len(residence)), count)
    people = {name: values[rows] for name, values in homes.items()}
    people["household"], people["count"] = rows, count[rows]
    first, last = model.ages[0][0], model.ages[-1][1]
    people["age"] = rng.integers(first, last + 1, len(rows))
    spans = np.array(model.ages)
    people["group"] = np.searchsorted(spans[:, 1], people["age"])
    people["stratum"] = model.areas["stratum"].to_numpy()[people["area"]]
    return people


def _draw_deprivations(
    model: Model, people: dict[str, NDArray[Any]], rng: np.random.Generator
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """Draw household items once per household and the others per child, by their chances."""
    chance = model.chance(people["area"], people["cause"], people["group"])
    at_home = rng.random((int(people["household"].max()) + 1, len(model.items)))[people["household"]]
    alone = rng.random(chance.shape)
    shared = np.array([model.shared.get(i, False) for i in model.items])
    lacks = np.where(shared, at_home, alone) < chance
    asked = model.applies[people["group"]]
    return (
        {name: lacks[:, j] for j, name in enumerate(model.items)},
        {name: asked[:, j] for j, name in enumerate(model.items)},
    )


def _describe(
    model: Model,
    people: dict[str, NDArray[Any]],
    lacks: dict[str, NDArray[np.bool_]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return who the children are; all of it follows the common cause of their household, and chance."""
    area, home, cause = model.areas.iloc[people["area"]], people["household"], people["cause"]
    homes = int(home.max()) + 1

    def at_home(draw: NDArray[Any]) -> NDArray[Any]:
        spread: NDArray[Any] = draw[home]
        return spread

    education = np.clip(np.round(1.9 - 0.7 * cause + at_home(rng.normal(0, 0.8, homes))), 0, 3).astype(int)
    source = np.clip(np.round(0.6 + 0.9 * cause + at_home(rng.exponential(0.7, homes))), 0, 3).astype(int)
    adults = 1 + at_home(rng.binomial(4, 0.35, homes))
    noise = at_home(rng.uniform(0, 1, homes))
    poor = lacks["poor"]
    income = _incomes(model, poor=poor, rank=noise, cause=cause)
    receives = at_home(rng.random(homes)) < 1 / (1 + np.exp(2.6 - 2.2 * poor - 0.5 * (people["count"] >= 4)))
    disabled = rng.random(len(home)) < 1 / (1 + np.exp(3.6 - 0.3 * cause))
    return pd.DataFrame(
        {
            "child": np.arange(1, len(home) + 1),
            "household": home + 1,
            "cluster": people["cluster"] + 1,
            "stratum": [f"{o}-{r}" for o, r in zip(area["oblast"], area["residence"], strict=True)],
            "oblast": area["oblast"].to_numpy(),
            col.UNIT: area["unit"].to_numpy(),
            col.RESIDENCE: area["residence"].to_numpy(),
            "weight_base": people["weight"],
            "age": people["age"],
            "sex": np.where(rng.random(len(home)) < 0.515, "male", "female"),
            "children_in_household": people["count"],
            "household_size": people["count"] + adults,
            "mother_education": np.array(EDUCATION, dtype=object)[education],
            "income_source": np.array(SOURCES, dtype=object)[source],
            "disability": np.where(disabled, "yes", "no"),
            "income": np.round(income, 0),
            "poor": poor.astype(int),
            "receives_assistance": np.where(receives, "yes", "no"),
            "skilled_attendant": _asked_first(people["group"], lacks["unskilled_birth"]),
        }
    )


def _incomes(model: Model, *, poor: NDArray[np.bool_], rank: Floats, cause: Floats) -> Floats:
    """Return incomes a head, lognormal about the line: its lower end for the poor, the rest for the others.

    Within either, the rank of a household mixes chance with its common cause.
    """
    below = float(np.clip(poor.mean(), 0.001, 0.5))
    pulled = -_PULL * cause / model.spread + np.sqrt(1 - _PULL**2) * norm.ppf(np.clip(rank, 1e-6, 1 - 1e-6))
    place = norm.cdf(pulled)
    share = np.where(poor, below * place, below + (1 - below) * place)
    share = np.clip(share, 1e-4, 1 - 1e-4)  # nobody has nothing
    ratio = np.exp(_INCOME_SD * (norm.ppf(share) - norm.ppf(below)))
    kept: Floats = np.where(poor, np.minimum(ratio, 0.999), np.maximum(ratio, 1.001))
    return model.plan.line * kept


def _asked_first(group: Codes, lacks: NDArray[np.bool_]) -> pd.Series:
    """Return yes or no for children of the first age group, nothing for others."""
    return pd.Series(np.where(lacks, "no", "yes"), dtype=object).where(group == 0)


def _calibrate(
    model: Model,
    frame: pd.DataFrame,
    lacks: dict[str, NDArray[np.bool_]],
    asked: dict[str, NDArray[np.bool_]],
    stratum: Codes,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frame with final weights and measured columns, and what became of each margin."""
    official = model.margins[model.margins["route"] != "invented"]
    wanted = official.pivot_table(index=["oblast", "residence"], columns="item", values="value") / 100
    wanted = wanted.reindex(pd.MultiIndex.from_frame(model.strata[["oblast", "residence"]]))
    weight = np.zeros(len(frame))
    base = frame["weight_base"].to_numpy()
    seen: dict[tuple[str, int], tuple[float, float, bool]] = {}
    for place in range(len(model.strata)):
        rows = np.flatnonzero(stratum == place)
        columns = [
            np.where(asked[item][rows], lacks[item][rows] - wanted.iloc[place][item], 0.0) for item in wanted
        ]
        weight[rows], met = rake_weights(
            base[rows], np.column_stack(columns), model.strata["children"][place]
        )
        for item in model.items:
            inside = rows[asked[item][rows]]
            shares = [float(np.average(lacks[item][inside], weights=w[inside])) for w in (base, weight)]
            flag = bool(met[list(wanted).index(item)]) if item in wanted else False
            seen[(item, place)] = (100 * shares[0], 100 * shares[1], flag)
    frame = frame.assign(weight=weight)
    frame = _measure(model, frame, stratum)
    order = {
        tuple(pair): i for i, pair in enumerate(model.strata[["oblast", "residence"]].itertuples(index=False))
    }
    keys = [(r.item, order[(r.oblast, r.residence)]) for r in model.margins.itertuples()]
    found = pd.DataFrame([seen[k] for k in keys], columns=["sample_before", "sample", "met"])
    return frame, pd.concat([model.margins.reset_index(drop=True), found], axis=1)


def _measure(model: Model, frame: pd.DataFrame, stratum: Codes) -> pd.DataFrame:
    """Return the frame with measured columns whose weighted means are the published ones."""
    result = frame
    if not len(model.means):
        return result
    weight = frame["weight"].to_numpy()
    for name, table in model.means.groupby("column"):
        relative = 1 / (1 + 0.15 * frame["household_size"].to_numpy(dtype=float))
        mean = np.bincount(stratum, weight * relative) / np.bincount(stratum, weight)
        wanted = table.set_index(["oblast", "residence"])["value"]
        wanted = wanted.reindex(pd.MultiIndex.from_frame(model.strata[["oblast", "residence"]])).to_numpy()
        result = result.assign(**{str(name): (wanted / mean)[stratum] * relative})
    return result
