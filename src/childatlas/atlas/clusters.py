"""What the statistics of clustering say, in words: also when they say nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from atlasgeo.columns import (
    CANNOT_BE_SIGNIFICANT,
    CLUSTER,
    COLD_SPOT,
    HIGH_HIGH,
    HIGH_LOW,
    HOT_SPOT,
    LOW_HIGH,
    LOW_LOW,
    NO_NEIGHBOURS,
    SUGGESTIVE,
)
from childatlas.atlas.places import place_names, places
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer

__all__ = [
    "cluster_sentence",
    "cluster_title",
    "clusters_found",
    "members",
    "moran_meaning",
    "moran_p",
    "moran_row",
    "moran_sentence",
    "suggested",
]

_SAID: Final = {
    HIGH_HIGH: "cluster.high_high",
    LOW_LOW: "cluster.low_low",
    HIGH_LOW: "cluster.high_low",
    LOW_HIGH: "cluster.low_high",
    HOT_SPOT: "cluster.hot",
    COLD_SPOT: "cluster.cold",
}
_ALPHA: Final = 0.05
_TITLED, _TOLD = 3, 12  # names that a title, and a sentence, may list


def members(local: pd.DataFrame | None, kind: str) -> list[str]:
    """Return the codes that a local statistic puts in the cluster `kind`, sorted."""
    if local is None:
        return []
    found = zip(local.index, local[CLUSTER].tolist(), strict=True)
    return sorted(str(code) for code, cluster in found if cluster == kind)


def suggested(local: pd.DataFrame | None) -> list[str]:
    """Return the codes that only the uncorrected test would call out, sorted."""
    if local is None or SUGGESTIVE not in local:
        return []
    column = local[SUGGESTIVE]
    marked = (
        column.fillna(False).astype(bool) if column.dtype == bool else column.fillna("").astype(str) != ""
    )
    survived = local[CLUSTER].isin(list(_SAID))
    return sorted(str(code) for code in local.index[marked & ~survived])


def cluster_title(layer: Layer, geography: Geography, words: Words) -> str:
    """Return the title of a cluster map: the clusters there are, or that none survives."""
    label = words.pick(layer.label)
    if layer.local_moran is None:
        return words.say("cluster.title_absent", label=label)
    if layer.synthetic:
        return words.say("cluster.title_synthetic", label=label)
    several = len(clusters_found(layer.local_moran)) > 1
    found = _found(layer.local_moran, geography, words, most=_TITLED - several)
    if not found:
        return words.say("cluster.title_none", label=label)
    return words.say("cluster.title_places", label=label, clusters="; ".join(found))


def cluster_sentence(layer: Layer, geography: Geography, words: Words) -> str:
    """Return what the local statistic found, what it could not have found, and what it only suggests.

    Parameters
    ----------
    layer : Layer
    geography : Geography
    words : Words

    Returns
    -------
    str
        Where no statistics were run, the reason.
    """
    local = layer.local_moran
    if local is None:
        return words.say(
            "cluster.absent", reason=layer.no_statistics.rstrip(". ") or words.say("value.missing")
        )
    if layer.synthetic:
        n = sum(len(codes) for codes in clusters_found(local).values())
        return words.say("cluster.synthetic", units=words.count(n, geography.level))
    names, found = place_names(geography, words), _found(local, geography, words, most=_TOLD)
    sentences = [_capital("; ".join(found)) + "."] if found else [words.say("cluster.none")]
    if hinted := suggested(local):
        sentences.append(words.say("cluster.suggestive", places=places(hinted, names, words, most=_TOLD)))
    if powerless := members(local, CANNOT_BE_SIGNIFICANT):
        units = words.count(len(powerless), geography.level)
        named = places(powerless, names, words, most=_TOLD)
        sentences.append(words.say("cluster.cannot", units=units, places=named))
    if alone := members(local, NO_NEIGHBOURS):
        sentences.append(words.say("cluster.islands", places=places(alone, names, words, most=_TOLD)))
    return " ".join(sentences)


def _found(local: pd.DataFrame, geography: Geography, words: Words, *, most: int) -> list[str]:
    names = place_names(geography, words)
    return [
        words.say(_SAID[kind], places=places(codes, names, words, most=most))
        for kind, codes in clusters_found(local).items()
    ]


def clusters_found(local: pd.DataFrame | None) -> dict[str, list[str]]:
    """Return the codes of each kind of cluster that survived, kinds without one left out."""
    groups = {kind: members(local, kind) for kind in _SAID}
    return {kind: codes for kind, codes in groups.items() if codes}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def moran_row(layer: Layer) -> pd.Series | None:
    """Return the row of the global Moran statistic, or None where it was not run."""
    table = layer.global_statistics
    if table.empty:
        return None
    named = table.index.astype(str)
    for column in ("name", "measure"):
        if column in table:
            named = pd.Index(table[column].astype(str))
    chosen = table[named.str.contains("moran", case=False).tolist()]
    return None if chosen.empty else chosen.iloc[0]


def moran_sentence(layer: Layer, words: Words, *, alpha: float = _ALPHA) -> str:
    """Return the global Moran statistic with its p and what that means, or nothing where it was not run."""
    row = moran_row(layer)
    if row is None or pd.isna(row["statistic"]):
        return ""
    p = moran_p(row)
    return words.say(
        "cluster.global",
        statistic=words.number(float(row["statistic"]), 2),
        expected=words.number(float(row["expected"]), 2),
        p=words.number(p, 3 if p < 0.1 else 2) if p >= 0.001 else words.say("cluster.least_p", p=0.001),
        meaning=words.say(f"cluster.{moran_meaning(row, alpha=alpha)}"),
    )


def moran_p(row: pd.Series) -> float:
    """Return the permutation p of a global statistic, the normal one where none was drawn."""
    p = row.get("p_sim", np.nan)
    return float(row.get("p_norm", np.nan) if pd.isna(p) else p)


def moran_meaning(row: pd.Series, *, alpha: float = _ALPHA) -> str:
    """Return ``together``, ``apart`` or ``chance``, by p and the sign of the departure from expectation."""
    if not moran_p(row) <= alpha:
        return "chance"
    return "together" if float(row["statistic"]) > float(row["expected"]) else "apart"
