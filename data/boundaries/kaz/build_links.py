"""Make the neighbours, the crosswalk and the list of reforms of Kazakhstan from a folder of facts.

    python build_links.py FOLDER_OF_FACTS

The folder holds the `kaz_*.csv` tables that CREDITS.md names; false contacts are left out by
neighbours_dropped.csv, each with its reason. The same folder gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tables import HERE, read, write


def main(facts: Path) -> None:
    """Write the tables that link units."""
    for vintage in ("2018", "2024"):
        write_neighbours(facts, vintage)
    write_crosswalk(facts)
    write_changes(facts)


def write_neighbours(facts: Path, vintage: str) -> None:
    """Write who touches whom at both levels, with the length of the shared border in km."""
    dropped = {
        (d["level"], frozenset((d["unit"], d["neighbour"])))
        for d in read(HERE / "neighbours_dropped.csv")
        if d["vintage"] == vintage
    }
    rows = []
    for level in ("oblast", "district"):
        for row in read(facts / f"kaz_{level}_neighbours_{vintage}.csv"):
            a, b = sorted((row["code_a"], row["code_b"]))
            if (level, frozenset((a, b))) not in dropped:
                rows.append(
                    {"level": level, "unit": a, "neighbour": b, "shared_border_km": row["shared_border_km"]}
                )
    rows.sort(key=lambda r: (("oblast", "district").index(r["level"]), r["unit"], r["neighbour"]))
    write(HERE / f"neighbours_{vintage}.csv", ("level", "unit", "neighbour", "shared_border_km"), rows)


def write_crosswalk(facts: Path) -> None:
    """Write what share of each district of 2018 lies in each district of 2024."""
    rows = [
        {
            "from_unit": r["kato_2018"],
            "to_unit": r["kato_2024"],
            "share_of_from": r["share_of_2018_area"],
            "share_of_to": r["share_of_2024_area"],
            "area_km2": r["area_km2"],
        }
        for r in read(facts / "kaz_district_crosswalk_2018_2024_area.csv")
    ]
    rows.sort(key=lambda r: (r["from_unit"], r["to_unit"]))
    write(
        HERE / "crosswalk_2018_2024.csv",
        ("from_unit", "to_unit", "share_of_from", "share_of_to", "area_km2"),
        rows,
    )


def write_changes(facts: Path) -> None:
    """Write the reforms with dates and sources; "same" means the source of the row above."""
    rows, source = [], ""
    for row in read(facts / "kaz_changes.csv"):
        source = source if row["source"] == "same" else row["source"]
        rows.append({**row, "source": source})
    write(HERE / "changes.csv", ("date", "from_oblast", "to_oblast", "unit", "source", "note"), rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
