"""Make figures.csv, sources.csv and left_out.csv of Kazakhstan from a folder of published tables.

Usage: python build_figures.py FOLDER

FOLDER holds the tables that sources.toml names. What each column and code becomes is said in series.csv
(which series is which indicator), recodes.csv (codes) and corrections.csv (single rows), each with its
reason. The same folder gives the same bytes. Nothing is estimated but the rows of `derived`, which say so.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("unit", "indicator", "year", "residence", "sex", "group", "value", "se", "n", "source", "flag")
KEY = COLUMNS[:6]
FIRST_YEAR = 2010
LONG = "kz_sdg_oblast_long.csv"
METADATA = "kz_sdg_indicator_metadata.csv"
EDUCATION_OF = {"3-7-1": "woman_education", "4-2-1": "mother_education", "4-2-2-1": "mother_education"}
RESIDENCES = {"total": 0, "urban": 1, "rural": 2}
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Write rows as UTF-8 CSV with bare line feeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Recodes:
    """What a code of a source file becomes, by file, column and year."""

    def __init__(self, path: Path) -> None:
        self.rules = read(path)

    def apply(self, file: str, column: str, found: str, year: str) -> str:
        """Return what `found` becomes; a code without a rule passes in columns without a complete table."""
        rules = [r for r in self.rules if (r["file"], r["column"]) == (file, column)]
        for rule in rules:
            inside = (rule["year_from"] or year) <= year <= (rule["year_to"] or year)
            if rule["found"] == found and inside:
                return rule["becomes"]
        if rules and column != "kato2":
            raise SystemExit(f"{file}: column {column} has {found!r}, which recodes.csv does not know")
        return found


def unit_code(kato2: str) -> str:
    """Return the nine-digit KATO code of an oblast, or nine zeros for the country."""
    return f"{int(kato2):02d}0000000"


def figure(unit: str, indicator: str, year: str, value: str, source: str, **more: str) -> Row:
    """Return one row of the table of figures."""
    row = dict.fromkeys(COLUMNS, "")
    text = f"{float(value):.15g}"
    row.update(unit=unit, indicator=indicator, year=year, residence="total", value=text, source=source)
    row.update(more)
    return row


def corrected(rows: list[Row], file: str, corrections: list[Row]) -> list[Row]:
    """Return the rows with single corrections applied; each must meet exactly one row or more."""
    result = [dict(row, flag="") for row in rows]
    for correction in (c for c in corrections if c["file"] == file):
        where = dict(part.split("=") for part in correction["where"].split(";"))
        hits = [row for row in result if all(row[k] == v for k, v in where.items())]
        if not hits:
            raise SystemExit(f"corrections.csv: no row of {file} has {correction['where']}")
        for row in hits:
            row.update(dict(part.split("=") for part in correction["set"].split(";") if part))
            row["flag"] = correction["flag"]
    return result


def series_of(row: Row, series: list[Row]) -> Row:
    """Return the line of series.csv that a row of the long file belongs to: exact ages before `*`."""
    same = [s for s in series if (s["code"], s["series"]) == (row["indicator"], row["series"])]
    exact = [s for s in same if s["age"] == row["age"] and s["education"] in ("*", row["mother_education"])]
    wide = [s for s in same if s["age"] == "*" and row["age"]]
    found = exact or wide
    if not found:
        raise SystemExit(f"series.csv does not know {row}")
    return found[0]


def group_of(row: Row, line: Row, recodes: Recodes) -> str:
    """Return the further split of a row: ``mother_education=higher``, ``wealth=poorest`` or nothing."""
    parts = []
    if line["education"] == "*":
        level = recodes.apply(LONG, "mother_education", row["mother_education"], row["year"])
        parts += [f"{EDUCATION_OF[row['indicator']]}={level}"] if level else []
    wealth = recodes.apply(LONG, "wealth_quintile", row["wealth_quintile"], row["year"])
    return ";".join([*parts, *([f"wealth={wealth}"] if wealth else [])])


def sdg(
    folder: Path, series: list[Row], recodes: Recodes, corrections: list[Row]
) -> tuple[list[Row], list[Row]]:
    """Return the figures of the SDG platform, and the counts of what was left out, with the reason."""
    figures, left = [], defaultdict(int)
    for row in corrected(read(folder / LONG), LONG, corrections):
        line = series_of(row, series)
        if not line["indicator"]:
            left[row["indicator"], row["series"], row["age"], line["left_out_because"]] += 1
            continue
        flag = row["flag"] or ("suspect" if row["suspect"] else "")
        residence = recodes.apply(LONG, "urban", row["urban"], row["year"])
        sex = recodes.apply(LONG, "sex", row["sex"], row["year"])
        more = {"residence": residence, "sex": sex, "group": group_of(row, line, recodes), "flag": flag}
        source = f"BNS SDG {row['indicator']}"
        figures.append(
            figure(unit_code(row["kato2"]), line["indicator"], row["year"], row["value"], source, **more)
        )
    columns = ("code", "series", "age", "reason", "rows")
    return figures, [dict(zip(columns, (*k, str(n)), strict=True)) for k, n in sorted(left.items())]


def plain(folder: Path, source: Row, recodes: Recodes) -> Iterator[Row]:
    """Yield the figures of a table with one column a series, as `source` of sources.toml describes it."""
    file = source["file"]
    for row in read(folder / file):
        year = row[source["year_column"]] if "year_column" in source else str(source["year"])
        if int(year) < FIRST_YEAR:
            continue
        unit = unit_code(recodes.apply(file, "kato2", row["kato2"], year))
        for column in source["columns"]:
            value = row[column["name"]]
            if value:
                more = {"sex": column.get("sex", "")}
                yield figure(unit, column["indicator"], year, value, source["id"], **more)


def derived(figures: list[Row]) -> list[Row]:
    """Return the two kinds of rows that the sources do not print but that follow from what they print.

    The population of South Kazakhstan on 1 January 2017 is the sum of its two successors, which the source
    gives one year early. Reading proficiency is published for girls and boys of an oblast, not for both:
    their plain mean stands in, flagged ``modelled`` (for the country it meets the published value within 0.2
    points).
    """
    old, successors = "510000000", ("610000000", "790000000")
    people = [
        r
        for r in figures
        if r["indicator"] == "population" and r["year"] == "2017" and r["unit"] in successors
    ]
    total = sum(int(float(row["value"])) for row in people)
    rows = [figure(old, "population", "2017", str(total), f"{people[0]['source']} (610000000 + 790000000)")]
    reading: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in figures:
        if row["indicator"] == "learning_reading":
            reading[row["unit"], row["year"]][row["sex"]] = float(row["value"])
    for (unit, year), by_sex in reading.items():
        if set(by_sex) == {"female", "male"}:  # a published value for both sexes stays alone
            mean = f"{sum(by_sex.values()) / 2:.2f}"
            source = "BNS SDG 4-1-1 (mean of girls and boys)"
            rows.append(figure(unit, "learning_reading", year, mean, source, flag="modelled"))
    return rows


def settled(figures: list[Row]) -> list[Row]:
    """Return the figures with repeats collapsed and every key of conflicting values flagged suspect."""
    by_key: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    for row in figures:
        by_key[tuple(row[c] for c in KEY)].setdefault(row["value"], row)
    result = []
    for rows in by_key.values():
        flag = {"flag": "suspect"} if len(rows) > 1 else {}
        result += [{**row, **flag} for row in rows.values()]
    return result


def order(row: Row) -> tuple[object, ...]:
    """Return the place of a figure in the table."""
    return (
        *(row["indicator"], int(row["year"]), row["unit"], RESIDENCES[row["residence"]]),
        *(row["sex"], row["group"], float(row["value"])),
    )


def source_rows(folder: Path, sources: dict[str, Row]) -> list[Row]:
    """Return the table of sources: one line for each text that the column ``source`` of a figure may hold."""
    base = sources["sdg"]
    rows = [
        {
            "id": f"BNS SDG {meta['indicator']}",
            "title": " ".join(meta["title"].split()),
            "producer": base["producer"],
            "collected_by": " ".join(f"{meta['compilation']}. {meta['source']}".split()).strip(". "),
            "link": f"{base['link']}/data/indicator_{meta['indicator']}.csv",
            **{k: base[k] for k in ("date", "licence", "file")},
        }
        for meta in read(folder / METADATA)
    ]
    for source in sources["plain"]:
        fields = ("id", "title", "producer", "collected_by", "date", "licence", "link", "file")
        rows.append({k: source[k] for k in fields})
    digests = {r["file"]: hashlib.sha256((folder / r["file"]).read_bytes()).hexdigest() for r in rows}
    return sorted(({**row, "sha256": digests[row["file"]]} for row in rows), key=lambda r: r["id"])


def build(folder: Path, out: Path) -> None:
    """Write the tables."""
    sources = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))
    recodes, corrections = Recodes(HERE / "recodes.csv"), read(HERE / "corrections.csv")
    figures, left = sdg(folder, read(HERE / "series.csv"), recodes, corrections)
    for source in sources["plain"]:
        figures += plain(folder, source, recodes)
    figures += derived(figures)
    left += [
        {"code": s["file"], "series": "", "age": "", "reason": s["reason"], "rows": str(s["rows"])}
        for s in sources["left_out"]
    ]
    write(out / "figures.csv", COLUMNS, sorted(settled(figures), key=order))
    write(out / "left_out.csv", ("code", "series", "age", "reason", "rows"), left)
    described = ("id", "title", "producer", "collected_by", "date", "licence", "link", "file", "sha256")
    write(out / "sources.csv", described, source_rows(folder, sources))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of published tables")
    parser.add_argument("--out", type=Path, default=HERE, help="where to write (default: beside this script)")
    given = parser.parse_args()
    build(given.folder, given.out)
