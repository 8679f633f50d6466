"""The counting tables: what adds up, the same in a study as from a file, and what is hidden of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from childatlas import measure_children
from childatlas.assembly.survey_counting import COUNTING_TABLES, Counting, counting_tables
from childatlas.child_counts import count_tables, protect_counts
from childatlas.child_disclosure import DEEP, EVERYBODY, POOR_CHILDREN, hide_groups
from childatlas.child_figures import Places, count_places
from childatlas.definitions import Definitions, read_definitions
from childatlas.inquiry.guard import Guard
from childatlas.measures.answers import apply_definitions
from childatlas.measures.publication import PublicationRule
from childatlas.simulate.files import _sources
from childatlas.simulate.plan import read_plan
from childatlas.simulate.sample import simulate_survey

DESIGN = {"weight": "weight", "stratum": "stratum", "cluster": "cluster"}
GROUPS = ("oblast", "residence")
PLACES = Places("oblast", "residence", "unit")
CUTOFF = 1 / 3
NUMBERS = ["estimate", "se", "low", "high", "cv"]
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions("kaz")


@pytest.fixture(scope="module")
def children(definitions: Definitions) -> pd.DataFrame:
    sources = {k: v for k, v in _sources(read_plan("kaz")).items() if k != "definitions"}
    return simulate_survey(read_plan("kaz"), definitions, **sources, children=2500, seed=5).children


@pytest.fixture(scope="module")
def raw(children: pd.DataFrame, definitions: Definitions) -> Tables:
    """The tables before any protection."""
    applied = apply_definitions(children, definitions)
    histogram = count_places(applied, definitions, places=Places(*GROUPS), design=DESIGN)
    return count_tables(histogram, definitions, GROUPS, cutoff=CUTOFF)


@pytest.fixture(scope="module")
def from_file(
    children: pd.DataFrame, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> Tables:
    path: Path = tmp_path_factory.mktemp("counts") / "children.parquet"
    children.to_parquet(path)
    return measure_children(path, definitions, design=DESIGN, by=GROUPS).tables


def quality_of(*hidden: tuple[str, str, str]) -> pd.DataFrame:
    """What the figures say: (unit, indicator, residence) that disclosure control hides."""
    rows = pd.DataFrame(hidden, columns=["unit", "indicator", "residence"])
    return rows.assign(reason="disclosure control", quality="suppress")


def tables_of(children: pd.DataFrame, definitions: Definitions, quality: pd.DataFrame) -> Tables:
    applied = apply_definitions(children, definitions)
    histogram = count_places(applied, definitions, places=PLACES, design=DESIGN)
    counting = Counting(histogram, definitions, PLACES, CUTOFF, quality)
    return counting_tables(counting, Guard({}, flag="synthetic"), national="398")


@pytest.fixture(scope="module")
def units(children: pd.DataFrame) -> list[str]:
    return sorted(children["oblast"].astype(str).unique())


@pytest.fixture(scope="module")
def studied(children: pd.DataFrame, definitions: Definitions, units: list[str]) -> Tables:
    hidden = [(units[0], "deprived_headcount", "rural"), (units[1], "deprived_adjusted", "total")]
    return tables_of(children, definitions, quality_of(*hidden))


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a study's table under the groups of a file's: country and totals read ``all``."""
    own = table[table["level"] != "district"]
    oblast, side = own["unit"].replace({"": EVERYBODY}), own["residence"].replace({"total": EVERYBODY})
    rest = [
        c for c in ("measure", "item", "dimension", "other", "count", "first", "second", "cutoff") if c in own
    ]
    return own.assign(oblast=oblast, residence=side).set_index([*GROUPS, *rest]).sort_index()


class TestWhatAddsUp:
    def test_numbers_of_dimensions(self, raw: Tables) -> None:
        table = raw["moda"]
        places = [table["oblast"], table["residence"]]
        exact = table["estimate"].where(table["measure"] == "exactly")
        np.testing.assert_allclose(exact.groupby(places).sum(), 1.0)
        for dimension, own in table[table["dimension"] != ""].groupby("dimension"):
            by = [own["oblast"], own["residence"]]
            parts = own["estimate"].where(own["measure"] == "overlap").groupby(by).sum()
            whole = own["estimate"].where(own["measure"] == "headcount").groupby(by).sum()
            np.testing.assert_allclose(parts, whole, err_msg=str(dimension))

    def test_shares_of_groups_have_errors_and_add_up(self, raw: Tables) -> None:
        table = raw["decomposition"]
        assert table.loc[table["measure"] == "contribution", "se"].gt(0).mean() > 0.8
        kind = table[list(GROUPS)].eq(EVERYBODY).astype(str).agg("".join, axis=1)
        assert kind.nunique() == 3, "by oblast, by residence and by both"
        for _, own in table.groupby(kind):
            by = own.pivot_table(index=list(GROUPS), columns="measure", values="estimate", dropna=False)
            assert by["contribution"].sum() == pytest.approx(1.0)
            assert by["population_share"].sum() == pytest.approx(1.0)
            whole = raw["alkire_foster"].query("oblast == 'all' and residence == 'all'").set_index("measure")
            added = (by["population_share"] * by["adjusted"]).sum()
            assert added == pytest.approx(whole.loc["adjusted", "estimate"])

    def test_share_of_children_is_a_ratio_of_the_survey(
        self, raw: Tables, children: pd.DataFrame, definitions: Definitions
    ) -> None:
        """The share of the villages among the children, and its error, by the ratio of two totals."""
        from childatlas.inquiry.sample import take_sample
        from childatlas.measures.survey import survey_ratio

        applied = apply_definitions(children, definitions)
        sample = take_sample(applied, definitions, places=Places(*GROUPS), design=DESIGN, cutoff=CUTOFF).frame
        counted = sample["__deprived"].notna().astype(float)
        rural = counted * (sample["residence"] == "rural")
        ratio = survey_ratio(sample.assign(rural=rural, all=counted), "rural", "all", **DESIGN)
        own = raw["decomposition"].set_index([*GROUPS, "measure"]).sort_index()
        row = own.loc[(EVERYBODY, "rural", "population_share")]
        assert row["estimate"] == pytest.approx(float(ratio["estimate"].iloc[0]))
        assert row["se"] == pytest.approx(float(ratio["se"].iloc[0]), rel=1e-6)


class TestStudy:
    def test_tables_are_those_of_a_file(self, studied: Tables, from_file: Tables) -> None:
        """Where neither hides a number, both print the same one."""
        assert set(studied) == set(COUNTING_TABLES) <= set(from_file)
        for name in COUNTING_TABLES:
            ours, theirs = keyed(studied[name]), from_file[name]
            theirs = theirs.set_index(list(ours.index.names)).sort_index()
            assert ours.index.equals(theirs.index), name
            both = ours["estimate"].notna() & theirs["estimate"].notna()
            assert both.sum() > 30, name
            pd.testing.assert_frame_equal(
                ours.loc[both, NUMBERS], theirs.loc[both, NUMBERS], check_dtype=False
            )

    def test_hidden_places_have_no_number(self, studied: Tables, units: list[str]) -> None:
        for name, table in studied.items():
            own = table[(table["unit"] == units[0]) & (table["residence"] == "rural")]
            assert len(own), name
            assert own[[*NUMBERS, "n"]].isna().all(axis=None), name
            assert own["flag"].eq("synthetic;suppressed").all(), name
            assert own["reason"].eq("disclosure control").all(), name

    def test_where_the_deprived_are_hidden_the_headcount_stays(
        self, studied: Tables, units: list[str]
    ) -> None:
        for name in ("alkire_foster", "moda", "count", "curve", "decomposition"):
            own = studied[name][(studied[name]["unit"] == units[1]) & (studied[name]["residence"] == "total")]
            deep = own["measure"].isin(DEEP)
            assert own.loc[deep, NUMBERS].isna().all(axis=None), name
            assert own.loc[~deep, "estimate"].notna().any(), name
        assert {"relative", "severity"} <= set(DEEP), "they give contribution and depth away"

    def test_districts_have_what_all_their_children_stand_behind(self, studied: Tables) -> None:
        for name, table in studied.items():
            inside = table[table["level"] == "district"]
            assert not inside["measure"].isin(DEEP).any(), name
            assert len(inside) == 0 or name in ("alkire_foster", "moda", "count", "curve")
        assert studied["moda"]["level"].eq("district").sum() > 100

    def test_the_rule_of_the_figures(self, studied: Tables) -> None:
        rule = PublicationRule()
        for name, table in studied.items():
            shown = table[table["estimate"].notna()]
            assert (shown["n"] >= rule.least_count).all(), name
            assert (shown["se"] > 0).all(), name
            assert not (shown["cv"] > rule.cv_suppress).any(), name
            assert table["flag"].str.contains("synthetic").all(), name


class TestCurve:
    def test_higher_cutoffs_hide_more(self, raw: Tables) -> None:
        """At no cutoff is one number of the few deprived to be had from the others that add up to it."""
        rule = PublicationRule()
        few = hide_groups(raw["alkire_foster"], GROUPS, rule, count=POOR_CHILDREN)
        whole = hide_groups(raw["alkire_foster"], GROUPS, rule)
        safe = protect_counts(raw, GROUPS, (whole, few), cutoff=CUTOFF, rule=rule, flag="")["curve"]
        behind = raw["curve"][POOR_CHILDREN]
        deep = raw["curve"]["measure"].eq("intensity")
        high = deep & raw["curve"]["cutoff"].gt(CUTOFF)
        small = high & behind.between(1, rule.least_count - 1)
        assert small.sum() > 20
        assert safe.loc[small, "estimate"].isna().all()
        assert safe.loc[high & behind.ge(rule.least_count), "estimate"].notna().any()
        for _, own in safe[high].groupby("cutoff"):
            secret = own["reason"].isin(["too few deprived children"]) | own["n"].isna()
            cells = own.assign(secret=secret, empty=behind[own.index].eq(0))
            for side, part in cells[~cells["empty"]].groupby("residence"):
                total = part["oblast"].eq(EVERYBODY)
                assert part["secret"].sum() != 1 or not (~total).any(), side

    def test_order_and_rows_are_kept(self, raw: Tables, from_file: Tables) -> None:
        keys: list[Any] = [*GROUPS, "cutoff", "measure"]
        pd.testing.assert_frame_equal(raw["curve"][keys], from_file["curve"][keys])
        assert POOR_CHILDREN not in from_file["curve"]
