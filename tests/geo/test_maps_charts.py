"""Charts, tested by what they say and where their marks stand."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from matplotlib.collections import CircleCollection, LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from atlasgeo import columns as c
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.charts import draw_dumbbell, draw_moran_scatter, draw_rank_chart, draw_trend
from atlasgeo.maps.plot import decimals_of, round_ticks, spread
from atlasgeo.maps.ranks import rank_table
from atlasgeo.maps.scatter import standard_lag
from atlasgeo.maps.wording import MapText

TEXT = MapText(title="A finding", subtitle="What it is", foot=("Source: an office.",))


def words(figure: Figure) -> list[str]:
    """Return all that a picture says."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_slope_of_the_scatterplot_is_moran(one_to_nine: pd.Series, rook: Graph) -> None:
    points = standard_lag(one_to_nine, rook)
    # 3 x 3 rook lattice, 1..9: the lag of a corner has two neighbours, that of the middle four.
    z = (one_to_nine - 5) / math.sqrt(60 / 9)
    lag = {"a1": (z["a2"] + z["b1"]) / 2, "b2": (z["a2"] + z["b1"] + z["b3"] + z["c2"]) / 4}
    for code, expected in lag.items():
        assert points.loc[code, "lag"] == pytest.approx(expected)
    slope = float((points["z"] * points["lag"]).sum() / (points["z"] ** 2).sum())
    import esda

    assert slope == pytest.approx(esda.Moran(one_to_nine.to_numpy(), rook.transform("R"), permutations=0).I)
    figure = draw_moran_scatter(one_to_nine, rook, text=TEXT, names={})
    assert f"slope = global Moran's I: {slope:.2f}" in words(figure)


def test_missing_units_leave_the_graph_and_weights_are_standardised_again(
    one_to_nine: pd.Series, rook: Graph
) -> None:
    values = one_to_nine.copy()
    values["a2"] = np.nan
    points = standard_lag(values, rook)
    assert "a2" not in points.index
    assert points.loc["a1", "lag"] == pytest.approx(points.loc["b1", "z"])


def test_all_equal_strangers_and_loners_are_refused(one_to_nine: pd.Series, rook: Graph) -> None:
    with pytest.raises(AnalysisError, match="no variation"):
        standard_lag(one_to_nine * 0 + 3, rook)
    with pytest.raises(AnalysisError, match="no variation"):
        standard_lag(one_to_nine.iloc[:1], rook)
    with pytest.raises(DataError, match="zz"):
        standard_lag(pd.Series({"zz": 1.0, "a1": 2.0}), rook)
    with pytest.raises(AnalysisError, match="neighbour"):
        standard_lag(pd.Series({"a1": 1.0, "c3": 2.0}), rook)


def test_clusters_fill_their_points(one_to_nine: pd.Series, rook: Graph) -> None:
    local = pd.DataFrame({c.CLUSTER: c.NOT_SIGNIFICANT, c.SUGGESTIVE: ""}, index=one_to_nine.index)
    local.loc["c3", c.CLUSTER] = c.HIGH_HIGH
    local.loc["a1", c.SUGGESTIVE] = c.LOW_LOW
    figure = draw_moran_scatter(one_to_nine, rook, text=TEXT, names={}, local=local)
    discs = max(figure.findobj(CircleCollection), key=lambda x: len(x.get_offsets()))
    fills = {tuple(np.round(colour[:3] * 255).astype(int).tolist()) for colour in discs.get_facecolor()}
    assert fills == {(0xA5, 0x0F, 0x2B), (255, 255, 255), (0xB9, 0xBE, 0xC4)}
    said = words(figure)
    assert {"High\u2013High", "Low\u2013Low", "Low\u2013High", "High\u2013Low", "c3", "a1"} <= set(said)


def gap() -> pd.DataFrame:
    """Return urban and rural values of four units and the country."""
    return pd.DataFrame(
        {
            "urban": [4.0, 2.0, np.nan, np.nan, 4.1],
            "rural": [5.0, 6.0, 7.0, np.nan, 7.0],
            "ratio": [1.2, 3.0, np.nan, np.nan, 1.7],
        },
        index=["a", "b", "c", "d", "country"],
    )


def test_the_widest_gap_leads_after_the_country() -> None:
    said = words(
        draw_dumbbell(gap(), text=TEXT, names={"a": "Alpha", "b": "Beta", "c": "Gamma", "d": "Delta"})
    )
    order = [said.index(name) for name in ("country", "Beta", "Alpha", "Gamma")]
    assert order == sorted(order)
    assert "Delta" not in said
    assert {"2.9", "4.0", "1.0", "3.0", "1.7", "difference", "ratio", "urban", "rural"} <= set(said)


def test_a_unit_with_one_value_has_one_dot_and_no_difference() -> None:
    figure = draw_dumbbell(gap().loc[["c"]], text=TEXT, names={})
    discs = [len(x.get_offsets()) for x in figure.findobj(CircleCollection)]
    assert sum(discs) == 3  # two of the legend, one of the row
    with pytest.raises(DataError, match="no unit"):
        draw_dumbbell(gap().loc[["d"]], text=TEXT, names={})
    with pytest.raises(DataError, match="urban"):
        draw_dumbbell(pd.DataFrame({"rural": [1.0]}), text=TEXT, names={})


def trend() -> pd.DataFrame:
    """Return three units and the country over four years, with a gap."""
    return pd.DataFrame(
        {
            2020: [5.0, 4.0, 3.0, 4.0],
            2021: [5.0, 5.0, np.nan, 4.5],
            2022: [1.0, 2.0, 3.0, 2.0],
            2023: [1.0, 2.0, 9.0, 3.0],
        },
        index=["a", "b", "c", "country"],
    )


def test_ranks_by_year() -> None:
    found = rank_table(trend())
    assert found[2020].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert found.loc[["a", "b"], 2021].tolist() == [1, 1]
    assert math.isnan(found.loc["c", 2021])
    assert found[2023].to_dict() == {"a": 3, "b": 2, "c": 1}
    assert rank_table(trend(), low_first=True)[2023].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert "country" not in found.index


def test_rank_chart_marks_breaks_and_names_the_last_order() -> None:
    figure = draw_rank_chart(
        trend(), text=TEXT, names={"c": "Gamma"}, breaks={2022: "new base", 1990: "too early"}
    )
    said = words(figure)
    assert "new base" in said
    assert "too early" not in said
    assert {"2020", "2023", "Gamma", "9.0", "country 3.0"} <= set(said)
    order = [said.index(name) for name in ("Gamma", "b", "a")]
    assert order == sorted(order)


@pytest.mark.parametrize("n", [44, 47, 224])
def test_names_of_many_units_stay_on_the_page(n: int) -> None:
    """Worst and best are named and how many stand between; no name leaves the chart."""
    table = pd.DataFrame({2020: range(n), 2023: range(n)}, index=[f"u{i}" for i in range(n)], dtype=float)
    figure = draw_rank_chart(table, text=TEXT, names={f"u{i}": f"Place {i}" for i in range(n)})
    said = words(figure)
    named = [text for text in said if text.startswith("Place ")]
    between = [text for text in said if text.endswith("more between")]
    assert {f"Place {n - 1}", "Place 0"} <= set(named)
    told = int(between[0].split()[0]) if between else 0
    assert len(named) + told == n
    assert bool(between) == (n > 100)
    places = [t.get_position()[1] for t in figure.findobj(Text) if t.get_text() in {*named, *between}]
    foot = next(t for t in figure.findobj(Text) if t.get_text() == "Source: an office.")
    assert min(places) > foot.get_position()[1]
    assert len({round(place, 6) for place in places}) == len(places)


def test_a_missing_year_is_a_gap_in_the_line() -> None:
    figure = draw_trend(trend(), text=TEXT, names={}, highlight=["c", "zz"])
    runs = [
        segment
        for lines in figure.findobj(LineCollection)
        for segment in lines.get_segments()
        if len(segment) in {1, 2}
    ]
    assert any(len(run) == 1 for run in runs)
    said = words(figure)
    assert "country 3.0" in said
    assert "c 9.0" in said


@pytest.mark.parametrize("draw", [draw_rank_chart, draw_trend])
def test_one_year_one_unit_and_nothing(draw: object) -> None:
    one = pd.DataFrame({2023: [1.5]}, index=["a"])
    assert "2023" in words(draw(one, text=TEXT, names={}))  # type: ignore[operator]
    with pytest.raises(DataError, match="no unit"):
        draw(one * np.nan, text=TEXT, names={})  # type: ignore[operator]
    with pytest.raises(DataError, match="no unit"):
        draw(pd.DataFrame({2023: [1.5]}, index=["country"]), text=TEXT, names={})  # type: ignore[operator]


def test_years_as_text_are_put_in_order() -> None:
    shuffled = trend()[[2023, 2020, 2022, 2021]].rename(columns=str)
    assert words(draw_trend(shuffled, text=TEXT, names={})) == words(draw_trend(trend(), text=TEXT, names={}))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (2.3, 9.1, [4, 6, 8]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (0, 1e6, [0, 2e5, 4e5, 6e5, 8e5, 1e6]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)


def test_decimals_and_ranges() -> None:
    assert decimals_of([0, 0.5, 1.0]) == 1
    assert decimals_of([0, 2]) == 0
    assert spread([]) == (0.0, 1.0)
    low, high = spread([3.0])
    assert low < 3 < high
    assert spread([math.nan, 1.0, 2.0]) == pytest.approx((0.95, 2.05))


def test_many_units_keep_their_names_apart(squares: gpd.GeoDataFrame) -> None:
    del squares
    many = pd.DataFrame(
        np.random.default_rng(0).random((30, 3)),
        index=[f"u{i}" for i in range(30)],
        columns=[2021, 2022, 2023],
    )
    figure = draw_rank_chart(many, text=TEXT, names={})
    heights = sorted(t.get_position()[1] for t in figure.findobj(Text) if t.get_text() in many.index)
    assert len(heights) == 30
    assert min(np.diff(heights)) > 5


def test_equal_values_are_one_dot_inside_the_other() -> None:
    same = pd.DataFrame({"urban": [2.0, 1.0], "rural": [2.0, 5.0]}, index=["same", "apart"])
    figure = draw_dumbbell(same, text=TEXT, names={})
    sizes = [x.get_sizes().tolist() for x in figure.findobj(CircleCollection) if len(x.get_offsets()) == 2]
    assert sorted(len(set(pair)) for pair in sizes) == [1, 2]
