"""Reading and mending official districts, maps of former units, and names to codes."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.examples import get_path
from rapidfuzz import fuzz, process

import atlasgeo as ag

ROOT = Path(__file__).resolve().parents[2]
KAZ = ROOT / "data" / "boundaries" / "kaz"
DISTRICTS = ROOT.parent / "shared" / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp"


def median_seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the median seconds of some runs after one to warm up."""
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def peak_mb(work: Callable[[], object]) -> int:
    """Return the peak of Python's allocations in MB (GEOS keeps its own)."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6)


def row(
    work: str,
    ours: Callable[[], object],
    *,
    peer: str = "",
    theirs: Callable[[], object] | None = None,
    bar: str = "",
    note: str = "",
) -> dict[str, object]:
    """Return one row of the table."""
    ours_s = median_seconds(ours)
    peer_s = median_seconds(theirs) if theirs else None
    return {
        "work": work,
        "ours_s": ours_s,
        "peer": peer,
        "peer_s": peer_s,
        "ratio": peer_s / ours_s if peer_s else None,
        "bar": bar,
        "peak_mb": peak_mb(ours),
        "note": note,
    }


def messy_names(units: pd.DataFrame, count: int) -> tuple[list[str], list[str]]:
    """Return names in three languages with one or two wrong letters each, and their parents."""
    rng = np.random.default_rng(1)
    columns = [f"{form}_{language}" for form in ("short", "name") for language in ("en", "kk", "ru")]
    names, parents = [], []
    for _ in range(count):
        unit = units.iloc[int(rng.integers(len(units)))]
        text = unit[columns[int(rng.integers(len(columns)))]]
        for _ in range(int(rng.integers(3))):
            i, letter = int(rng.integers(len(text))), "aeioklmnrstuаеиоклмнрсту"[int(rng.integers(24))]
            text = text[:i] + letter + text[i + int(rng.integers(2)) :]
        names.append(text)
        parents.append(unit["parent"])
    return names, parents


def official_districts() -> list[dict[str, object]]:
    """Return the row of the 224 official districts, where they are at hand."""
    if not DISTRICTS.exists():
        return [{"work": "read, mend and simplify 224 districts", "note": "official shapes are not at hand"}]

    def ours() -> object:
        return ag.simplify_boundaries(ag.read_boundaries(DISTRICTS, code="ADM2_PCODE"), page="A4")

    def theirs() -> object:
        frame = gpd.read_file(DISTRICTS).to_crs("ESRI:102025")
        shapes = shapely.make_valid(np.asarray(frame.geometry.array))
        return frame.set_geometry(shapely.simplify(shapes, 800))

    note = "the peer leaves overlaps, and tears new gaps"
    peer = "geopandas: read, make_valid, simplify"
    return [
        row("read, mend and simplify 224 districts", ours, peer=peer, theirs=theirs, bar="3 s", note=note)
    ]


def rows() -> list[dict[str, object]]:
    """Return one row a piece of work."""
    country, gazetteer = ag.read_country(KAZ), ag.read_units(KAZ / "units.csv")
    districts = ag.in_force(gazetteer, level="district", year=2024)
    names, parents = messy_names(districts, 10_000)
    known = districts["short_ru"].tolist()

    def peer() -> object:
        return [process.extractOne(name, known, scorer=fuzz.WRatio) for name in names[:1_000]]

    given = {"level": "district", "vintage": 2024}
    oblasts = ag.in_force(gazetteer, level="oblast", year=2015)
    values = pd.Series(1.0, index=oblasts.index)
    return [
        *official_districts(),
        row(
            "read 100 counties of North Carolina",
            lambda: ag.read_boundaries(get_path("sids2.shp"), code="FIPSNO", assume_crs="EPSG:4267"),
        ),
        row(
            "map of 16 oblasts from 20",
            lambda: ag.boundaries_at(country, gazetteer, level="oblast", year=2015),
        ),
        row(
            "resolve 10,000 messy names, no parent",
            lambda: ag.resolve(names, gazetteer, **given),
            peer="rapidfuzz extractOne, 1,000 names, one language",
            theirs=peer,
            bar="2 s",
            note="the peer guesses between places and languages",
        ),
        row(
            "resolve 10,000 messy names, with parent",
            lambda: ag.resolve(names, gazetteer, parent=parents, **given),
            bar="2 s",
        ),
        row(
            "carry 16 rates to 20 units",
            lambda: ag.carry(values, gazetteer, level="oblast", from_year=2015, to_year=2023),
        ),
    ]


if __name__ == "__main__":
    for line in rows():
        print(line)
