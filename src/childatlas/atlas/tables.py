"""The tables of an atlas as CSV, and the cells that no spreadsheet may take for a formula.

The rule, the same in every file: a number is a number, a negative one too; a text that starts with
``= + - @`` (or their full-width twins), a tab or a line break stays text. In CSV such a text gets a leading
apostrophe, in XLSX it is stored as a string with the quote prefix.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from atlasgeo.columns import CLUSTER, FLAG, P_ADJUSTED, SYNTHETIC, UNIT
from childatlas.atlas.categories import category_labels
from childatlas.atlas.clusters import suggested
from childatlas.atlas.findings import COUNTRY, finding
from childatlas.atlas.places import place_names
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

__all__ = [
    "all_tables",
    "is_risky",
    "layer_table",
    "marked",
    "named",
    "safe_text",
    "unit_table",
    "write_tables",
]

NAME: Final = "name"
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_risky(text: object) -> bool:
    """Return whether a spreadsheet might take `text` for a formula."""
    return isinstance(text, str) and text.startswith(_RISKY)


def safe_text(cell: object) -> object:
    """Return `cell` so that a spreadsheet reads it as text: a risky text gets a leading apostrophe."""
    return f"'{cell}" if is_risky(cell) else cell


def write_tables(atlas: Atlas, folder: Path, *, words: Words) -> list[Path]:
    """Write every table as ``<folder>/<name>.csv`` and return the paths.

    UTF-8, comma, line feed, 12 significant digits; missing is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in all_tables(atlas, words).items():
        path = folder / f"{name}.csv"
        plain = flattened(table)
        safe = plain.apply(lambda column: column.map(safe_text) if _is_text(column) else column)
        safe.columns = pd.Index([safe_text(str(column)) for column in plain.columns])
        safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", float_format="%.12g")
        paths.append(path)
    return paths


def all_tables(atlas: Atlas, words: Words) -> dict[str, pd.DataFrame]:
    """Return every table of the atlas by name: the layers, values by unit, then what the run made.

    All but the figures (which keep the form they are read in) get the units' names beside their codes.
    """
    return dict(_tables(atlas, words))


@lru_cache(maxsize=1)
def _tables(atlas: Atlas, words: Words) -> dict[str, pd.DataFrame]:
    """Return the tables, made once for all the files that hold them."""
    values = {
        f"values-{key}": unit_table(atlas, geography, words) for key, geography in atlas.geographies.items()
    }
    made: dict[str, pd.DataFrame] = {
        name: table if name == "figures" else named(table, atlas, words)
        for name, table in atlas.tables.items()
    }
    tables = {
        "layers": layer_table(atlas, words),
        **values,
        **made,
        "dropped": named(atlas.dropped, atlas, words),
    }
    return {atlas.called(name): marked(table, atlas) for name, table in tables.items()}


def marked(table: pd.DataFrame, atlas: Atlas) -> pd.DataFrame:
    """Return the table with the flag ``synthetic`` in every row of a synthetic atlas, else as it is."""
    if not atlas.synthetic:
        return table
    own = table[FLAG].fillna("").astype(str) if FLAG in table else pd.Series("", index=table.index)
    said = [f if SYNTHETIC in f.split(";") else f"{f};{SYNTHETIC}".strip(";") for f in own]
    return table.assign(**{FLAG: pd.Series(said, index=table.index, dtype=object)})


def flattened(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its named index levels as columns and plain column names."""
    out = table.reset_index() if any(name is not None for name in table.index.names) else table.copy()
    if isinstance(out.columns, pd.MultiIndex):
        out.columns = pd.Index(["_".join(str(part) for part in c if str(part)) for c in out.columns])
    return out.rename(columns=str)


def named(table: pd.DataFrame, atlas: Atlas, words: Words) -> pd.DataFrame:
    """Return the table with a column ``name`` after ``unit``, where it has units and no names yet."""
    plain = flattened(table)
    if UNIT not in plain or NAME in plain:
        return plain
    names = plain[UNIT].astype(str).map(known_names(atlas, words)).fillna("")
    plain.insert(plain.columns.get_loc(UNIT) + 1, NAME, names)
    return plain


def known_names(atlas: Atlas, words: Words) -> dict[str, str]:
    """Return a name for every code of the atlas: the study's own geography decides where several have one."""
    names: dict[str, str] = {COUNTRY: country_name(atlas, words)}
    for geography in reversed(list(atlas.geographies.values())):
        names.update(place_names(geography, words).to_dict())
    national = atlas.profile.get("national_code")
    return {**names, str(national): names[COUNTRY]} if national else names


def country_name(atlas: Atlas, words: Words) -> str:
    """Return the country's name in the words' language, else its code."""
    said = atlas.profile.get("name", {})
    return words.pick(said) if isinstance(said, dict) and said else str(said or atlas.study.country)


def unit_table(atlas: Atlas, geography: Geography, words: Words) -> pd.DataFrame:
    """Return one row a unit of the geography: its facts, then value, rank and cluster of every layer on it.

    Columns of a layer start with its stem: ``<stem>``, ``<stem>_rank``, ``<stem>_flag`` (where any),
    ``<stem>_se`` (where published), ``<stem>_cluster``, ``<stem>_p`` and ``<stem>_suggestive``. A category
    has ``<stem>_label`` and no rank.
    """
    units = geography.units
    facts = {NAME: place_names(geography, words)}
    facts.update({c: units[c] for c in ("type", "parent", "area_km2") if c in units})
    columns: dict[str, Any] = dict(facts)
    for layer in atlas.layers:
        if layer.geography != geography.key:
            continue
        stem = atlas.stem(layer)
        columns[stem] = layer.values.round(12)
        if layer.categories:
            columns[f"{stem}_label"] = category_labels(layer, words)
        else:
            columns[f"{stem}_rank"] = layer.ranks["rank"]
        if layer.standard_errors is not None:
            columns[f"{stem}_se"] = layer.standard_errors
        columns.update(_under_errors(layer, stem))
        if layer.flags.fillna("").ne("").any():
            columns[f"{stem}_{FLAG}"] = layer.flags
        if layer.local_moran is not None:
            columns[f"{stem}_{CLUSTER}"] = layer.local_moran[CLUSTER]
            columns[f"{stem}_p"] = layer.local_moran[P_ADJUSTED]
            hinted = suggested(layer.local_moran)
            columns[f"{stem}_suggestive"] = pd.Series(units.index.isin(hinted), index=units.index)
    return pd.DataFrame(columns, index=units.index).rename_axis(UNIT)


def _under_errors(layer: Layer, stem: str) -> dict[str, Any]:
    """Return what the errors leave of a layer's ranks and clusters; nothing where it has no errors."""
    columns: dict[str, Any] = {}
    if layer.rank_sets is not None:
        sets = layer.rank_sets
        columns |= {f"{stem}_rank_{end}": sets[f"{end}_all"] for end in ("low", "high")}
        columns[f"{stem}_standing"] = sets["word"]
    if layer.stability is not None:
        parts = {"stability": "stability", "class": "stability_class", "p_high": "p_high"}
        known = layer.values.notna()
        columns |= {f"{stem}_{new}": layer.stability[(old, "")].where(known) for old, new in parts.items()}
    return columns


def layer_table(atlas: Atlas, words: Words) -> pd.DataFrame:
    """Return the catalogue of what is mapped, a row a layer, with its finding."""
    rows = []
    for layer in atlas.layers:
        geography = atlas.geographies[layer.geography]
        rows.append(
            {
                "layer": atlas.stem(layer),
                "indicator": layer.id,
                "kind": "category" if layer.categories else layer.kind,
                "label": words.pick(layer.label),
                "measure": words.pick(layer.measure),
                "population": words.pick(layer.population),
                "geography": layer.geography,
                "year": layer.year,
                "residence": layer.residence,
                "direction": layer.direction,
                "units": int(layer.values.notna().sum()),
                "missing": int(layer.values.isna().sum()),
                "national": np.nan if layer.national is None else layer.national,
                "finding": finding(layer, geography, words),
                "source": layer.source,
                "licence": layer.licence,
                "link": layer.link,
            }
        )
    return pd.DataFrame(rows)


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))
