"""Other neighbours, other answers? The same values under several graphs, and what parts and islands do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from . import columns as col
from .autocorrelation import global_moran
from .errors import AnalysisError
from .hotspots import getis_ord, local_moran
from .local_test import Alternative, known
from .neighbours import build_neighbours, describe_neighbours
from .values import numbers_of, quiet_series

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

__all__ = ["WeightsSensitivity", "part_effects", "parts_of", "standard_graphs", "weights_sensitivity"]

NEAREST: Final = (4, 6, 8)
BANDS: Final = (1.0, 1.5, 2.0)  # times the least distance at which no unit is alone
LEAST_UNITS: Final = 4
_UNSAID: Final = (col.NO_DATA, col.NO_NEIGHBOURS)


@dataclass(frozen=True)
class WeightsSensitivity:
    """One set of values under several graphs.

    Attributes
    ----------
    table : DataFrame
        One row a graph: ``n``, ``links``, ``mean_neighbours``, ``islands``, ``parts``, global Moran's
        ``statistic``, ``z``, ``p`` (permutation), and ``clusters``, the units with a significant label.
    scores, labels : DataFrame
        Local z and cluster label, units x graphs.
    stability : Series
        One score a unit in (0, 1]: the share of graphs that give its commonest label; missing without data.
    usual : Series
        That commonest label; among equally common ones the first in the order of the graphs.
    islands, parts : dict
        For each graph, the codes of its islands, and the codes of each separate part, largest first.
    effects : DataFrame
        What parts and islands do to the statistic: the rows of `part_effects` of each graph that has any.
    notes : tuple of str
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    labels: pd.DataFrame
    stability: pd.Series
    usual: pd.Series
    islands: dict[str, tuple[Any, ...]]
    parts: dict[str, tuple[tuple[Any, ...], ...]]
    effects: pd.DataFrame
    notes: tuple[str, ...]


def weights_sensitivity(
    values: pd.Series,
    graphs: Mapping[str, Graph] | gpd.GeoDataFrame,
    *,
    statistic: Literal["moran", "getis_ord"] = "moran",
    permutations: int = 9_999,
    seed: int,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
) -> WeightsSensitivity:
    """Return statistic and cluster labels under several graphs, and how stable each unit's label is.

    Parameters
    ----------
    values : Series
    graphs : mapping of name to Graph, or GeoDataFrame
        Units stand for their `standard_graphs`.
    statistic : {"moran", "getis_ord"}
        Local statistic of the labels; the global one is Moran's I.
    permutations, seed, alternative, correction, alpha
        As in `local_moran`; the same seed for every graph.

    Returns
    -------
    WeightsSensitivity

    Raises
    ------
    AnalysisError
        No graph, or units that differ; an unknown statistic.

    Notes
    -----
    Null models as in `local_moran` and `global_moran`. A label that holds under every reasonable graph
    does not hang on a choice that nobody can prove right; no p is attached to the choice itself. Cost:
    that of one local and one global test a graph.
    """
    known(statistic, ("moran", "getis_ord"), "statistic")
    every = dict(graphs) if isinstance(graphs, Mapping) else standard_graphs(graphs)
    if not every:
        raise AnalysisError("sensitivity needs at least one graph", fix="pass units, or graphs by name")
    function = {"moran": local_moran, "getis_ord": getis_ord}[statistic]
    local = {
        name: function(
            values,
            w,
            permutations=permutations,
            seed=seed,
            alternative=alternative,
            correction=correction,
            alpha=alpha,
        )
        for name, w in every.items()
    }
    labels = pd.DataFrame({name: table[col.CLUSTER] for name, table in local.items()})
    shapes = {name: describe_neighbours(w) for name, w in every.items()}
    effects = {
        name: part_effects(values, w, permutations=permutations, seed=seed)
        for name, w in every.items()
        if len(shapes[name].parts) > 1
    }
    stability, usual = _stability(labels)
    return WeightsSensitivity(
        table=pd.DataFrame(
            {name: _row(values, w, labels[name], permutations, seed) for name, w in every.items()}
        ).T.rename_axis("graph"),
        scores=pd.DataFrame({name: table[col.Z] for name, table in local.items()}),
        labels=labels,
        stability=stability,
        usual=usual,
        islands={name: shape.islands for name, shape in shapes.items()},
        parts={name: shape.parts for name, shape in shapes.items()},
        effects=pd.concat(effects, names=["graph", "case"]) if effects else pd.DataFrame(),
        notes=_notes(shapes, stability, len(every)),
    )


def standard_graphs(units: gpd.GeoDataFrame, *, transform: str = "R") -> dict[str, Graph]:
    """Return the usual graphs of the units: queen, rook, nearest 4, 6 and 8, and three distance bands.

    Bands are 1, 1.5 and 2 times the least distance at which no unit is alone. Contiguity keeps its
    islands, so that they can be seen. Points have no contiguity; numbers of neighbours above n - 1 are
    left out.

    Raises
    ------
    BoundaryError
        As `build_neighbours`.
    """
    graphs = {}
    if units.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        graphs["queen"] = build_neighbours(units, rule="queen", islands="keep", transform=transform)
        graphs["rook"] = build_neighbours(units, rule="rook", islands="keep", transform=transform)
    for k in NEAREST:
        if k < len(units):
            graphs[f"nearest {k}"] = build_neighbours(units, rule="knn", k=k, transform=transform)
    reach = _least_reach(units)
    for times in BANDS if reach > 0 else ():
        graphs[f"within {times * reach / 1000:.4g} km"] = build_neighbours(
            units, rule="distance", threshold=times * reach, islands="keep", transform=transform
        )
    return graphs


def parts_of(w: Graph) -> pd.Series:
    """Return the separate part that each unit lies in, to be drawn: 1 the largest, 0 for islands."""
    shape = describe_neighbours(w)
    lone = set(shape.islands)
    places = {
        unit: 0 if unit in lone else number for number, part in enumerate(shape.parts, 1) for unit in part
    }
    return pd.Series(places, name="part").reindex(pd.Index(w.unique_ids))


def part_effects(values: pd.Series, w: Graph, *, permutations: int = 9_999, seed: int) -> pd.DataFrame:
    """Return what each separate part of a graph, and its islands, do to global Moran's I.

    Parameters
    ----------
    values : Series
    w : Graph
    permutations, seed
        As in `global_moran`.

    Returns
    -------
    DataFrame
        One row a case, ``units`` naming the first of those it is about: ``all``, then for every part of at
        least four units ``part i alone`` and ``without part i``, and ``without islands``; with ``n``,
        ``statistic``, ``change`` from ``all``, ``z``, ``p``. An island adds a deviation to the variance
        and nothing to the sum: it draws I towards 0.

    Raises
    ------
    AnalysisError
        Units differ.
    """
    values, shape = pd.Series(numbers_of(values), index=quiet_series(values).index), describe_neighbours(w)
    cases: dict[str, tuple[tuple[Any, ...], pd.Series]] = {"all": ((), values)}
    bigger = [part for part in shape.parts if len(part) > 1]
    if len(shape.parts) > 1:
        for number, part in enumerate(bigger, 1):
            inside = values.index.isin(part)
            if len(part) >= LEAST_UNITS:
                cases[f"part {number} alone"] = (part, values.where(inside))
            cases[f"without part {number}"] = (part, values.where(~inside))
    if shape.islands:
        cases["without islands"] = (shape.islands, values.where(~values.index.isin(shape.islands)))
    rows = {
        name: {"units": ", ".join(map(str, about[:10])), **_global(kept, w, permutations, seed)}
        for name, (about, kept) in cases.items()
    }
    table = pd.DataFrame(rows).T.rename_axis("case")
    numbers = [name for name in table.columns if name != "units"]
    table[numbers] = table[numbers].astype(float)
    table.insert(3, "change", table["statistic"] - table.loc["all", "statistic"])
    return table


def _global(values: pd.Series, w: Graph, permutations: int, seed: int) -> dict[str, float]:
    """Return global Moran's I of what is left, missing where too little is."""
    n = int(values.notna().sum())
    spread = float(values.max() - values.min()) if n else 0.0
    if n < LEAST_UNITS or spread == 0:
        return {"n": float(n), "statistic": np.nan, "z": np.nan, "p": np.nan}
    found = global_moran(values, w, permutations=permutations, seed=seed)
    return {"n": float(n), "statistic": found.statistic, "z": found.z, "p": found.p_sim}


def _row(values: pd.Series, w: Graph, labels: pd.Series, permutations: int, seed: int) -> dict[str, float]:
    shape = describe_neighbours(w)
    quiet = (col.NOT_SIGNIFICANT, col.CANNOT_BE_SIGNIFICANT, *_UNSAID)
    found = _global(values, w, permutations, seed)
    return {
        "n": found["n"],
        "links": float(shape.links),
        "mean_neighbours": float(shape.mean),
        "islands": float(len(shape.islands)),
        "parts": float(len(shape.parts)),
        "statistic": found["statistic"],
        "z": found["z"],
        "p": found["p"],
        "clusters": float((~labels.isin(quiet)).sum()),
    }


def _stability(labels: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the share of graphs with the commonest label, and that label."""
    same = pd.DataFrame({name: labels.eq(labels[name], axis=0).mean(axis=1) for name in labels.columns})
    usual = pd.Series(
        labels.to_numpy(dtype=object)[np.arange(len(labels)), same.to_numpy().argmax(axis=1)],
        index=labels.index,
    )
    known_label = usual != col.NO_DATA
    return same.max(axis=1).where(known_label).rename("stability"), usual.rename("usual")


def _least_reach(units: gpd.GeoDataFrame) -> float:
    """Return the least distance at which every unit has another within reach."""
    from scipy.spatial import cKDTree

    centres = units.geometry.centroid
    xy = np.column_stack([centres.x, centres.y])
    if len(xy) < 2:
        return 0.0
    return float(cKDTree(xy).query(xy, k=2)[0][:, 1].max()) * (1 + 1e-9)


def _notes(shapes: Mapping[str, Any], stability: pd.Series, graphs: int) -> tuple[str, ...]:
    notes = [
        f"{name}: {len(shape.parts)} separate parts, {len(shape.islands)} of them islands"
        + (f" ({', '.join(map(str, shape.islands[:10]))})" if shape.islands else "")
        + "; see effects for what they do to the statistic."
        for name, shape in shapes.items()
        if len(shape.parts) > 1
    ]
    shaky = int((stability < 1 - 1e-12).sum())
    notes.append(f"{shaky} of {int(stability.notna().sum())} units change their label among {graphs} graphs.")
    return tuple(notes)
