"""What stands on the pages: places on scales, rankings, profiles and claims, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childatlas.atlas.claims import claim_sentence
from childatlas.atlas.parts import book_content
from childatlas.atlas.profiles import same_unit, unit_profiles
from childatlas.atlas.scales import Scale, scale_of, ticks
from childatlas.atlas.spreads import layer_spread, legend_of, ranking_of, trend_of
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer


def test_places_on_a_scale() -> None:
    scale = scale_of([2.0, None, float("nan"), 4.0])
    assert [scale.at(v) for v in (2.0, 3.0, 4.0, 9.0, None)] == [0.0, 0.5, 1.0, 1.0, None]
    assert [scale.flipped().at(v) for v in (2.0, 4.0)] == [1.0, 0.0]
    assert scale_of([3.0, 3.0]).at(3.0) == 0.5
    assert scale_of([]) == Scale(0.0, 1.0)
    assert scale_of([2.0, 4.0], zero=True) == Scale(0.0, 4.0)


@given(
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3)),
    st.floats(1e-2, 1e6).map(lambda v: round(v, 3)),
)
def test_ticks_are_round_few_and_inside(low: float, width: float) -> None:
    marks = ticks(Scale(low, low + width))
    assert 1 <= len(marks) <= 6
    assert all(low - 1e-6 * width <= m <= low + width * (1 + 1e-6) for m in marks)
    assert np.allclose(np.diff(marks), np.diff(marks)[:1]) if len(marks) > 2 else True


def test_ranking(tiny_atlas: Atlas, words: Words) -> None:
    ranking = ranking_of(tiny_atlas, tiny_atlas.layer("poverty"), words=words)
    first = ranking["rows"][0]
    assert (first["name"], first["rank"], first["value"], first["at"]) == ("C3", "1", "9.0", 1.0)
    assert ranking["national"] == {"at": round(5.2 / 9, 4), "text": "country 5.2"}
    assert (first["urban"], first["rural"]) == (round(9 / 14.5, 4), 1.0)
    equal = ranking_of(tiny_atlas, tiny_atlas.layer("level_everywhere"), words=words)
    assert {row["rank"] for row in equal["rows"]} == {"1–9"}
    errors = ranking_of(tiny_atlas, tiny_atlas.layer("stunting"), words=words)
    assert errors["missing"] == ["A2", "B3"]
    assert errors["rows"][0]["low"] < errors["rows"][0]["at"] < errors["rows"][0]["high"]


def test_legend_counts_every_unit_once_worst_first(tiny_atlas: Atlas, words: Words) -> None:
    for layer in tiny_atlas.layers:
        legend = legend_of(tiny_atlas, layer, words=words)
        assert sum(row["n"] for row in legend["rows"]) + legend["missing"] == 9
    worse = legend_of(tiny_atlas, tiny_atlas.layer("poverty"), words=words)["rows"]
    better = legend_of(tiny_atlas, tiny_atlas.layer("well_being"), words=words)["rows"]
    assert worse[0]["label"].endswith("9.0")
    assert better[0]["label"].startswith("4.5")


def test_trend(poverty: Layer, geography: Geography, words: Words) -> None:
    trend = trend_of(replace(poverty, breaks_in_trend={2021: "new borders", 1999: "x"}), geography, words)
    assert trend is not None
    assert len(trend["units"]) == 9
    assert [b["text"] for b in trend["breaks"]] == ["2021: new borders"]
    assert trend["country"][0][0] == 0.0
    assert trend_of(replace(poverty, trend=poverty.trend[[2023]]), geography, words) is None


def test_profile(tiny_atlas: Atlas, words: Words) -> None:
    profiles = {profile["code"]: profile for profile in unit_profiles(tiny_atlas, words=words)}
    assert list(profiles) == sorted(profiles)
    worst = profiles["c3"]
    row = next(row for row in worst["rows"] if row["label"] == "Poverty")
    assert (row["value"], row["country"], row["rank"], row["at"], row["side"]) == (
        "9.0",
        "5.2",
        "1",
        0.0,
        "worst",
    )
    assert "Trial" not in {row["label"] for row in worst["rows"]}
    assert worst["worst"] == "Among the worst off for Poverty."
    assert worst["locator"].count("<path") == 2
    assert "Stunting" not in {row["label"] for row in profiles["a2"]["rows"]}


def test_a_code_alone_does_not_make_the_same_unit(geography: Geography) -> None:
    later = geography.units.assign(valid_from=pd.Timestamp("2022-06-08"))
    other = replace(geography, key="oblast-2021")
    assert same_unit("a1", geography, geography)
    assert same_unit("a1", geography, other)
    assert not same_unit("a1", geography, replace(other, units=later))
    assert not same_unit("zz", geography, other)


def test_an_indicator_of_other_borders_is_not_in_a_profile(
    tiny_atlas: Atlas, poverty: Layer, words: Words
) -> None:
    geography = tiny_atlas.geographies["oblast-2023"]
    units = geography.units.assign(valid_from=pd.Timestamp("1999-01-01"))
    old = replace(geography, key="oblast-2010", units=units)
    layer = replace(poverty, id="older", geography=old.key, label={"en": "Older"})
    atlas = replace(
        tiny_atlas,
        geographies={**tiny_atlas.geographies, old.key: old},
        layers=(*tiny_atlas.layers, layer),
    )
    profile = unit_profiles(atlas, words=words)[0]
    assert "Older" not in {row["label"] for row in profile["rows"]}
    assert profile["elsewhere"].startswith("1 more")


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ([2.7, 2.1, 1.7], "fits 2011"),
        ([2.7, 1.7], "pass the claimed 2.0 without staying there"),
        ([1.1, 1.5], "In no year do the figures reach the claim: the highest ratio is 1.5 (2011)"),
        ([3.1, 2.5], "In every year the figures are above the claim: the lowest ratio is 2.5 (2011)"),
        ([float("nan")], "No year has the figures"),
        ([], "No year has the figures"),
    ],
)
def test_claims(tiny_atlas: Atlas, words: Words, ratios: list[float], said: str) -> None:
    table = pd.DataFrame({"claim": "twice", "year": range(2010, 2010 + len(ratios)), "ratio": ratios})
    atlas = replace(tiny_atlas, tables={"claims": table})
    assert said in claim_sentence(atlas, tiny_atlas.study.claims[0], words)


def test_everything_the_book_prints_is_plain_data(tiny_atlas: Atlas, words: Words) -> None:
    content = book_content(tiny_atlas, words=words)
    assert json.loads(json.dumps(content, allow_nan=False)) == json.loads(json.dumps(content))
    assert content["lowest"]["rows"][0]["marked"]
    assert [entry["label"] for entry in content["clusters"]["rows"]] == ["Poverty"]
    assert [part[0] for part in content["missing"]["parts"]] == []


def test_a_part_without_figures_is_declared(
    tiny_atlas: Atlas, make_layer: Callable[..., Layer], words: Words
) -> None:
    detail = pd.DataFrame({"health": 1.0, "family_policy": np.nan}, index=tiny_atlas.layers[0].values.index)
    index = make_layer(range(9), id="index", kind="index", detail=detail, label={"en": "Index"})
    content = book_content(replace(tiny_atlas, layers=(index,)), words=words)
    assert content["missing"]["parts"] == [["Index, 2023", "family policy"]]


def test_more_than_24_units_are_shown_by_their_ends(
    tiny_atlas: Atlas, geography: Geography, poverty: Layer, words: Words
) -> None:
    codes = [f"u{i:02d}" for i in range(30)]
    index = pd.Index(codes, name="unit")
    units = pd.concat([geography.units.iloc[:1]] * 30).set_axis(index)
    units = units.assign(short_en=codes, name_en=codes)
    many = replace(geography, units=units)
    values = pd.Series(np.arange(30.0), index=index)
    ranks = pd.DataFrame({"rank": range(30, 0, -1), "tied": range(30, 0, -1)}, index=index)
    layer = replace(
        poverty,
        values=values,
        ranks=ranks,
        flags=pd.Series("", index=index),
        gap=None,
        trend=pd.DataFrame(index=index),
    )
    spread = layer_spread(
        replace(tiny_atlas, geographies={many.key: many}, layers=(layer,)), layer, words=words
    )
    ranking = spread["ranking"]
    assert (len(ranking["rows"]), ranking["between"]) == (30, 8)
    assert ranking["between_text"] == "… 8 oblasts between …"
