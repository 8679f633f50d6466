"""Questions to a survey: the children in memory, what is hidden of the answers, and the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from childatlas import measure_children
from childatlas.child_figures import Places, estimate_children
from childatlas.child_questions import QuestionsPlan, read_questions
from childatlas.definitions import Definitions, read_definitions
from childatlas.errors import StudyError
from childatlas.figures.additive import Relation, cell_keys, find_relations
from childatlas.figures.attacker import attack_cells
from childatlas.figures.suppression import DisclosureRule, suppress_cells
from childatlas.inquiry.engine import Questions, inquire
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import DEPRIVED, Sample, cut_classes, take_sample
from childatlas.inquiry.truth import compare_truth
from childatlas.measures.answers import apply_definitions
from childatlas.measures.logit import Cells, fit_logit, standard_columns
from childatlas.simulate.files import _sources
from childatlas.simulate.plan import read_plan
from childatlas.simulate.sample import simulate_survey
from childatlas.study_questions import (
    GapPlan,
    GroupPlan,
    InequalityPlan,
    LinePlan,
    PovertyPlan,
    ProfilePlan,
)

DESIGN = {"weight": "weight", "stratum": "stratum", "cluster": "cluster"}
PLACES = Places("oblast", "residence")
QUESTIONS = Questions(
    income="income",
    line=48_000.0,
    poverty=PovertyPlan(
        lines=(LinePlan(id="all", amount=48_000), LinePlan(id="half", share=0.6)),
        predictors=("mother_education", "household_size"),
        threshold="rate",
    ),
    inequality=InequalityPlan(
        groups=(GroupPlan(column="mother_education", order=("primary", "secondary", "vocational", "higher")),)
    ),
    gap=GapPlan(
        predictors=("mother_education", "household_size"),
        category=("mother_education",),
        replicates=20,
        slow_replicates=20,
    ),
    profiles=ProfilePlan(
        factors=("sex", "household_size", "mother_education"), cut={"household_size": (4, 6)}
    ),
)


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions("kaz")


@pytest.fixture(scope="module")
def children(definitions: Definitions) -> pd.DataFrame:
    sources = {k: v for k, v in _sources(read_plan("kaz")).items() if k != "definitions"}
    return simulate_survey(read_plan("kaz"), definitions, **sources, children=3000, seed=5).children


@pytest.fixture(scope="module")
def sample(children: pd.DataFrame, definitions: Definitions) -> Sample:
    return taken(children, definitions)


def taken(children: pd.DataFrame, definitions: Definitions) -> Sample:
    applied = apply_definitions(children, definitions)
    return take_sample(
        applied, definitions, places=PLACES, design=DESIGN, cutoff=1 / 3, columns=QUESTIONS.columns()
    )


@pytest.fixture(scope="module")
def guard(sample: Sample) -> Guard:
    parents = dict.fromkeys(sample.frame["oblast"].unique(), "")
    hidden = Guard(parents).hidden_cells(sample.counts(sample.frame[DEPRIVED].notna()))
    return Guard(parents, withheld=frozenset(key[:2] for key in hidden), flag="synthetic")


@pytest.fixture(scope="module")
def answers(sample: Sample, guard: Guard) -> dict[str, pd.DataFrame]:
    return inquire(sample, QUESTIONS, guard, seed=3)


class TestSample:
    def test_deprived_is_what_counting_says(
        self, sample: Sample, children: pd.DataFrame, definitions: Definitions
    ) -> None:
        counted = estimate_children(children, definitions, places=PLACES, design=DESIGN, cutoff=1 / 3)
        head = (
            counted[counted["indicator"] == "deprived_headcount"]
            .set_index(["unit", "residence"])
            .sort_index()
        )
        known = sample.frame.dropna(subset=[DEPRIVED])
        for (unit, side), rows in known.groupby(["oblast", "residence"]):
            share = 100 * np.average(rows[DEPRIVED], weights=rows["weight"])
            assert share == pytest.approx(head.loc[(unit, side), "value"], abs=1e-9)
            assert len(rows) == head.loc[(unit, side), "n"]

    def test_order_of_rows_changes_nothing(
        self, sample: Sample, children: pd.DataFrame, definitions: Definitions
    ) -> None:
        other = taken(children.sample(frac=1, random_state=1), definitions)
        pd.testing.assert_frame_equal(sample.frame, other.frame)

    def test_classes_of_numbers(self) -> None:
        found = cut_classes(pd.Series([1, 3.9, 4, 5, 6, 40, np.nan]), (4, 6))
        assert found.iloc[:6].tolist() == [
            "under 4",
            "under 4",
            "4 to 5",
            "4 to 5",
            "6 and more",
            "6 and more",
        ]
        assert found.isna().tolist() == [False] * 6 + [True]

    def test_unknown_column_names_the_nearest(self, children: pd.DataFrame, definitions: Definitions) -> None:
        from childatlas.errors import AnalysisError

        applied = apply_definitions(children, definitions)
        with pytest.raises(AnalysisError, match="mother_educatoin") as error:
            take_sample(
                applied, definitions, places=PLACES, design=DESIGN, cutoff=1 / 3, columns=["mother_educatoin"]
            )
        assert "mother_education" in str(error.value)


def random_cells(seed: int) -> pd.DataFrame:
    """Counts of four places, town and village, and their sums, by three groups and in all."""
    rng = np.random.default_rng(seed)
    rows = [
        (unit, side, f"g={g}", float(rng.choice([0, 3, 12, 40, 90, 200])))
        for unit in "abcd"
        for side in ("urban", "rural")
        for g in "xyz"
    ]
    cells = pd.DataFrame(rows, columns=["unit", "residence", "group", "n"])
    total = cells.groupby(["unit", "group"], as_index=False)["n"].sum().assign(residence="total")
    cells = pd.concat([cells, total])
    country = cells.groupby(["residence", "group"], as_index=False)["n"].sum().assign(unit="")
    cells = pd.concat([cells, country])
    whole = cells.groupby(["unit", "residence"], as_index=False)["n"].sum().assign(group="")
    return pd.concat([cells, whole], ignore_index=True)


class TestGuard:
    @pytest.mark.parametrize("seed", range(12))
    def test_no_hidden_group_can_be_solved_for(self, seed: int) -> None:
        cells = random_cells(seed)
        parents = dict.fromkeys("abcd", "")
        base = Guard(parents).hidden_cells(cells[cells["group"] == ""])
        away = frozenset(key[:2] for key in base)
        hidden = Guard(parents, withheld=away).hidden_cells(cells)
        table = cells.assign(sex="")
        n = pd.Series(table["n"].to_numpy(), index=cell_keys(table))
        gone = pd.Series([(u, r, g) in hidden for u, r, _, g in n.index], index=n.index)
        small = n.between(1, 24)
        assert gone[small].all()
        shown_places = [k for k in n.index if k[3] == "" and (k[0], k[1]) not in away]
        assert not gone[shown_places].any(), "places that stand in another table stay shown"
        found = attack_cells(n, gone & n.gt(0), find_relations(n, parents), targets=small)
        assert not found["derived"].any()

    def test_country_groups_are_decided_first(self) -> None:
        cells = random_cells(4)
        alone = cells[(cells["unit"] == "") & (cells["residence"] == "total")]
        parents = dict.fromkeys("abcd", "")
        whole, part = (Guard(parents).hidden_cells(table) for table in (cells, alone))
        assert {k for k in whole if k[0] == "" and k[1] == "total" and k[2]} == {k for k in part if k[2]}

    def test_kept_cells_are_never_chosen(self) -> None:
        counts = pd.Series({"all": 100.0, "a": 5.0, "b": 30.0, "c": 65.0})
        sums = [Relation("all", ("a", "b", "c"))]
        free = suppress_cells(counts, sums, rule=DisclosureRule())
        assert free.loc[["a", "b"], "status"].tolist() == ["primary", "complementary"]
        kept = pd.Series([True, False, True, False], index=counts.index)
        held = suppress_cells(counts, sums, rule=DisclosureRule(), kept=kept)
        assert held["status"].tolist() == ["", "primary", "", "complementary"]

    def test_withheld_cells_are_guarded(self) -> None:
        counts = pd.Series({"all": 200.0, "a": 60.0, "b": 70.0, "c": 70.0})
        away = pd.Series([False, True, False, False], index=counts.index)
        found = suppress_cells(counts, [Relation("all", ("a", "b", "c"))], withheld=away)
        assert found["status"].ne("").sum() >= 2


class TestAnswers:
    def test_every_question_is_answered(self, answers: dict[str, pd.DataFrame]) -> None:
        assert "questions_unanswered" not in answers
        assert {
            "poverty", "poverty_overlap", "vulnerability", "inequality_groups", "inequality_income",
            "inequality_parts", "gap_places", "gap_kitagawa", "gap_parts", "gap_predictors",
            "gap_counterfactual", "risk_groups", "risk_models",
        } <= set(answers)  # fmt: skip
        for name, table in answers.items():
            assert table["flag"].str.contains("synthetic").all(), name

    def test_parts_add_up(self, answers: dict[str, pd.DataFrame]) -> None:
        parts = answers["gap_parts"].set_index(["outcome", "method", "part"])["value"].sort_index()
        for outcome in ("deprived", "poor"):
            for method in ("oaxaca, pooled", "logit, yun"):
                whole = parts[(outcome, method)]
                assert whole["explained"] + whole["unexplained"] == pytest.approx(whole["gap"], abs=1e-12)
        overlap = answers["poverty_overlap"]
        country = overlap[(overlap["unit"] == "") & (overlap["residence"] == "total")].set_index("share")
        four = country.loc[["both", "poor only", "deprived only", "neither"], "estimate"]
        assert four.sum() == pytest.approx(1.0)
        split = answers["inequality_parts"]
        theil = split[(split["measure"] == "theil") & (split["by"] == "oblast x residence")]
        assert theil.iloc[1:]["value"].sum() == pytest.approx(theil.iloc[0]["value"])

    def test_poverty_of_the_country_by_hand(
        self, answers: dict[str, pd.DataFrame], children: pd.DataFrame
    ) -> None:
        table = answers["poverty"].set_index(["line", "unit", "residence", "measure"])["value"].sort_index()
        poor, weight = children["income"] < 48_000, children["weight"]
        gap = (1 - children["income"] / 48_000).where(poor, 0.0)
        assert table[("all", "", "total", "headcount")] == pytest.approx(np.average(poor, weights=weight))
        assert table[("all", "", "total", "gap")] == pytest.approx(np.average(gap, weights=weight))
        assert table[("all", "", "total", "severity")] == pytest.approx(np.average(gap**2, weights=weight))

    def test_what_is_hidden_has_no_number(self, answers: dict[str, pd.DataFrame]) -> None:
        for name in ("poverty", "poverty_overlap", "vulnerability", "inequality_income", "risk_groups"):
            table = answers[name]
            hidden = table["quality"] == "suppress"
            assert hidden.any(), name
            told = [
                c for c in ("value", "estimate", "risk", "others", "se", "low", "high", "share") if c in table
            ]
            numbers = [c for c in told if pd.api.types.is_numeric_dtype(table[c])]
            assert table.loc[hidden, numbers].isna().all(axis=None), name
            assert table.loc[hidden, "flag"].str.contains("suppressed").all(), name
            shown = table.loc[~hidden, "n"]
            assert (shown >= 25).all(), name

    def test_hidden_groups_cannot_be_solved_for_from_all_published_counts(
        self, answers: dict[str, pd.DataFrame], sample: Sample, guard: Guard
    ) -> None:
        table = answers["risk_groups"]
        for outcome in ("deprived", "poor"):
            for factor in ("sex", "household_size", "mother_education"):
                own = table[(table["outcome"] == outcome) & (table["factor"] == factor)]
                cells = own.assign(sex="", group=factor + "=" + own["group"].astype(str))
                n = pd.Series(cells["n"].to_numpy(dtype=float), index=cell_keys(cells))
                gone = n.isna()
                if not gone.any():
                    continue
                for unit, side in {(k[0], k[1]) for k in n.index[gone]}:
                    inside = [k for k in n.index if k[0] == unit and k[1] == side]
                    assert gone[inside].sum() != 1, (factor, unit, side)
        assert guard.withheld or sample is not None

    def test_same_seed_same_answers(
        self, answers: dict[str, pd.DataFrame], sample: Sample, guard: Guard
    ) -> None:
        small = Questions(income="income", line=48_000.0, gap=QUESTIONS.gap)
        first, second = (inquire(sample, small, guard, seed=3)["gap_places"] for _ in range(2))
        pd.testing.assert_frame_equal(first, second)
        assert len(answers["gap_places"]) == len(first)

    def test_unanswered_question_says_why(self, sample: Sample, guard: Guard) -> None:
        broken = sample.with_columns(income=-1.0)
        asked = Questions(income="income", line=1.0, poverty=QUESTIONS.poverty)
        tables = inquire(broken, asked, guard, seed=1)
        assert tables["questions_unanswered"]["question"].tolist() == ["poverty"]


class TestTruth:
    def test_covered_by_hand(self) -> None:
        estimates = pd.DataFrame(
            {
                "level": "oblast",
                "unit": ["a", "b", "c"],
                "residence": "total",
                "indicator": "deprived_headcount",
                "value": [20.0, 20.0, 20.0],
                "se": [1.0, 1.0, np.nan],
                "df": 1e6,
            }
        )
        keys = pd.MultiIndex.from_product([["a", "b", "c"], ["total"]])
        truth = pd.DataFrame({"headcount": [0.215, 0.23, 0.2]}, index=keys)
        tables = compare_truth(estimates, truth, hidden=[False, False, False], country="x")
        assert tables["truth"]["covers"].tolist()[:2] == [True, False]
        assert tables["truth"]["covers"].isna().tolist() == [False, False, True]
        row = tables["truth_coverage"].iloc[0]
        assert (row["cells"], row["covered"], row["share"]) == (2, 1, 0.5)

    def test_hidden_estimates_show_nothing(self) -> None:
        estimates = pd.DataFrame(
            {
                "level": "oblast", "unit": ["a"], "residence": "total", "indicator": "deprived_headcount",
                "value": [20.0], "se": [1.0], "df": [10.0],
            }
        )  # fmt: skip
        truth = pd.DataFrame({"headcount": [0.2]}, index=pd.MultiIndex.from_tuples([("a", "total")]))
        table = compare_truth(estimates, truth, hidden=[True], country="x")["truth"]
        assert table[["truth", "estimate", "se", "low", "high"]].isna().all(axis=None)
        assert table["flag"].tolist() == ["suppressed;synthetic"]


class TestOwnFile:
    @pytest.mark.parametrize(
        ("name", "how", "told"),
        [
            ("a.csv", {"sep": ";", "decimal": ","}, "semicolon, decimal comma"),
            ("b.tsv", {"sep": "\t", "decimal": "."}, "tab, decimal point"),
        ],
    )
    def test_text_files_give_the_answers_of_parquet(
        self,
        tmp_path: Path,
        children: pd.DataFrame,
        definitions: Definitions,
        *,
        name: str,
        how: dict[str, Any],
        told: str,
    ) -> None:
        plan = QuestionsPlan(
            income="income", line=48_000, poverty=PovertyPlan(lines=(LinePlan(id="a", amount=48_000),))
        )
        children.to_parquet(tmp_path / "p.parquet")
        children.to_csv(tmp_path / name, index=False, **how)
        one, two = (
            measure_children(
                tmp_path / f, definitions, design=DESIGN, by=("oblast", "residence"), questions=plan
            )
            for f in ("p.parquet", name)
        )
        assert told in two.report["read_as"]
        assert set(one.tables) == set(two.tables)
        for table in ("alkire_foster", "poverty"):
            pd.testing.assert_frame_equal(one.tables[table], two.tables[table], check_dtype=False)

    def test_questions_of_a_study(self) -> None:
        plan = read_questions("kazakhstan-children")
        assert plan.places == Places("oblast", "residence", "unit")
        assert plan.poverty is not None
        assert [line.id for line in plan.poverty.lines] == ["subsistence", "oblast", "relative"]

    def test_unknown_key_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "q.toml"
        path.write_text('incomes = "income"\n', encoding="utf-8")
        with pytest.raises(StudyError, match="incomes"):
            read_questions(path)

    @pytest.mark.parametrize(
        "line",
        [{}, {"amount": 1, "share": 0.6}, {"share": 0.6, "column": "x"}],
    )
    def test_a_line_is_one_thing(self, line: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="a line is one of"):
            LinePlan(id="a", **line)


def test_logit_of_joined_rows_is_that_of_rows() -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(400), rng.integers(0, 3, 400), rng.integers(0, 2, 400)]).astype(float)
    y, weight = (rng.random(400) < 0.3).astype(float), rng.uniform(0, 2, 400)
    weight[:50] = 0
    x = standard_columns(x, weight)[0]
    cells = Cells.of(x)
    assert len(cells.x) == 6
    np.testing.assert_allclose(cells.fit(y, weight), fit_logit(x[50:], y[50:], weight[50:]), atol=1e-9)
