"""What is hidden stays hidden: an attacker solves the sums of what is published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlasgeo import columns as col
from childatlas.errors import AnalysisError, PrivacyError
from childatlas.figures.additive import Relation, cell_keys, find_relations
from childatlas.figures.attacker import attack_cells, refuse_disclosure
from childatlas.figures.privacy import (
    DisclosureRule,
    count_cells,
    protect_figures,
    round_amounts,
    suppress_cells,
)

PARENTS = {"A": "K", "B": "K", "C": "K"}


def figures(town: list[int], village: list[int]) -> pd.DataFrame:
    """Return oblasts A.. and their country K with counts by residence, in table form."""
    rows = []
    units = list("ABC")[: len(town)]
    for unit, urban, rural in [*zip(units, town, village, strict=True), ("K", sum(town), sum(village))]:
        for residence, n in (("urban", urban), ("rural", rural), ("total", urban + rural)):
            rows.append(
                {"unit": unit, "indicator": "poor", "year": 2023, "residence": residence, "n": float(n)}
            )
    frame = pd.DataFrame(rows)
    frame["sex"] = frame["group"] = np.nan
    frame["value"], frame["se"], frame["source"], frame["flag"] = (
        10.0 + np.arange(len(frame)),
        1.0,
        "survey",
        None,
    )
    return frame[list(col.FIGURE_COLUMNS)]


def counts(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(frame["n"].to_numpy(), index=cell_keys(frame))


def test_sums_are_found_where_they_hold() -> None:
    found = find_relations(counts(figures([100, 200, 300], [40, 50, 60])), PARENTS)
    totals = [(r.total[0], r.total[1]) for r in found]
    assert sorted(totals) == sorted(
        [
            ("A", "total"),
            ("B", "total"),
            ("C", "total"),
            ("K", "rural"),
            ("K", "total"),
            ("K", "total"),
            ("K", "urban"),
        ]
    )
    broken = figures([100, 200, 300], [40, 50, 60])
    broken.loc[(broken["unit"] == "A") & (broken["residence"] == "total"), "n"] = 150
    assert ("A", "total") not in [(r.total[0], r.total[1]) for r in find_relations(counts(broken), PARENTS)]


def test_one_small_cell_takes_others_with_it() -> None:
    # A's village has 12 children. Its town would give it away, and so would the other villages and the
    # country's village: one more cell in its row, one in its column, and one that closes the rectangle.
    frame = figures([100, 200, 300], [12, 50, 60])
    shown = protect_figures(frame, parents=PARENTS)
    status = shown.report.set_index(["unit", "residence"])["status"]
    assert status[("A", "rural")] == "primary"
    assert (status.drop(("A", "rural")) == "complementary").all()
    assert len(status) == 4
    hidden = shown.figures["flag"].eq("suppressed")
    assert shown.figures.loc[hidden, ["value", "se", "n"]].isna().all(axis=None)
    assert shown.figures.loc[~hidden, ["value", "se", "n"]].notna().all(axis=None)
    pd.testing.assert_frame_equal(frame, figures([100, 200, 300], [12, 50, 60]))  # nothing changed in place
    assert shown.report["reason"].str.contains("fewer than 25|give a hidden cell away").all()


def test_the_attacker_solves_what_subtraction_gives_away() -> None:
    frame = figures([100, 200, 300], [12, 50, 60])
    amounts = counts(frame)
    relations = find_relations(amounts, PARENTS)
    only = pd.Series([k[:2] == ("A", "rural") for k in amounts.index], index=amounts.index)
    table = attack_cells(amounts, only, relations)
    assert table["derived"].tolist() == [True]
    assert table["low"].iloc[0] == pytest.approx(12)
    with pytest.raises(PrivacyError, match="worked out"):
        refuse_disclosure(amounts, only, relations)
    status = suppress_cells(amounts, relations)
    hidden = status["status"].ne("")
    refuse_disclosure(amounts, hidden, relations)
    safe = attack_cells(amounts, hidden, relations)
    assert (safe["low"] <= safe["amount"] + 1e-6).all()
    assert (safe["high"] >= safe["amount"] - 1e-6).all()


def test_a_nonnegative_cell_may_be_pinned_by_bounds_alone() -> None:
    # Hidden 3 and 4 of a published total 7: nobody is below zero, so both lie in 0..7.
    amounts = pd.Series([7.0, 3.0, 4.0], index=["t", "a", "b"])
    table = attack_cells(
        amounts, pd.Series([False, True, True], index=amounts.index), [Relation("t", ("a", "b"))]
    )
    assert table.loc["a", ["low", "high"]].tolist() == pytest.approx([0, 7])
    alone = attack_cells(amounts, pd.Series([False, True, True], index=amounts.index), [])
    assert np.isinf(alone["high"]).all()
    rounded = attack_cells(
        pd.Series([7.0, 3.0, 4.0], index=["t", "a", "b"]),
        pd.Series([False, True, False], index=amounts.index),
        [Relation("t", ("a", "b"))],
        rounding=2.5,
    )
    assert rounded.loc["a", ["low", "high"]].tolist() == pytest.approx([0, 8])
    assert not rounded["derived"].any()


def test_protection_asks_for_room_around_the_cell() -> None:
    # 24 and 1 children hidden in a sum of 25: without room the 24 could be said to lie in 0..25.
    amounts = pd.Series([25.0, 24.0, 1.0, 500.0, 525.0], index=["t", "a", "b", "c", "all"])
    relations = [Relation("t", ("a", "b")), Relation("all", ("t", "c"))]
    loose = suppress_cells(amounts, relations, rule=DisclosureRule(protection=0))
    tight = suppress_cells(amounts, relations, rule=DisclosureRule(protection=0.5))
    assert loose["status"].ne("").sum() == 2
    assert tight["status"].ne("").sum() > 2


def test_boundary_of_the_least_count_and_empty_cells() -> None:
    amounts = pd.Series([25.0, 24.0, 0.0], index=["a", "b", "c"])
    assert suppress_cells(amounts, [])["status"].tolist() == ["", "primary", ""]
    assert suppress_cells(amounts, [], rule=DisclosureRule(least_count=0))["status"].eq("").all()
    with pytest.raises(AnalysisError):
        DisclosureRule(least_count=-1)
    with pytest.raises(AnalysisError):
        DisclosureRule(dominance=1.5)


def test_one_contributor_that_dominates_is_hidden() -> None:
    data = pd.DataFrame(
        {"place": ["A"] * 30 + ["B"] * 30, "home": [*[0] * 29, 1, *range(30)], "w": [1.0] * 60}
    )
    cells = count_cells(data, ["place"], weight="w", contributor="home")
    assert cells["n"].tolist() == [30, 30]
    assert cells["largest"].tolist() == pytest.approx([29 / 30, 1 / 30])
    status = suppress_cells(cells["n"], [], rule=DisclosureRule(dominance=0.85), largest=cells["largest"])
    assert status["status"].tolist() == ["primary", ""]
    assert "one contributor" in status["reason"].iloc[0]


def test_rows_without_counts_and_other_years_are_left_alone() -> None:
    frame = figures([100, 200], [12, 50])
    uncounted = frame.assign(indicator="other", n=np.nan)
    later = frame.assign(year=2024, n=frame["n"] + 100)
    shown = protect_figures(pd.concat([frame, uncounted, later], ignore_index=True), parents=PARENTS)
    assert shown.figures[shown.figures["indicator"] == "other"]["value"].notna().all()
    assert shown.figures[shown.figures["year"] == 2024]["value"].notna().all()
    marked = frame.assign(flag="synthetic")
    assert "synthetic;suppressed" in protect_figures(marked, parents=PARENTS).figures["flag"].tolist()
    with pytest.raises(PrivacyError, match="same cell"):
        protect_figures(pd.concat([frame, frame], ignore_index=True), parents=PARENTS)


def test_rounding() -> None:
    amounts = pd.Series([12.0, 13.0, 2.4, 2.5])
    assert round_amounts(amounts, base=5).tolist() == [10, 15, 0, 5]
    many = round_amounts(pd.Series(np.full(20_000, 12.0)), base=5, method="random", seed=1)
    assert set(many) == {10.0, 15.0}
    assert many.mean() == pytest.approx(12, abs=0.1)
    with pytest.raises(AnalysisError, match="seed"):
        round_amounts(amounts, method="random")


def check_hidden(frame: pd.DataFrame, parents: dict[str, str]) -> int:
    shown = protect_figures(frame, parents=parents)
    amounts = counts(frame)
    relations = find_relations(amounts, parents)
    hidden = pd.Series(shown.figures["n"].isna().to_numpy(), index=amounts.index)
    table = attack_cells(amounts, hidden, relations)
    primary = set(amounts.index[(amounts > 0) & (amounts < 25)])
    assert primary <= set(amounts.index[hidden])
    exposed = table.loc[[k for k in table.index if k in primary], "derived"]
    assert not exposed.any()
    return int(hidden.sum())


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=3).flatmap(
        lambda town: st.tuples(
            st.just(town), st.lists(st.integers(0, 60), min_size=len(town), max_size=len(town))
        )
    )
)
def test_no_small_cell_can_be_derived(pair: tuple[list[int], list[int]]) -> None:
    check_hidden(figures(*pair), PARENTS)


def test_districts_within_oblasts_within_the_country() -> None:
    rng = np.random.default_rng(7)
    parents: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for o in range(6):
        parents[f"o{o}"] = "K"
        for d in range(5):
            parents[f"o{o}d{d}"] = f"o{o}"
            rows += [
                {"unit": f"o{o}d{d}", "residence": residence, "n": int(rng.lognormal(4, 0.9))}
                for residence in ("urban", "rural")
            ]
    leaves = pd.DataFrame(rows)
    up = (
        leaves.assign(unit=leaves["unit"].map(parents))
        .groupby(["unit", "residence"], as_index=False)["n"]
        .sum()
    )
    top = up.assign(unit="K").groupby(["unit", "residence"], as_index=False)["n"].sum()
    cells = pd.concat([leaves, up, top])
    total = cells.groupby("unit", as_index=False)["n"].sum().assign(residence="total")
    frame = pd.concat([cells, total], ignore_index=True)
    frame = frame.assign(
        indicator="poor", year=2023, value=1.0, se=0.1, source="s", flag=None, sex=None, group=None
    )
    small = int(((frame["n"] > 0) & (frame["n"] < 25)).sum())
    hidden = check_hidden(frame[list(col.FIGURE_COLUMNS)], parents)
    assert small > 3
    assert small < hidden < len(frame) * 0.6
