"""A title claims an order and nothing more; each edge of that rule by hand on nine squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from childatlas.atlas.captions import alt_text, caveats, foot, subtitle
from childatlas.atlas.clusters import (
    cluster_sentence,
    cluster_title,
    members,
    moran_meaning,
    moran_row,
    moran_sentence,
    suggested,
)
from childatlas.atlas.findings import (
    best_units,
    finding,
    flag_counts,
    gap_finding,
    gap_sentence,
    trend_finding,
    trend_sentence,
    worst_units,
)
from childatlas.atlas.places import place_names
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer

Make = Callable[..., Layer]
NAN = float("nan")


def test_the_highest_third_is_named_worst_first(make_layer: Make, geography: Geography, words: Words) -> None:
    assert finding(make_layer(range(1, 10)), geography, words) == "Poverty: highest in C3, C2 and C1"


def test_more_of_a_good_thing_names_the_lowest(make_layer: Make, geography: Geography, words: Words) -> None:
    layer = make_layer(range(1, 10), direction="higher_is_better")
    assert finding(layer, geography, words) == "Poverty: lowest in A1, A2 and A3"


def test_neither_end_is_worse(make_layer: Make, geography: Geography, words: Words) -> None:
    layer = make_layer(range(1, 10), direction="neutral")
    assert finding(layer, geography, words) == "Poverty: from 1.0 in A1 to 9.0 in C3"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 9, 9], "Poverty: highest in C2 and C3"),
        ([1, 2, 3, 4, 5, 9, 9, 9, 9], "Poverty: highest in B3, C1, C2 and C3"),
        ([1, 2, 3, 9, 9, 9, 9, 9, 9], "Poverty: 6 oblasts share the worst value, 9.0"),
        ([1, 2, 3, 4, 5, 8, 8, 8, 9], "Poverty: highest in C3, B3, C1 and C2"),
        ([1, 8, 8, 8, 8, 8, 8, 8, 9], "Poverty: highest in C3"),
        ([5] * 9, "Poverty: no variation, 5.0 in all 9 oblasts"),
        ([5.01, 5.02, 5.0, 5.04] + [5.0] * 5, "Poverty: no variation, 5.0 in all 9 oblasts"),
        ([NAN] * 8 + [3.0], "Poverty: 3.0 in C3, the only figure"),
        ([NAN] * 7 + [1.0, 2.0], "Poverty: highest in C3"),
        ([NAN] * 9, "Poverty: no figures"),
    ],
)
def test_ties_few_units_and_none(
    make_layer: Make, geography: Geography, words: Words, values: list[float], said: str
) -> None:
    assert finding(make_layer(values), geography, words) == said


def test_a_synthetic_layer_names_no_place(make_layer: Make, geography: Geography, words: Words) -> None:
    flags = pd.Series("synthetic", index=geography.units.index)
    said = finding(make_layer(range(9), flags=flags), geography, words)
    assert said == "Poverty: synthetic figures, they say nothing about a real place"
    assert not any(name in said for name in geography.names())


def test_modelled_and_carried_say_so(make_layer: Make, geography: Geography, words: Words) -> None:
    index = geography.units.index
    modelled = make_layer(range(9), flags=pd.Series("modelled", index=index))
    assert finding(modelled, geography, words) == "Poverty: modelled, C3, C2 and C1 come out worst"
    part = make_layer(range(9), flags=pd.Series(["carried"] + [""] * 8, index=index))
    assert finding(part, geography, words).endswith("(part of it carried from former units)")
    twin = replace(part, carried_from=2015)
    assert finding(twin, geography, words).endswith("(measured in 2015 on former units)")


def test_sampling_error_decides_whether_more_is_said(
    make_layer: Make, geography: Geography, words: Words
) -> None:
    values = pd.Series([1.0] * 6 + [9.0, 9.5, 10.0], index=geography.units.index)
    # Leaders stand 8 apart; with 18 pairs the critical z is 2.99: 8 / hypot(se, se) decides at se 1.89.
    sure = make_layer(values, standard_errors=pd.Series(1.8, index=values.index))
    unsure = make_layer(values, standard_errors=pd.Series(1.95, index=values.index))
    holed = make_layer(values, standard_errors=pd.Series([NAN] + [0.1] * 8, index=values.index))
    assert finding(sure, geography, words).endswith("by more than sampling error")
    assert not finding(unsure, geography, words).endswith("by more than sampling error")
    assert not finding(holed, geography, words).endswith("by more than sampling error")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(0, 6), min_size=9, max_size=9))
def test_a_tie_is_never_cut(make_layer: Make, values: list[int]) -> None:
    layer = make_layer(values)
    for named in (worst_units(layer), best_units(layer)):
        outside = layer.values.drop(named)
        assert len(named) <= 5
        assert set(layer.values[named]).isdisjoint(outside)


def test_names_that_repeat_are_written_in_full(geography: Geography, words: Words) -> None:
    units = geography.units.assign(short_en=["Same", "Same", *geography.units["short_en"].iloc[2:]])
    names = place_names(replace(geography, units=units), words)
    assert list(names[:3]) == ["Place A1", "Place A2", "A3"]


def test_gap(poverty: Layer, geography: Geography, words: Words, make_layer: Make) -> None:
    assert gap_finding(poverty, words) == "Poverty: the rural value is 2.0 times the urban one"
    said = gap_sentence(poverty, geography, words)
    assert said.startswith("In the whole country the value is 8.0 in villages and 4.0 in towns (2022).")
    assert "widest gap is in C3: 14.5 in villages, 9.0 in towns" in said
    assert "does not tell town from village" in gap_sentence(make_layer(range(9)), geography, words)
    gap = poverty.gap
    assert gap is not None
    small = gap.assign(ratio=NAN)
    assert gap_finding(replace(poverty, gap=small), words) == "Poverty: 8.0 in villages, 4.0 in towns"
    same = gap.assign(rural=gap["urban"], difference=0.0, ratio=1.0)
    assert gap_finding(replace(poverty, gap=same), words) == "Poverty: no gap between town and village"


def test_trend(poverty: Layer, geography: Geography, words: Words, make_layer: Make) -> None:
    assert trend_finding(poverty, words) == "Poverty: 7.0 in 2019, 5.2 in 2023 for the country"
    assert trend_sentence(poverty, geography, words) == "Country: 7.0 in 2019, 5.2 in 2023."
    moved = poverty.trend.copy()
    moved.loc["a1", 2023], moved.loc["b2", 2023] = 99.0, -9.0
    said = trend_sentence(replace(poverty, trend=moved), geography, words)
    assert said.endswith("Since 2019 the value rose most in A1 and fell most in B2.")
    broken = replace(poverty, trend=moved, breaks_in_trend={2021: "new borders"})
    assert "rose most" not in trend_sentence(broken, geography, words)
    assert trend_sentence(make_layer(range(9)), geography, words) == "Only one year is published."


def test_no_cluster_is_said_plainly(poverty: Layer, geography: Geography, words: Words) -> None:
    said = cluster_sentence(poverty, geography, words)
    assert said.startswith("No cluster survives the correction for many tests.")
    assert "Without the correction A1 would be called out; that is a suggestion, not a finding." in said
    assert "1 oblast cannot be significant at all, having too few neighbours: C3." in said
    assert cluster_title(poverty, geography, words).endswith(
        "no cluster survives the correction for many tests"
    )


def test_clusters_are_named_by_kind(poverty: Layer, geography: Geography, words: Words) -> None:
    local = poverty.local_moran
    assert local is not None
    found = local.copy()
    found.loc[["c2", "b3"], "cluster"] = "High-High"
    found.loc["a2", "cluster"] = "Low-High"
    found.loc["a3", "cluster"] = "no neighbours"
    layer = replace(poverty, local_moran=found)
    assert members(found, "High-High") == ["b3", "c2"]
    assert cluster_title(layer, geography, words) == (
        "Poverty: high values stand together around B3 and C2; A2: low among high neighbours"
    )
    assert "No neighbours: A3." in cluster_sentence(layer, geography, words)


def test_what_survived_is_not_called_suggestive(poverty: Layer) -> None:
    local = poverty.local_moran
    assert local is not None
    found = local.copy()
    found["suggestive"] = ["Low-Low"] * 9
    found.loc["a1", "cluster"] = "Low-Low"
    assert "a1" not in suggested(found)
    assert "a2" in suggested(found)
    assert suggested(None) == []


def test_moran_is_judged_by_its_p(poverty: Layer, words: Words, make_layer: Make) -> None:
    row = moran_row(poverty)
    assert row is not None
    assert moran_meaning(row) == "together"
    assert moran_meaning(row, alpha=0.01) == "chance"
    assert moran_meaning(row.replace({0.31: -0.9})) == "apart"
    assert "0.31 (expected \N{MINUS SIGN}0.12, p = 0.020)" in moran_sentence(poverty, words)
    assert moran_sentence(make_layer(range(9)), words) == ""


def test_reason_where_no_statistics_ran(make_layer: Make, geography: Geography, words: Words) -> None:
    said = cluster_sentence(make_layer(range(9), no_statistics="a count."), geography, words)
    assert said == "No statistics of clustering were run: a count."


def test_captions(poverty: Layer, geography: Geography, words: Words) -> None:
    assert subtitle(poverty, geography, words) == "% of population, all ages, oblasts, 2023"
    urban = replace(poverty, residence="urban")
    assert subtitle(urban, geography, words) == "% of population, all ages, urban residents, oblasts, 2023"
    lines = foot(poverty, geography, words=words, run_id="abc", last="No endorsement.", classes="Classes: x.")
    assert lines[0] == "Source: Office of Statistics. Licence: CC BY 4.0."
    assert lines[1].endswith("Units in force at the end of 2023.")
    assert lines[2].startswith("Classes: x. The source publishes no errors")
    assert lines[3] == "No endorsement. Projection: WGS 84 / Pseudo-Mercator. childatlas, run abc."


def test_caveats_keep_flags_years_and_schematic_shapes(
    poverty: Layer, geography: Geography, words: Words
) -> None:
    index = geography.units.index
    layer = replace(
        poverty,
        flags=pd.Series(["carried;suspect", "carried"] + [""] * 7, index=index),
        years_used=pd.Series([2019] + [2023] * 8, index=index),
        coverage=pd.Series(np.linspace(0.7, 1, 9), index=index),
        standard_errors=pd.Series(0.1, index=index),
    )
    assert dict(flag_counts(layer)) == {"carried": 2, "suspect": 1}
    said = " ".join(caveats(layer, replace(geography, schematic=True), words))
    told = ("2 values carried from a former unit.", "2019 to 2023", "70%", "not official boundaries", "95%")
    for part in told:
        assert part in said


def test_a_long_note_is_cut_at_a_sentence_on_maps(poverty: Layer, geography: Geography, words: Words) -> None:
    note = ". ".join(f"Sentence number {i} of a very long note" for i in range(40))
    lines = foot(replace(poverty, note={"en": note}), geography, words=words, run_id="x", last="")
    assert len(lines[2]) < 600
    assert lines[2].endswith("Parts and years: see the table index_parts.")


def test_alt_text_says_finding_range_ends_country_and_what_is_missing(
    poverty: Layer, geography: Geography, words: Words, make_layer: Make
) -> None:
    said = alt_text(poverty, geography, words)
    for part in (
        "Map. Poverty: highest in C3, C2 and C1.",
        "Values go from 1.0 to 9.0.",
        "Worst off: C3 9.0, C2 8.0 and C1 7.0.",
        "Best off: A1 1.0, A2 2.0 and A3 3.0.",
        "Country: 5.2.",
        "Without data: 0 oblasts.",
    ):
        assert part in said
    empty = alt_text(make_layer([NAN] * 9), geography, words)
    assert "no figures" in empty
    assert "Without data: 9 oblasts." in empty


def test_a_name_is_never_inflected_or_read_as_a_template(
    make_layer: Make, geography: Geography, words: Words
) -> None:
    units = geography.units.assign(short_en=[f"{{label}}{i}" for i in range(9)])
    said = finding(make_layer(range(9)), replace(geography, units=units), words)
    assert said == "Poverty: highest in {label}8, {label}7 and {label}6"
