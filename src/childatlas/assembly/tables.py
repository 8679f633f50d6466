"""The tables of a run: what the figures, indices, gaps, claims and statistics came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import AREA_KM2, INDICATOR, PARENT, TYPE, UNIT
from childatlas.assembly.uncertain import rank_table, stability_table
from childatlas.measures.gaps import check_claim, lowest_units

if TYPE_CHECKING:
    from childatlas.assembly.discovery import Found
    from childatlas.assembly.material import Material
    from childatlas.layers import Layer

__all__ = ["build_tables"]


def build_tables(material: Material, found: Found) -> dict[str, pd.DataFrame]:
    """Return the tables of a run by name.

    Parameters
    ----------
    material : Material
    found : Found

    Returns
    -------
    dict of name -> DataFrame
        ``figures, gaps, lowest, claims, ranks_with_errors, clusters_under_error, quality, global_statistics,
        local_statistics, indices, index_parts, children, units, absent``, and of a survey the
        counting tables and the answers to what a study asks of it; those that would be empty are left out.
    """
    children = _children(material)
    tables = {
        "figures": material.figures,
        "gaps": found.gaps,
        "lowest": _lowest(material, found, children),
        "claims": _claims(material, found),
        "ranks_with_errors": rank_table(found.layers),
        "clusters_under_error": stability_table(found.layers),
        "quality": material.survey.quality if material.survey is not None else pd.DataFrame(),
        "global_statistics": _global(found),
        "local_statistics": _local(found),
        "indices": _indices(found),
        "index_parts": _index_parts(found),
        "children": children.rename_axis(UNIT).reset_index() if children is not None else pd.DataFrame(),
        "units": _units(material, found),
        "absent": pd.DataFrame(found.absent.items(), columns=[INDICATOR, "reason"]),
    }
    if material.survey is not None:
        from childatlas.assembly.survey_questions import answer_questions

        tables |= answer_questions(material.study, material.survey.asked, national=material.national_code)
    return {name: table.reset_index(drop=True) for name, table in tables.items() if len(table)}


def _children(material: Material) -> pd.DataFrame | None:
    """Return the children in each unit of the study's vintage, split by population where borders moved."""
    from childatlas.figures.select import children_at

    study = material.study
    return children_at(
        material.figures,
        material.ground.gazetteer,
        level=study.level,
        year=study.vintage,
    )


def _units(material: Material, found: Found) -> pd.DataFrame:
    """Return the units in force at the study's vintage: names, kind, parent, area, and which shape each has.

    Empty where shapes of the level ship, and every unit therefore has one.
    """
    from atlasgeo.units import in_force

    study = material.study
    if material.ground.ships(study.level):
        return pd.DataFrame()
    geography = found.geographies[material.ground.key(study.vintage)]
    units = in_force(material.ground.gazetteer, level=study.level, year=study.vintage)
    columns = [c for c in units.columns if c.startswith("name_") or c in (TYPE, PARENT, AREA_KM2)]
    shape = geography.mark if geography.schematic else "official"
    drawn = units.index.isin(geography.shapes.index)
    table = units[columns].assign(shape=pd.Series(shape, index=units.index).where(drawn, "none"))
    nameless = material.ground.nameless(study.vintage)
    table = pd.concat([table, nameless.assign(shape="none")]) if len(nameless) else table
    return table.rename_axis(UNIT).reset_index()


def _lowest(material: Material, found: Found, children: pd.DataFrame | None) -> pd.DataFrame:
    """Return every index's and indicator's list from worst off to best, of figures measured there."""
    own = material.ground.key(material.study.vintage)
    parts = []
    for layer in found.layers:
        if layer.carried_from or layer.from_above or layer.is_count or layer.direction == "neutral":
            continue
        table = lowest_units(
            layer.values,
            higher_is_worse=layer.direction == "higher_is_worse",
            coverage=layer.coverage,
            children=children if layer.geography == own else None,
        )
        if layer.rank_sets is not None:  # there are errors: the word that the confidence set has earned
            table["standing"] = layer.rank_sets["word"].reindex(table.index).fillna("")
        parts.append(_told(table, layer))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _told(table: pd.DataFrame, layer: Layer) -> pd.DataFrame:
    """Return the table with its layer's key and year in front and units as a column."""
    out = table.rename_axis(UNIT).reset_index()
    out.insert(0, "layer", layer.key)
    out.insert(1, "year", layer.year)
    return out


def _claims(material: Material, found: Found) -> pd.DataFrame:
    """Return what the figures say of each claim; years without both figures have no row."""
    claims = material.study.claims
    checked = [check_claim(c, material.figures, found.gaps, country=material.national_code) for c in claims]
    return pd.concat(checked, ignore_index=True) if checked else pd.DataFrame()


def _global(found: Found) -> pd.DataFrame:
    parts = [
        layer.global_statistics.rename_axis("measure").reset_index().assign(layer=layer.key)
        for layer in found.layers
        if len(layer.global_statistics)
    ]
    parts += [
        pd.DataFrame({"layer": [layer.key], "no_statistics": [layer.no_statistics]})
        for layer in found.layers
        if layer.no_statistics and not layer.carried_from
    ]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return table[["layer", *[c for c in table.columns if c != "layer"]]]


def _local(found: Found) -> pd.DataFrame:
    parts = []
    for layer in found.layers:
        for name, local in (("local Moran", layer.local_moran), ("Getis-Ord Gi*", layer.getis_ord)):
            if local is not None:
                table = _told(local, layer)
                table.insert(2, "measure", name)
                parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _indices(found: Found) -> pd.DataFrame:
    """Return the scores of every index with all levels below, a row a unit."""
    parts = []
    for built in found.indices:
        table = pd.DataFrame({"score": built.layer.values, "rank": built.layer.ranks["rank"]})
        table["coverage"] = built.layer.coverage
        if built.layer.detail is not None:
            detail = built.layer.detail
            table = table.join(detail.rename(columns={c: f"{c}_part" for c in detail if c in table}))
        parts.append(_told(table, built.layer))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _index_parts(found: Found) -> pd.DataFrame:
    """Return what each index was made of: the year of every indicator, what was carried, what is absent."""
    rows = [
        {
            "layer": built.layer.key,
            INDICATOR: indicator,
            "year": built.ingredients.years.get(indicator),
            "carried_from": built.ingredients.carried.get(indicator),
            "units": int(built.ingredients.values[indicator].notna().sum()),
            "reason": built.ingredients.absent.get(indicator, ""),
        }
        for built in found.indices
        for indicator in built.ingredients.values.columns
    ]
    table = pd.DataFrame(rows)
    return table.astype({"year": "Int64", "carried_from": "Int64"}) if len(table) else table
