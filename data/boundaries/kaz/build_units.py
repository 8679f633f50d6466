"""Make the gazetteer of Kazakhstan from a folder of facts.

    python build_units.py FOLDER_OF_FACTS

The folder holds the `kaz_*.csv` tables that CREDITS.md names. Everything that is a decision and not a fact of
those tables stands in a table beside this script, each row with its reason: corrections.csv (misspelt names),
aliases.csv (other spellings and former names), dates.csv (when a district began and what it continues),
stages.csv (districts as they stood between two layers). The same
folder gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tables import HERE, Row, read, write

COLUMNS = (
    *("unit", "level", "parent", "predecessor", "valid_from", "valid_to", "type"),
    *("name_en", "name_kk", "name_ru", "short_en", "short_kk", "short_ru"),
    *("lon", "lat", "inside_lon", "inside_lat", "area_km2", "aliases", "dated", "note"),
)
SPLIT_2018 = "2018-06-19"
SPLIT_2022 = "2022-06-08"
LAYER_2024 = "2024-01-01"
CARVED = ("19", "35", "63")  # keep their code with less territory since 2022
NATION = "000000000"
CITY, DISTRICT, CITY_DISTRICT = "city_oblast_significance", "district", "city_district"
CITY_OBLASTS = ("71", "75", "79")


def main(facts: Path) -> None:
    """Write units.csv."""
    oblasts = oblast_rows(facts)
    districts = district_rows(facts)
    rows = [nation_row(oblasts), *oblasts, *districts]
    attach_aliases(rows, facts)
    rows.sort(
        key=lambda r: (
            ("country", "oblast", "district").index(r["level"]),
            r["unit"],
            r.get("valid_from", ""),
        )
    )
    write(HERE / "units.csv", COLUMNS, rows)


def code_of(kato2: str) -> str:
    """Return the nine digits of an oblast from its first two."""
    return f"{kato2}0000000" if kato2 else ""


def place(row: Row) -> Row:
    """Return the columns that say where a unit lies."""
    names = {
        "lon": "centroid_lon",
        "lat": "centroid_lat",
        "inside_lon": "inside_lon",
        "inside_lat": "inside_lat",
        "area_km2": "area_km2",
    }
    return {column: row[source] for column, source in names.items()}


# --- the country and its oblasts ---------------------------------------------------------------------------


def nation_row(oblasts: list[Row]) -> Row:
    """Return the row of the whole country, under which national figures stand."""
    area = sum(float(row["area_km2"]) for row in oblasts if not row.get("valid_to"))
    return {
        "area_km2": f"{area:.1f}",
        "unit": NATION,
        "level": "country",
        "type": "country",
        "name_en": "Kazakhstan",
        "name_kk": "Қазақстан",
        "name_ru": "Казахстан",
        "short_en": "Kazakhstan",
        "short_kk": "Қазақстан",
        "short_ru": "Казахстан",
        "lon": "67.3",
        "lat": "48.2",
        "inside_lon": "67.3",
        "inside_lat": "48.2",
    }


def oblast_rows(facts: Path) -> list[Row]:
    """Return the oblasts of all three periods: 16 units, 17 since June 2018, 20 since June 2022."""
    now = read(facts / "kaz_oblasts_2024.csv")
    before = {row["code"]: row for row in read(facts / "kaz_oblasts_2018.csv")}
    rows = []
    for row in now:
        current = oblast_row(row)
        if row["kato2"] in CARVED:
            current |= {"valid_from": SPLIT_2022, "predecessor": row["code"], "dated": "decree"}
            rows.append({**oblast_row(row), **place(before[row["code"]]), "valid_to": SPLIT_2022})
        elif row["in_force_from"]:
            first = row["in_force_from"] == SPLIT_2018
            parent = row["parent_kato2_before_2018"] if first else row["parent_kato2_2018_2022"]
            current |= {
                "valid_from": row["in_force_from"],
                "predecessor": code_of(parent),
                "dated": "decree",
            }
        rows.append(current)
    return [*rows, south_kazakhstan(before)]


def oblast_row(row: Row) -> Row:
    """Return an oblast as it is now, its period still open on both sides."""
    city = row["type"] == "city_republican"
    adjective = row["name_ru"].removesuffix(" область")
    return {
        "unit": row["code"],
        "level": "oblast",
        "parent": NATION,
        "type": row["type"],
        "name_en": row["name_en"],
        "name_kk": row["name_kk"],
        "name_ru": row["name_ru"],
        "short_en": row["short_en"],
        "short_kk": row["name_kk"].replace(" қаласы", " қ.") if city else kazakh_short(row),
        "short_ru": row["name_ru"].replace("город ", "г. ") if city else adjective.removeprefix("область "),
        "aliases": "|".join((row["aliases"], row["iso3166_2"], row["ocha_pcode"])),
        **place(row),
    }


def kazakh_short(row: Row) -> str:
    """Return the Kazakh name without its type, but for the oblast that a city of that name stands in."""
    return row["name_kk"] if row["kato2"] == "19" else row["name_kk"].removesuffix(" облысы")


def south_kazakhstan(before: dict[str, Row]) -> Row:
    """Return the oblast that became Turkistan and Shymkent city, placed by the sum of both."""
    parts = [before["610000000"], before["790000000"]]
    areas = [float(p["area_km2"]) for p in parts]
    centre = {
        c: f"{sum(a * float(p[f'centroid_{c}']) for a, p in zip(areas, parts, strict=True)) / sum(areas):.3f}"
        for c in ("lon", "lat")
    }
    return {
        "unit": "510000000",
        "level": "oblast",
        "parent": NATION,
        "type": "oblast",
        "valid_to": SPLIT_2018,
        "dated": "decree",
        "name_en": "South Kazakhstan Region",
        "name_kk": "Оңтүстік Қазақстан облысы",
        "name_ru": "Южно-Казахстанская область",
        "short_en": "South Kazakhstan",
        "short_kk": "Оңтүстік Қазақстан",
        "short_ru": "Южно-Казахстанская",
        **place(parts[0]),
        **centre,
        "area_km2": f"{sum(areas):.1f}",
        "note": "place and area worked from Turkistan and Shymkent in the layer of 2018",
    }


# --- districts ----------------------------------------------------------------------------------------------


def district_rows(facts: Path) -> list[Row]:
    """Return the districts since the layer of 2018, each period a row."""
    corrections = {(c["unit"], c["layer"], c["column"]): c for c in read(HERE / "corrections.csv")}
    old = {r["code"]: correct(r, "2018", corrections) for r in read(facts / "kaz_districts_2018.csv")}
    new = {
        r["code"]: correct(r, "2024", corrections)
        for r in read(facts / "kaz_districts_2024.csv")
        if r["code"]
    }
    refuse_unused(corrections)
    begins = district_beginnings(facts, old, new)
    stages = {s["unit"]: s for s in read(HERE / "stages.csv")}
    rows = [
        former_district(row, begins, stages, new)
        for code, row in old.items()
        if code not in new or code in begins
    ]
    rows += [stage_row(s, new[code], old) for code, s in stages.items()]
    return rows + [current_district(row, begins.get(code, {})) for code, row in new.items()]


def correct(row: Row, layer: str, corrections: dict[tuple[str, str, str], Row]) -> Row:
    """Return a row with its misspelt names replaced; a correction that meets another value is refused."""
    fixed = dict(row)
    for column in ("name_en", "name_kk", "name_ru", "full_ru"):
        found = corrections.get((row["code"], layer, column))
        if found is None:
            continue
        if row.get(column, "") != found["source_value"]:
            sys.exit(f"corrections.csv: {row['code']} {layer} {column} is {row.get(column)!r} in the facts")
        fixed[column] = found["value"]
        found["used"] = "yes"
    return fixed


def refuse_unused(corrections: dict[tuple[str, str, str], Row]) -> None:
    """Stop where a correction met no row."""
    idle = [key for key, row in corrections.items() if "used" not in row]
    if idle:
        sys.exit(f"corrections.csv: no row for {idle}")


def district_beginnings(facts: Path, old: dict[str, Row], new: dict[str, Row]) -> dict[str, Row]:
    """Return when each present district that is new or changed since 2018 began, and what it continues."""
    told = {d["unit"]: d for d in read(HERE / "dates.csv")}
    same = {
        c["kato_2024"]
        for c in read(facts / "kaz_district_crosswalk_2018_2024_area.csv")
        if c["kato_2018"] == c["kato_2024"]
        and float(c["share_of_2018_area"]) == float(c["share_of_2024_area"]) == 1
    }
    begins: dict[str, Row] = {}
    for code, row in new.items():
        if code in told:
            begins[code] = told[code]
        elif code not in same:
            begins[code] = default_beginning(code, row, old)
    return begins


def default_beginning(code: str, row: Row, old: dict[str, Row]) -> Row:
    """Return the beginning of a district that no decree at hand dates."""
    if code in old:
        reason = "another area than in the layer of 2018; no date at hand"
        return {"valid_from": LAYER_2024, "predecessor": code, "dated": "not later than", "reason": reason}
    reason = f"with its oblast, from {row['main_2018_name_en']} of {row['main_2018_oblast']}"
    return {
        "valid_from": SPLIT_2022,
        "predecessor": row["main_2018_kato"],
        "dated": "decree",
        "reason": reason,
    }


def former_district(row: Row, begins: dict[str, Row], stages: dict[str, Row], new: dict[str, Row]) -> Row:
    """Return a district of the layer of 2018 that ended or changed."""
    code = row["code"]
    ended = begins[code]["valid_from"] if code in new else SPLIT_2022
    if code in stages and stages[code]["valid_from"] < ended:
        ended = stages[code]["valid_from"]
    begun = {"valid_from": SPLIT_2018, "valid_to": ended, "dated": "layer of 2018"}
    return district_row(row, kind(row)) | begun


def stage_row(stage: Row, now: Row, old: dict[str, Row]) -> Row:
    """Return a district as it stood between the two layers."""
    row = district_row(now, now["type"]) | place(old[stage["point_of_2018"]])
    copied = {c: stage[c] for c in ("valid_from", "valid_to", "predecessor", "area_km2")}
    return {**row, **copied, "dated": "decree", "note": stage["reason"]}


def current_district(row: Row, begin: Row) -> Row:
    """Return a district as it is in the layer of 2024, or as a decree made it since."""
    if kind(row) != row["type"] and row["code"] != "101010000":
        sys.exit(f"{row['code']}: type {row['type']} does not follow from the code")
    base = district_row(row, row["type"])
    if not begin:
        return base | {"valid_from": SPLIT_2018, "dated": "layer of 2018", "note": row["note"]}
    note = "; ".join(part.rstrip(".") for part in (begin["reason"], row["note"]) if part)
    copied = {c: begin[c] for c in ("valid_from", "predecessor", "dated")}
    return {**base, **copied, "note": note}


def kind(row: Row) -> str:
    """Return the type that a KATO code implies: the third digit of a city is 1 or 2."""
    if row["parent_kato2"] in CITY_OBLASTS:
        return CITY_DISTRICT
    return CITY if row["code"][2] in "12" else DISTRICT


def district_row(row: Row, type_: str) -> Row:
    """Return names, type, parent and place of a district; its period is added by the caller."""
    en, kk, ru = row["name_en"], row["name_kk"], row["name_ru"]
    city = type_ == CITY
    adjective = ru.endswith(("ский", "ской", "цкий"))
    russian = f"город {ru}" if city else f"{ru} район" if adjective else f"район {ru}"
    return {
        "unit": row["code"],
        "level": "district",
        "parent": code_of(row["parent_kato2"]),
        "type": type_,
        "name_en": f"{en} city" if city else f"{en} district",
        "name_kk": f"{kk} қаласы" if city else f"{kk} ауданы",
        "name_ru": row.get("full_ru") or russian,
        "short_en": en,
        "short_kk": kk,
        "short_ru": ru,
        "aliases": row["ocha_pcode"],
        **place(row),
    }


# --- aliases ---------------------------------------------------------------


def attach_aliases(rows: list[Row], facts: Path) -> None:
    """Give each row the other spellings of its unit: of the facts, the table and the older layer."""
    extra = {a["unit"]: a for a in read(HERE / "aliases.csv")}
    idle = set(extra) - {row["unit"] for row in rows}
    if idle:
        sys.exit(f"aliases.csv: no unit {sorted(idle)}")
    layer = {
        r["code"]: [r["ADM1_EN"], r["ADM1_KK"], r["ADM1_RU"]] for r in read(facts / "kaz_oblasts_2018.csv")
    }
    for row in rows:
        own = {row[c] for c in COLUMNS if c.startswith(("name_", "short_"))}
        table = extra.get(row["unit"], {"alias": "", "valid_from": ""})
        told = table["alias"].split("|") if row.get("valid_from", "") >= table["valid_from"] else []
        found = [*row.get("aliases", "").split("|"), *told, *layer.get(row["unit"], [])]
        row["aliases"] = "|".join(dict.fromkeys(a for a in found if a and a not in own))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
