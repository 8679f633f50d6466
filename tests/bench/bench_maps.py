"""Maps: one picture amortised over an atlas, beside geopandas.plot; classes beside mapclassify."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
SHAPES = ROOT / "data" / "boundaries" / "kaz" / "oblasts.geojson"
CRS = "+proj=aea +lat_1=42.5 +lat_2=53.5 +lat_0=48 +lon_0=67 +datum=WGS84 +units=m"
IMPORT_OURS = "from atlasgeo.maps.classes import classify; classify([1, 2, 3])"
IMPORT_PEER = "import mapclassify; mapclassify.FisherJenks([1, 2, 3, 4, 5, 6])"


def median(work: Callable[[int], object], times: int = 7) -> float:
    """Return the median seconds of `work` after one warm run."""
    work(-1)
    taken = []
    for i in range(times):
        before = time.perf_counter()
        work(i)
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def fresh(code: str, times: int = 3) -> float:
    """Return the median seconds of Python code in a fresh process."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def country() -> tuple[gpd.GeoDataFrame, dict[str, str], list[pd.Series]]:
    """Return the shapes that ship, their names and eight sets of values."""
    shapes = gpd.read_file(SHAPES).set_index("unit").to_crs(CRS)
    random = np.random.default_rng(0)
    values = [pd.Series(random.gamma(3, 2, len(shapes)).round(1), index=shapes.index) for _ in range(8)]
    return shapes, shapes["name_en"].to_dict(), values


def row(
    work: str, ours: float, *, peer: str = "", theirs: float | None = None, bar: str = "", note: str = ""
) -> dict[str, object]:
    """Return one line of the table."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "work": work,
        "ours_s": ours,
        "peer": peer,
        "peer_s": theirs,
        "ratio": theirs / ours if theirs else None,
        "bar": bar,
        "peak_mb": round(peak),
        "note": note,
    }


def pictures(folder: Path) -> list[dict[str, object]]:
    """Return the times of a finished picture, of laying out the basemap, and of the peer's bare map."""
    from atlasgeo.maps.basemap import prepare_basemap
    from atlasgeo.maps.classes import classify
    from atlasgeo.maps.palettes import SEQUENTIAL_WORSE
    from atlasgeo.maps.static import draw_choropleth, write_figure
    from atlasgeo.maps.wording import MapText

    shapes, names, values = country()
    basemap = prepare_basemap(shapes)

    def ours(i: int, formats: tuple[str, ...]) -> None:
        text = MapText(f"Finding {i}", "A subtitle", ("Source.", "Boundaries."), "Per cent")
        data = values[i % 8]
        figure = draw_choropleth(
            basemap, data, classify(data), text=text, names=names, colours=SEQUENTIAL_WORSE, national=6.0
        )
        write_figure(figure, folder / "map", formats=formats, metadata={"Run": "x"}, alt="x")

    def peer(i: int) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11.69, 8.27), dpi=150)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        shapes.assign(v=values[i % 8]).plot("v", ax=axes, cmap="YlOrBr", legend=True, edgecolor="white")
        figure.savefig(folder / "peer.png", dpi=150)

    theirs = median(peer)
    png, both = median(lambda i: ours(i, ("png",))), median(lambda i: ours(i, ("png", "svg")))
    laid_out = median(lambda _: prepare_basemap(shapes), 3)
    bare = "geopandas.plot, bare map, no words"
    return [
        row("map: PNG 150 dpi, A4", png, peer=bare, theirs=theirs, bar="0.3 s", note="with alt text"),
        row("map: PNG and SVG", both, bar="0.3 s", note="both files and alt text"),
        row("basemap, 20 units", laid_out, note="once per geography and page size"),
    ]


def page(folder: Path) -> list[dict[str, object]]:
    """Return the time of an interactive page with eight layers."""
    from atlasgeo.maps.classes import classify
    from atlasgeo.maps.interactive import WebLayer, write_interactive
    from atlasgeo.maps.palettes import SEQUENTIAL_WORSE
    from atlasgeo.maps.wording import MapText

    shapes, names, values = country()
    layers = [
        WebLayer(f"l{i}", f"Layer {i}", "t", v, classify(v), SEQUENTIAL_WORSE) for i, v in enumerate(values)
    ]

    def write(_: int) -> None:
        write_interactive(
            folder / "x.html", shapes, layers, title="t", words=MapText("t"), names=names, credit="c"
        )

    taken = median(write, 3)
    size = (folder / "x.html").stat().st_size / 1e6
    return [row("interactive page, 8 layers", taken, note=f"{size:.2f} MB, self-contained")]


def classes() -> list[dict[str, object]]:
    """Return the times of classes, and of the first class in a fresh process."""
    import mapclassify

    from atlasgeo.maps.classes import classify

    made = []
    for n in (228, 2_000):
        values = np.random.default_rng(1).gamma(3, 2, n).round(4)
        ours = median(lambda _, v=values: classify(v), 3)
        theirs = median(lambda _, v=values: mapclassify.FisherJenks(v, k=5), 3)
        made.append(row(f"Fisher-Jenks, n = {n}", ours, peer="mapclassify (compiled)", theirs=theirs))
    ours, theirs = fresh(IMPORT_OURS), fresh(IMPORT_PEER)
    name, note = "first classes, fresh process", "import and one call"
    cold = row(name, ours, peer="mapclassify", theirs=theirs, note=note)
    return [*made, cold]


def rows() -> list[dict[str, object]]:
    """Return all rows of this topic."""
    with tempfile.TemporaryDirectory() as folder:
        return [*pictures(Path(folder)), *page(Path(folder)), *classes()]


if __name__ == "__main__":
    for line in rows():
        print(line)
