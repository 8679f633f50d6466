"""Make units.csv, and figures.csv of data/indicators/usa-nc, from the data set sids2 of the package libpysal.

Usage: python build.py

Counts stand at the last year of their period: 1974-78 at 1978, 1979-84 at 1984. The state's rows are sums
of its counties.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import pandas as pd

from atlasgeo.boundaries import read_boundaries
from atlasgeo.units import read_country

HERE = Path(__file__).resolve().parent
FIGURES = HERE.parents[1] / "indicators" / "usa-nc" / "figures.csv"
SHAPES = Path(find_spec("libpysal").origin).parent / "examples" / "sids2" / "sids2.shp"
PERIODS = {"74": 1978, "79": 1984}
COUNTS = {"BIR": "births", "SID": "sids_deaths", "NWBIR": "nonwhite_births"}
SOURCE = "Cressie 1993, pp. 386-389, by way of libpysal sids2"


def units() -> pd.DataFrame:
    """Return the gazetteer: the state and its counties."""
    country = read_country(HERE)
    shapes = read_boundaries(SHAPES, code="FIPSNO", crs=country.crs, assume_crs="EPSG:4267").sort_index()
    middle = gpd.GeoSeries(shapes.centroid, crs=shapes.crs).to_crs(4326)
    inside = gpd.GeoSeries(shapes.representative_point(), crs=shapes.crs).to_crs(4326)
    counties = pd.DataFrame(
        {
            "unit": shapes.index,
            "level": "county",
            "parent": "37",
            "type": "county",
            "name_en": shapes["NAME"].to_numpy(),
            "lon": middle.x.round(3).to_numpy(),
            "lat": middle.y.round(3).to_numpy(),
            "inside_lon": inside.x.round(3).to_numpy(),
            "inside_lat": inside.y.round(3).to_numpy(),
            "area_km2": (shapes.area / 1e6).round(1).to_numpy(),
            "aliases": (shapes["NAME"] + " County").to_numpy(),
        }
    )
    state = {"unit": "37", "level": "state", "type": "state", "name_en": "North Carolina"}
    state |= {"lon": -79.4, "lat": 35.5, "inside_lon": -79.4, "inside_lat": 35.5}
    state["area_km2"] = round(float(counties["area_km2"].sum()), 1)
    return pd.concat([pd.DataFrame([state]), counties], ignore_index=True)


def figures() -> pd.DataFrame:
    """Return births and deaths as a table of figures."""
    table = gpd.read_file(SHAPES, ignore_geometry=True)
    codes = table["FIPSNO"].astype(int).astype(str)
    parts = []
    for name, indicator in COUNTS.items():
        for period, year in PERIODS.items():
            values = table[f"{name}{period}"].astype(int)
            rows = pd.DataFrame({"unit": [*codes, "37"], "value": [*values, int(values.sum())]})
            parts.append(rows.assign(indicator=indicator, year=year, residence="total", source=SOURCE))
    whole = pd.concat(parts).sort_values(["indicator", "year", "unit"])
    return whole[["unit", "indicator", "year", "residence", "value", "source"]]


if __name__ == "__main__":
    units().to_csv(HERE / "units.csv", index=False, lineterminator="\n")
    figures().to_csv(FIGURES, index=False, lineterminator="\n")
