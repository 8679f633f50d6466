"""What places are called, and what has to be said of their shapes, values and years."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from childatlas.assembly.lines import breaks_in
from childatlas.atlas.captions import caveats, how_to_read, schematic_line
from childatlas.atlas.marks import mark_in, mark_texts
from childatlas.atlas.places import parent_names, place_names, places
from childatlas.atlas.spreads import ranking_of, unranked_rows
from childatlas.atlas.words import Words
from childatlas.figures.catalogue import Indicator
from childatlas.layers import Atlas, Geography, Layer

Make = Callable[..., Layer]
ABOVE = pd.DataFrame(
    {"name_en": ["North oblast", "South oblast"], "short_en": ["North", "South"], "level": "province"},
    index=pd.Index(["N", "S"], name="unit"),
)


def below(geography: Geography, **names: list[str]) -> Geography:
    """Return the nine units as parts of two, with the first names given."""
    units = geography.units.assign(parent=["N"] * 4 + ["S"] * 5)
    for column, given in names.items():
        units = units.assign(**{column: [*given, *units[column].iloc[len(given) :]]})
    return replace(geography, units=units, above=ABOVE)


def test_a_name_says_which_place_is_meant(geography: Geography, words: Words) -> None:
    """Short; long where short repeats or the unit above has it; with the unit above where long repeats."""
    twice = ["Abay", "Abay", "North", "B1", "Abay"]
    long = ["Abay district", "Abay city", "North city", "Place B1", "Abay district"]
    names = place_names(below(geography, short_en=twice, name_en=long), words)
    assert list(names[:5]) == [
        "Abay district (North)", "Abay city", "North city", "B1", "Abay district (South)",
    ]  # fmt: skip
    assert list(parent_names(below(geography), words)[3:5]) == ["North", "South"]
    assert parent_names(geography, words).isna().all()


def test_a_long_list_says_how_many_more(words: Words) -> None:
    names = pd.Series({code: code.upper() for code in "abcdef"})
    assert places(list("abcd"), names, words) == "A, B, C and D"
    assert places(list("abcd"), names, words, most=3) == "A, B, C and D"  # "1 more" is no shorter
    assert places(list("abcde"), names, words, most=3) == "A, B, C and 2 more"


def test_values_of_the_units_above_are_listed_once_and_never_in_order_of_value(
    tiny_atlas: Atlas, make_layer: Make, geography: Geography, words: Words
) -> None:
    own = below(geography)
    layer = make_layer([5] * 4 + [9] * 5, flags=pd.Series("oblast value", index=own.units.index))
    layer = replace(layer, ranks=layer.ranks.assign(rank=pd.NA, tied=pd.NA))
    whole = replace(tiny_atlas, geographies={own.key: own}, layers=(layer,))
    told = ranking_of(whole, layer, words=words)
    assert [(row["name"], row["value"], row["rank"]) for row in told["rows"]] == [
        ("South", "9.0", ""), ("North", "5.0", ""),
    ]  # fmt: skip
    assert told["title"] == "Values of the oblasts"
    rows = unranked_rows(whole, layer, words=words)
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert {row["rank"] for row in rows} == {""}


def test_schematic_shapes_are_named_in_every_language_of_the_study(
    make_layer: Make, geography: Geography, words: Words
) -> None:
    assert mark_in("schematic", ("en",)) == "schematic district shapes"
    three = mark_in("schematic", ("ru", "en", "kk"))
    assert three.split(" / ") == [mark_texts("schematic")[code] for code in ("ru", "en", "kk")]
    assert mark_in("schematic", ("de",)) == "schematic district shapes"
    drawn = replace(geography, schematic=True, mark=three, without_shape=("Sauran", "Maqat"))
    said = " ".join(caveats(make_layer(range(9)), drawn, words))
    assert all(text.lower() in said.lower() for text in mark_texts("schematic").values())
    assert "without an official shape: Sauran and Maqat" in said
    assert schematic_line(geography, words) == ""


def test_reforms_come_from_the_profile_alone(tiny_atlas: Atlas, words: Words) -> None:
    reforms = [
        {"year": 2001, "level": "oblast", "text": {"en": "A was cut"}},
        {"year": 2002, "level": "province", "text": {"en": "B was cut"}},
        {"year": 2090, "level": "oblast", "text": {"en": "C was cut"}},
    ]
    own = next(iter(tiny_atlas.geographies.values()))
    told = replace(tiny_atlas, profile={**tiny_atlas.profile, "reforms": reforms})
    assert how_to_read(told, words)["borders"].endswith("older maps. 2001: A was cut.")
    below_it = replace(told, geographies={own.key: replace(own, above=ABOVE)})
    assert how_to_read(below_it, words)["borders"].endswith("2001: A was cut; 2002: B was cut.")
    none = how_to_read(replace(tiny_atlas, profile={}), words)["borders"]
    assert none == "Each indicator is drawn on the units where it was measured."


def test_a_series_breaks_at_the_reforms_that_it_crosses() -> None:
    indicator = Indicator.model_validate(
        {
            "id": "x",
            "label": {"en": "X"},
            "measure": {"en": "%"},
            "direction": "higher_is_worse",
            "year_break": {2022: {"en": "own words"}},
        }
    )
    reforms = {2017: "before", 2018: "first year", 2020: "inside", 2022: "said otherwise", 2024: "after"}
    lines = pd.DataFrame(1.0, index=["a", "b", "country"], columns=[2016, 2018, 2019, 2023, 2024])
    lines.loc[["a", "b"], [2016, 2024]] = None  # the country's own line alone
    assert breaks_in(lines, indicator, reforms, language="en") == {2020: "inside", 2022: "own words"}
    assert breaks_in(lines.iloc[:, :0], indicator, reforms, language="en") == {2022: "own words"}
