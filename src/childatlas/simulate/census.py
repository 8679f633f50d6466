"""A census-like file of any size from the invented population, written piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlasgeo import columns as col
from childatlas.simulate.model import EXTRAS, Model

__all__ = ["write_census"]

Codes: TypeAlias = NDArray[np.int64]
_PIECE = 500_000
_GROUP = 122_880  # rows of a row group, as DuckDB likes them
_LEVELS = 64  # steps of the common cause, enough for a file that is about size
_MISSING = 6  # of 65,536 answers a deprivation is unknown


def write_census(model: Model, path: str | Path, *, children: int, seed: int) -> Path:
    """Write a Parquet file of children with their deprivations as 0, 1 and missing, and return its path.

    Parameters
    ----------
    model : Model
    path : str or Path
        Ends in ``.parquet``; the footer and the column ``flag`` say ``synthetic``.
    children : int
        20 million take a hundred MB or so on disk and 400 MB of memory.
    seed : int

    Notes
    -----
    Columns: ``unit, oblast, residence, age, age_group, weight``, one per item (missing where it does not
    count at that age), ``flag``. Children come in areas by size, the common cause in 64 steps of
    equal probability; one draw of 16 bits decides an item.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    rng = np.random.default_rng([seed, 3])
    names = [i for i in model.items if i not in EXTRAS]
    thresholds, asked = _thresholds(model, len(names))
    # Each word once: Parquet does not keep a dictionary that repeats words, and words take long to read.
    words = {c: pd.factorize(model.areas[c]) for c in (col.UNIT, "oblast", col.RESIDENCE)}
    share = model.areas["children"].to_numpy()
    counts = rng.multinomial(children, share / share.sum())
    order = np.repeat(np.arange(len(share), dtype=np.int32), counts)
    writer = None
    try:
        for start in range(0, children, _PIECE):
            area = order[start : start + _PIECE]
            table = _piece(model, area, (thresholds, asked), (names, words), rng)
            if writer is None:
                schema = table.schema.with_metadata({"flag": col.SYNTHETIC, "seed": str(seed)})
                writer = pq.ParquetWriter(path, schema, compression="snappy")
            writer.write_table(
                pa.Table.from_arrays(table.columns, schema=writer.schema), row_group_size=_GROUP
            )
    finally:
        if writer is not None:
            writer.close()
    return path


def _thresholds(model: Model, items: int) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return the chance of each item in 65,536ths by area, level of the cause and age group."""
    from scipy.stats import norm

    areas, ages = len(model.areas), len(model.ages)
    causes = model.spread * norm.ppf((np.arange(_LEVELS) + 0.5) / _LEVELS)
    place = np.arange(areas)
    table = np.zeros((areas, _LEVELS, ages, items), dtype=np.uint16)
    for level, cause in enumerate(causes):
        for age in range(ages):
            chance = model.chance(place, np.full(areas, cause), np.full(areas, age))[:, :items]
            table[:, level, age] = np.minimum(np.round(chance * 65_536), 65_535).astype(np.uint16)
    return table.reshape(-1, items), model.applies[:, :items]


def _piece(
    model: Model,
    area: NDArray[np.int32],
    tables: tuple[NDArray[np.uint16], NDArray[np.bool_]],
    labels: tuple[list[str], dict[str, tuple[NDArray[np.intp], pd.Index]]],
    rng: np.random.Generator,
) -> Any:
    import pyarrow as pa

    (thresholds, asked), (names, words) = tables, labels
    n, ages = len(area), len(model.ages)
    age = rng.integers(model.ages[0][0], model.ages[-1][1] + 1, n, dtype=np.int8)
    group = np.searchsorted(np.array(model.ages)[:, 1], age).astype(np.int8)
    level = rng.integers(0, _LEVELS, n, dtype=np.int32)
    row = (area * _LEVELS + level) * ages + group
    arrays = [
        pa.DictionaryArray.from_arrays(pa.array(codes[area].astype(np.int32)), pa.array(list(found)))
        for codes, found in words.values()
    ]
    arrays += [pa.array(age), pa.array(group), pa.array(np.ones(n, dtype=np.float32))]
    draw = rng.integers(0, 65_536, (n, len(names)), dtype=np.uint16)
    lacks = np.asfortranarray((draw < thresholds[row]).view(np.int8))
    unknown = np.asfortranarray(~asked[group] | (draw >= 65_536 - _MISSING))
    arrays += [pa.array(lacks[:, j], mask=unknown[:, j]) for j in range(len(names))]
    arrays.append(
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int8)), pa.array([col.SYNTHETIC]))
    )
    titles = [*words, "age", "age_group", "weight", *names, col.FLAG]
    return pa.Table.from_arrays(arrays, names=titles)
