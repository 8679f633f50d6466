"""Charts of an index, tested by what they say and where their marks stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from atlasgeo.errors import DataError
from atlasgeo.maps.basemap import prepare_basemap
from atlasgeo.maps.contribution_charts import draw_contribution_bars, draw_waterfall
from atlasgeo.maps.convergence_chart import draw_convergence
from atlasgeo.maps.correlation_chart import draw_correlations
from atlasgeo.maps.palettes import DIVERGING
from atlasgeo.maps.rank_charts import draw_rank_intervals, draw_slopes, draw_tornado
from atlasgeo.maps.small_maps import draw_small_maps, zero_classes
from atlasgeo.maps.state_chart import draw_states
from atlasgeo.maps.weight_chart import draw_weights
from atlasgeo.maps.wording import MapText

TEXT = MapText(title="A finding", subtitle="What it is", foot=("Source: an office.",))
NAMES = {"a": "Қостанай", "b": "Абай", "c": "Ulytau"}


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_rank_intervals_name_units_worst_first_and_carry_the_word() -> None:
    ranks = pd.DataFrame(
        {
            "rank": [2.0, 1, np.nan],
            "low": [1.0, 1, np.nan],
            "high": [2.0, 2, np.nan],
            "word": ["", "lagging", ""],
        },
        index=list("abc"),
    )
    said = words(draw_rank_intervals(ranks, text=TEXT, names=NAMES, worst=1))
    assert said.index("Абай") < said.index("Қостанай")
    assert "Ulytau" not in said
    assert "lagging" in said
    with pytest.raises(DataError, match="no ranks"):
        draw_rank_intervals(ranks.iloc[2:], text=TEXT, names=NAMES)


def test_waterfall_steps_lead_from_the_reference_to_the_unit() -> None:
    steps = pd.Series({"x": -3.0, "y": 1.0, "z": np.nan, "w": -0.5})
    figure = draw_waterfall(
        steps, text=TEXT, names={"x": "Stunting"}, start=("Country", 50.0), end="Abai", most=2
    )
    said = words(figure)
    for expected in ("Stunting", "−3.0", "+1.0", "all others (1)", "−0.5", "50.0", "47.5", "Country", "Abai"):
        assert expected in said
    below = draw_waterfall(steps / 10, text=TEXT, names={}, start=("Country", 0.1), end="Abai")
    assert {"−0.30", "+0.10", "0.10", "−0.15"} <= set(words(below))  # small scores have two decimals
    fills = {to_hex(c) for p in figure.findobj(PolyCollection) for c in p.get_facecolor()}
    assert {DIVERGING[0], DIVERGING[4]} <= fills
    with pytest.raises(DataError, match="no contribution"):
        draw_waterfall(steps * np.nan, text=TEXT, names={}, start=("Country", 50.0), end="Abai")


def test_bars_slopes_and_tornado_say_their_numbers() -> None:
    table = pd.DataFrame({"one": [-1.0, 2], "two": [0.5, -3]}, index=["a", "b"])
    said = words(
        draw_contribution_bars(table, text=TEXT, names=NAMES, parts={"one": "Child", "two": "Family"})
    )
    assert {"Child", "Family", "Абай", "Қостанай"} <= set(said)
    with pytest.raises(DataError, match="stacked bars"):
        draw_contribution_bars(pd.DataFrame(np.ones((1, 9))), text=TEXT, names={}, parts={})
    flipped = draw_contribution_bars(
        table,
        text=TEXT,
        names=NAMES,
        parts={"one": "Child " * 25, "two": "Family " * 25},
        worse_is_less=False,
    )
    order = [w for w in words(flipped) if w in set(NAMES.values())]
    assert order == ["Қостанай", "Абай"]  # -0.5 is worse than -1 where more is worse
    legend = [t for t in flipped.findobj(Text) if t.get_text().startswith(("Child", "Family"))]
    assert len({round(t.get_position()[1]) for t in legend}) == 2  # too long for one line
    pair = pd.DataFrame({"rank_first": [1.0, 2, 3], "rank_second": [3.0, 2, 1]}, index=list("abc"))
    slopes = draw_slopes(pair, text=TEXT, names=NAMES, titles=("Means", "Copeland"), notable=1)
    assert {"Means", "Copeland", "Қостанай  1", "3  Қостанай"} <= set(words(slopes))
    effects = pd.DataFrame(
        {"first": [0.2, 0.5], "first_low": [0.1, 0.4], "first_high": [0.3, 0.6]},
        index=["leave_out", "aggregation"],
    )
    effects = effects.assign(**{c.replace("first", "total"): effects[c] + 0.1 for c in effects})
    tornado = draw_tornado(effects, text=TEXT, names={"leave_out": "indicator left out"})
    said = words(tornado)
    assert said.index("aggregation") < said.index("indicator left out")
    assert len(tornado.findobj(LineCollection)) > 4


def test_correlations_are_square_and_written_where_there_is_room() -> None:
    r = pd.DataFrame([[1.0, -0.5], [-0.5, 1.0]], list("ab"), list("ab"))
    said = words(draw_correlations(r, text=TEXT, names=NAMES, groups={"a": "one", "b": "two"}))
    assert said.count("−0.5") >= 2
    with pytest.raises(DataError, match="square"):
        draw_correlations(r.iloc[:1], text=TEXT, names={})


def test_small_maps_share_one_scale_and_hatch_what_is_missing(squares: gpd.GeoDataFrame) -> None:
    values = pd.DataFrame(
        {"x": np.linspace(-4, 4, 9), "y": [np.nan, *np.linspace(-1, 1, 8)]}, index=squares.index
    )
    figure = draw_small_maps(
        prepare_basemap(squares), values, text=TEXT, titles={"x": "Stunting", "y": "NEET"}
    )
    said = words(figure)
    assert {"Stunting", "NEET", "no data"} <= set(said)
    maps = [p for p in figure.findobj(PathCollection) if len(p.get_paths()) in (8, 9)]
    colours = [{to_hex(c) for c in m.get_facecolor()} for m in maps]
    assert set(DIVERGING) == colours[0]
    assert DIVERGING[0] not in colours[1]  # -1 is mild on the scale of both
    inner, outer = zero_classes(values)
    assert outer == pytest.approx(3 * inner)
    with pytest.raises(DataError, match="no panel"):
        draw_small_maps(prepare_basemap(squares), values[[]], text=TEXT, titles={})


def test_small_maps_show_what_is_too_small_as_squares(squares: gpd.GeoDataFrame) -> None:
    values = pd.DataFrame({"x": np.linspace(-4, 4, 9)}, index=squares.index)
    city = str(squares.index[0])
    basemap = prepare_basemap(squares, insets=[city])
    plain = draw_small_maps(prepare_basemap(squares), values, text=TEXT, titles={})
    figure = draw_small_maps(basemap, values, text=TEXT, titles={}, names={city: "Астана"})
    assert "Астана" in words(figure)
    assert "Астана" not in words(plain)
    squares_drawn = [
        p for p in figure.findobj(PolyCollection) if to_hex(p.get_facecolor()[0]) == DIVERGING[0]
    ]
    before = [p for p in plain.findobj(PolyCollection) if to_hex(p.get_facecolor()[0]) == DIVERGING[0]]
    assert len(squares_drawn) == len(before) + 1  # the scale has that colour in both


def test_convergence_says_both_and_names_who_stands_out() -> None:
    units = pd.DataFrame({"start": [10.0, 20, 30, np.nan], "change": [3.0, 2, 1, 0]}, index=list("abcd"))
    spreads = pd.Series([8.0, 6.0, 4.0], index=[2010, 2015, 2020])
    figure = draw_convergence(
        units,
        spreads,
        text=TEXT,
        names=NAMES,
        slope=-0.1,
        titles=("Beta", "Sigma"),
        breaks={2018: "Founded: Abai"},
    )
    said = words(figure)
    assert {"Beta", "Sigma", "Абай", "8.0", "4.0", "Founded: Abai"} <= set(said)
    assert "d" not in said
    with pytest.raises(DataError, match="no unit"):
        draw_convergence(
            units.iloc[3:], spreads, text=TEXT, names=NAMES, slope=np.nan, titles=("Beta", "Sigma")
        )


def test_states_are_squares_in_their_colours() -> None:
    table = pd.DataFrame({"x": ["figure", "missing"], "y": ["imputed", "carried"]}, index=["a", "b"])
    stand = {"figure": "measured", "missing": "missing", "imputed": "imputed", "carried": "carried"}
    figure = draw_states(table, text=TEXT, names={"x": "Stunting"}, units=NAMES, words=stand)
    assert {"Stunting", "y", "Абай", "Қостанай", *stand.values()} <= set(words(figure))
    with pytest.raises(DataError, match="cannot be drawn"):
        draw_states(table.replace("figure", "rumour"), text=TEXT, names={}, units={}, words=stand)


def test_weights_stand_greatest_first_under_their_heads() -> None:
    table = pd.DataFrame(
        {
            "parent": ["p", "p", "q"],
            "weight": [0.3, 0.7, 1.0],
            "low": [0.2, 0.6, np.nan],
            "high": [0.4, 0.8, np.nan],
        },
        index=["a", "b", "c"],
    )
    others = pd.DataFrame({"parents": [0.2, 0.8, np.nan]}, index=["a", "b", "c"])
    figure = draw_weights(table, text=TEXT, names=NAMES, heads={"p": "Child"}, others=others)
    said = words(figure)
    assert said.index("Абай") < said.index("Қостанай")
    assert {"Child", "q", "parents", "70.0 %", "30.0 %", "100.0 %"} <= set(said)
    with pytest.raises(DataError, match="cannot be drawn"):
        draw_weights(table.iloc[:0], text=TEXT, names={})
