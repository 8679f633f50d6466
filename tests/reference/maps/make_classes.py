"""Write classes.json: breaks that mapclassify makes of three sets of values.

Made with mapclassify 2.10.0 and libpysal 4.14.1:  python tests/reference/maps/make_classes.py
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import libpysal
import mapclassify
import numpy as np

SCHEMES = {"quantiles": "Quantiles", "equal_interval": "EqualInterval", "fisher_jenks": "FisherJenks"}


def main() -> None:
    """Write the file beside this script."""
    columbus = gpd.read_file(libpysal.examples.get_path("columbus.shp"))["CRIME"].round(2)
    sets = {
        "calemp": mapclassify.load_example().tolist(),
        "columbus crime, 2 decimals": columbus.tolist(),
        "gamma 200": np.random.default_rng(7).gamma(2.0, 10.0, 200).round(3).tolist(),
    }
    cases = []
    for name, values in sets.items():
        for scheme, tool in SCHEMES.items():
            for k in (3, 5, 7):
                made = getattr(mapclassify, tool)(np.array(values), k=k)
                cases.append(
                    {
                        "name": name,
                        "scheme": scheme,
                        "k": k,
                        "edges": made.bins.tolist(),
                        "counts": made.counts.tolist(),
                    }
                )
    path = Path(__file__).with_name("classes.json")
    path.write_text(json.dumps({"sets": sets, "cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
