"""Survey files of every kind, definitions applied to them, and bad ones refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from childatlas.child_tables import measure_children, parse_design, write_child_tables
from childatlas.definitions import Definitions, read_definitions
from childatlas.errors import AnalysisError, AtlasError, DataError, StudyError
from childatlas.figures.microdata import open_microdata
from childatlas.measures.answers import apply_definitions
from childatlas.measures.deprivation import measure_deprivation
from childatlas.measures.histogram import build_histogram, merge_groups
from childatlas.measures.relations import count_relation

SMALL = {
    "id": "small",
    "label": {"en": "Small"},
    "cutoff": 0.5,
    "threshold": 2,
    "age": {"column": "age", "missing": [99]},
    "survey": {"weight": "w", "stratum": "h", "cluster": "c", "by": ["place"]},
    "age_groups": [
        {"id": "young", "label": {"en": "0-4"}, "first": 0, "last": 4},
        {"id": "old", "label": {"en": "5-17"}, "first": 5, "last": 17},
    ],
    "dimensions": [
        {
            "id": "water",
            "label": {"en": "Water"},
            "items": [
                {
                    "id": "source",
                    "label": {"en": "Source"},
                    "describes": "household",
                    "questions": [
                        {
                            "column": "water",
                            "answers": ["River"],
                            "known": ["river", "pipe"],
                            "missing": ["dk", 8],
                        },
                        {"column": "minutes", "above": 30},
                    ],
                }
            ],
        },
        {
            "id": "growth",
            "label": {"en": "Growth"},
            "items": [
                {
                    "id": "stunted",
                    "label": {"en": "Stunted"},
                    "describes": "child",
                    "ages": ["young"],
                    "questions": [{"column": "haz", "below": -2, "missing": [99.9]}],
                },
                {
                    "id": "school",
                    "label": {"en": "School"},
                    "describes": "child",
                    "ages": ["old"],
                    "questions": [{"column": "attends", "answers": [0], "known": [0, 1]}],
                },
            ],
        },
    ],
}


def small(**changes: Any) -> Definitions:
    return Definitions.model_validate({**SMALL, **changes})


def records(**changes: Any) -> pd.DataFrame:
    data = {
        "age": [1.0, 3.0, 8.0, 16.0, 12.0, 2.0],
        "water": ["river", " Pipe ", "pipe", "dk", "RIVER", "pipe"],
        "minutes": [5.0, 40.0, 10.0, 5.0, np.nan, np.nan],
        "haz": [-2.5, -2.0, np.nan, np.nan, np.nan, 99.9],
        "attends": [np.nan, np.nan, 0.0, 1.0, 0.0, np.nan],
        "w": [1.0, 2.0, 1.0, 1.0, 1.0, 1.0],
        "h": [1, 1, 1, 2, 2, 2],
        "c": [1, 1, 2, 3, 4, 4],
        "place": ["a", "a", "a", "b", "b", "b"],
    }
    return pd.DataFrame({**data, **changes})


def flags(frame: pd.DataFrame, definitions: Definitions | None = None) -> pd.DataFrame:
    applied = apply_definitions(frame, definitions or small())
    return applied.project("source, stunted, school, __profile").df()


def applied(**changes: Any) -> Any:
    return apply_definitions(records(**changes), small())


def test_answers_become_deprivations() -> None:
    table = flags(records()).astype(object).where(lambda t: t.notna(), None)
    # River or more than 30 minutes; one yes decides though the other answer is missing, one no does not.
    assert table["source"].tolist() == [True, True, False, None, True, None]
    assert table["stunted"].tolist() == [True, False, None, None, None, None]
    assert table["school"].tolist() == [None, None, True, False, True, None]
    assert table["__profile"].tolist() == [0, 0, 1, 1, 1, 0]


def test_all_of_several_questions() -> None:
    content = {**SMALL, "dimensions": [{**SMALL["dimensions"][0]}, SMALL["dimensions"][1]]}
    item = {**content["dimensions"][0]["items"][0], "combine": "all"}
    content["dimensions"][0]["items"] = [item]
    table = flags(records(), Definitions.model_validate(content)).astype(object)
    assert table["source"].where(table["source"].notna(), None).tolist() == [
        False,
        False,
        False,
        False,
        None,
        False,
    ]


def test_measures_by_hand() -> None:
    counted = count_relation(
        apply_definitions(records(), small()), ["source", "stunted", "school"], weight="w", by=["place"],
        stratum="h", cluster="c", applies=small().applies(),
    )  # fmt: skip
    result = measure_deprivation(counted.histogram, small().weights(), 0.5)
    # a: children 1 (both), 2 (water; weight 2) and 3 (school) all reach half; b: child 5 alone is complete.
    assert result.n.tolist() == [3, 1]
    assert result.dropped.tolist() == [0, 2]
    assert result.headcount.tolist() == [1, 1]
    assert result.adjusted["a"] == pytest.approx((1 * 1 + 2 * 0.5 + 1 * 0.5) / 4)
    assert result.contribution.loc["a", "stunted"] == pytest.approx(0.5 / 2.5)
    everybody = measure_deprivation(merge_groups(counted.histogram, []), small().weights(), 0.5)
    assert everybody.adjusted == pytest.approx((2.5 + 1) / 5)


def test_measures_along_the_life_cycle() -> None:
    counted = count_relation(
        applied(), ["source", "stunted", "school"], by=["age_group"], applies=small().applies()
    )
    result = measure_deprivation(counted.histogram, small().weights(), 0.5)
    # Complete are children 1 and 2 (young), 3 and 5 (old); the items of the other age have no part.
    assert result.n.to_dict() == {"old": 2, "young": 2}
    assert result.contribution.loc["old", "stunted"] == 0
    assert result.adjusted["young"] == pytest.approx((1 + 0.5) / 2)
    own = apply_definitions(records(age_group=list("abcdef")), small())
    assert own.project("age_group").fetchall()[0] == ("a",)


def test_the_weights_are_nested() -> None:
    weights = read_definitions("kaz").weights()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.loc["5-14", "care"] == pytest.approx(1 / 7)
    assert weights.loc["5-14", "stunting"] == 0
    definitions = read_definitions("kaz")
    assert (len(definitions.items), len(definitions.dimensions)) == (20, 7)
    eu = read_definitions("eu17")
    assert (len(eu.items), eu.threshold) == (17, 3)


class TestBadFiles:
    def test_an_unknown_answer(self) -> None:
        with pytest.raises(DataError, match="1 records have an unknown answer: item source") as error:
            flags(records(water=["river", "pipe", "pipe", "dk", "moon", "pipe"]))
        assert "moon" in str(error.value)

    def test_a_question_that_is_not_there(self) -> None:
        with pytest.raises(DataError, match="lacks the question 'minutes'") as error:
            flags(records().rename(columns={"minutes": "minuts"}))
        assert "minuts" in str(error.value)

    @pytest.mark.parametrize("age", [-1.0, 121.0, 400.0])
    def test_an_impossible_age(self, age: float) -> None:
        with pytest.raises(DataError, match="age in column 'age'"):
            flags(records(age=[age, 3, 8, 16, 12, 2]))
        with pytest.raises(DataError, match="age in column 'age'"):
            flags(records(age=["old", "3", "8", "16", "12", "2"]))

    def test_ages_that_no_definition_covers_are_counted(self) -> None:
        frame = records(age=[1, 3, 18, 40, 99, 2])
        counted = count_relation(
            apply_definitions(frame, small()), ["source", "stunted", "school"], applies=small().applies()
        )
        assert (counted.records, counted.outside) == (6, 3)

    def test_nobody_of_an_age_that_is_covered(self) -> None:
        for ages in (40, np.nan, 99):
            with pytest.raises(DataError, match="no record is of an age") as error:
                flags(records(age=ages))
            assert "0-4, 5-17" in str(error.value)

    def test_columns_that_form_no_groups(self) -> None:
        with pytest.raises(AnalysisError, match="named twice as group"):
            count_relation(applied(), ["source"], by=["place", "place"])
        with pytest.raises(AnalysisError, match="named twice as item"):
            count_relation(applied(), ["source", "source"])
        with pytest.raises(AnalysisError, match="cannot form groups"):
            count_relation(applied().project("*, [place] AS places"), ["source"], by=["places"])

    def test_gaps_in_the_design_are_counted_in_records(self) -> None:
        with pytest.raises(DataError, match="2 records lack a value that the design needs") as error:
            count_relation(applied(h=[1, 1, 1, 2, np.nan, np.nan]), ["source"], stratum="h", cluster="c")
        assert "column h" in str(error.value)

    def test_nobody_answered_a_dimension(self) -> None:
        with pytest.raises(DataError, match="dimension 'growth'"):
            flags(records(haz=np.nan, attends=np.nan))

    def test_words_where_numbers_belong(self) -> None:
        with pytest.raises(DataError, match="unknown answer: item stunted"):
            flags(records(haz=["low", "-1", None, None, None, "99.9"]))

    @pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
    def test_weights(self, weight: float) -> None:
        applied = apply_definitions(records(w=[1, 1, 1, 1, 1, weight]), small())
        with pytest.raises(DataError, match="weight 'w' is wrong in 1 records"):
            count_relation(applied, ["source"], weight="w")

    def test_a_cluster_in_two_strata(self) -> None:
        applied = apply_definitions(records(h=[1, 2, 1, 2, 2, 2]), small())
        with pytest.raises(DataError, match="more than one stratum"):
            count_relation(applied, ["source"], weight="w", stratum="h", cluster="c")

    def test_definitions_that_cannot_be_meant(self, tmp_path: Path) -> None:
        for wrong, words in (
            ({"column": "x", "below": 1, "above": 2}, "one threshold"),
            ({"column": "x"}, "one threshold"),
            ({"column": "x", "answers": ["a"], "known": ["b"]}, "not among the known"),
        ):
            content = {**SMALL["dimensions"][0]["items"][0], "questions": [wrong]}
            with pytest.raises(ValueError, match=words):
                small(dimensions=[{"id": "d", "label": {}, "items": [content]}])
        with pytest.raises(ValueError, match="overlap"):
            small(age_groups=[*SMALL["age_groups"], {"id": "x", "label": {}, "first": 3, "last": 9}])
        (tmp_path / "d.toml").write_text('id = "d"\ncutof = 0.5\n', encoding="utf-8")
        with pytest.raises(StudyError, match="cutof"):
            read_definitions(tmp_path / "d.toml")
        with pytest.raises(StudyError, match="kaz"):
            read_definitions("kza")


class TestFiles:
    def test_csv_and_parquet_agree(self, tmp_path: Path) -> None:
        records().to_csv(tmp_path / "a.csv", index=False)
        records().to_parquet(tmp_path / "a.parquet")
        found = []
        for name in ("a.csv", "a.parquet"):
            with open_microdata(tmp_path / name) as survey:
                found.append(
                    apply_definitions(survey.relation, small()).project("source, stunted, school").df()
                )
        pd.testing.assert_frame_equal(found[0], found[1])

    def test_decimal_commas(self, tmp_path: Path) -> None:
        records().to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
        with open_microdata(tmp_path / "a.csv") as survey:
            found = apply_definitions(survey.relation, small()).project("source, stunted, school").df()
        pd.testing.assert_frame_equal(found, applied().project("source, stunted, school").df())

    @pytest.mark.parametrize("suffix", [".dta", ".sav", ".zsav"])
    def test_value_labels_are_applied(self, tmp_path: Path, suffix: str) -> None:
        frame = records(water=[1.0, 2.0, 2.0, 8.0, 1.0, 2.0], minutes=[5.0, 98.0, 10.0, 5.0, 7.0, 3.0])
        labels = {"water": {1: "River", 2: "Pipe", 8: "DK"}, "minutes": {98: "98 or more"}}
        path = tmp_path / f"survey{suffix}"
        if suffix == ".dta":
            pyreadstat.write_dta(
                frame, str(path), variable_value_labels=labels, column_labels={"water": "Source"}
            )
        else:
            pyreadstat.write_sav(
                frame, str(path), variable_value_labels=labels, column_labels={"water": "Source"},
                compress=suffix == ".zsav",
            )  # fmt: skip
        with open_microdata(path) as survey:
            table = survey.relation.df()
            assert survey.labels["water"] == "Source"
            assert survey.codes == {
                "minutes": {98.0: "98 or more"}
            }  # other minutes have no label: codes stay
            assert table["water"].tolist() == ["River", "Pipe", "Pipe", "DK", "River", "Pipe"]
            assert table["minutes"].tolist() == frame["minutes"].tolist()
            assert flags(table)["source"].tolist()[:3] == [True, True, False]

    def test_files_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no survey file"):
            open_microdata(tmp_path / "gone.csv")
        for name in ("a.doc", "b.parquet", "c.dta", "d.sav"):
            (tmp_path / name).write_bytes(b"not a survey")
            with pytest.raises(DataError, match=r"unknown kind|cannot be read"):
                open_microdata(tmp_path / name)
        (tmp_path / "empty.csv").write_text("age,w\n", encoding="utf-8")
        with pytest.raises(DataError, match="no records"):
            open_microdata(tmp_path / "empty.csv")


def test_counting_in_sql_is_counting_in_memory() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame((rng.random((500, 35)) < 0.3).astype(float), columns=[f"i{j}" for j in range(35)])
    frame = frame.mask(rng.random(frame.shape) < 0.002)
    items = list(frame.columns)
    frame["place"], frame["home"] = rng.choice(["a", "b", None], 500), rng.integers(0, 2, 500)
    counted = count_relation(frame, items, by=["place", "home"])
    plain = build_histogram(frame[items], by=[frame["place"], frame["home"]])
    weights = pd.Series(1 / 35, index=items)
    one, two = (measure_deprivation(h, weights, 0.3) for h in (counted.histogram, plain))
    pd.testing.assert_series_equal(one.adjusted, two.adjusted, check_names=False)
    pd.testing.assert_series_equal(one.n, two.n, check_names=False)
    assert counted.ungrouped == int(frame["place"].isna().sum())
    with pytest.raises(DataError, match="item 'i0'"):
        count_relation(frame.assign(i0=2.0), items)
    with pytest.raises(AnalysisError, match="no column 'j'"):
        count_relation(frame, ["j"])


def survey(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    cluster = np.sort(rng.integers(0, 20, n))
    age = rng.integers(0, 18, n)
    return pd.DataFrame(
        {
            "age": age,
            "water": rng.choice(["river", "pipe"], n, p=[0.4, 0.6]),
            "minutes": rng.integers(0, 60, n),
            "haz": np.where(age < 5, rng.normal(-1, 1, n), np.nan),
            "attends": np.where(age >= 5, rng.integers(0, 2, n), np.nan),
            "w": rng.uniform(1, 3, n),
            "h": cluster // 10,
            "c": cluster,
            "place": np.where(cluster < 16, "big", np.where(cluster < 19, "middle", "tiny")),
            "home": np.where(rng.random(n) < 0.5, "town", "village"),
        }
    )


def test_tables_hide_small_groups_and_mark_the_synthetic(tmp_path: Path) -> None:
    frame = survey()
    frame.to_csv(tmp_path / "s.csv", index=False)
    result = measure_children(tmp_path / "s.csv", small(), by=("place", "home"))
    table = result.tables["alkire_foster"]
    keys = table.groupby(["place", "home"])["n"].first()
    assert {("all", "all"), ("big", "all"), ("all", "town"), ("tiny", "village")} <= set(keys.index)
    assert keys[("all", "all")] == 400
    assert np.isnan(keys[("tiny", "village")])
    hidden = table[table["flag"] == "suppressed"]
    assert hidden["estimate"].isna().all()
    assert set(hidden["quality"]) == {"suppress"}
    assert result.report["groups_hidden"] >= 4  # the small ones and those that would give them away
    assert result.report["children_counted"] == 400
    everybody = table[(table["place"] == "all") & (table["home"] == "all")].set_index("measure")
    assert everybody.loc["headcount", "low"] < everybody.loc["headcount", "estimate"]
    frame.assign(flag="synthetic").to_parquet(tmp_path / "s.parquet")
    invented = measure_children(tmp_path / "s.parquet", small(), by=())
    assert all(t["flag"].str.startswith("synthetic").all() for t in invented.tables.values())
    written = write_child_tables(invented, tmp_path / "out")
    assert all(path.name.startswith("synthetic_") for path in written)
    assert {p.name for p in written} >= {"synthetic_alkire_foster.csv", "synthetic_report.json"}


def test_the_design_is_written_in_pairs() -> None:
    assert parse_design("weight=w, stratum=h,cluster=c+b,nest=yes") == {
        "weight": "w",
        "stratum": "h",
        "cluster": ["c", "b"],
        "nest": True,
    }
    for wrong in ("w", "weigth=w", "weight="):
        with pytest.raises(StudyError, match="pairs"):
            parse_design(wrong)


def test_the_commands_run(tmp_path: Path) -> None:
    import typer
    from typer.testing import CliRunner

    from childatlas.children_commands import register

    app = typer.Typer()
    register(app)
    runner = CliRunner()
    made = runner.invoke(app, ["simulate", "kaz", "--children", "1500", "--seed", "2", "-o", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert "invented" in made.output
    file = str(tmp_path / "synthetic_kaz_children.parquet")
    read = runner.invoke(app, ["children", file, "--by", "residence", "-o", str(tmp_path / "out"), "--json"])
    assert read.exit_code == 0, read.output
    assert (tmp_path / "out" / "synthetic_moda.csv").exists()


HOSTILE = st.one_of(
    st.none(), st.floats(), st.integers(-5, 150), st.text(max_size=4), st.sampled_from(["river", "pipe"])
)


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[HOSTILE] * 9), min_size=100, max_size=100))
def test_a_hundred_hostile_rows_are_refused_in_words_or_measured(
    tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    pd.DataFrame(rows, columns=list(records().columns)).to_csv(tmp_path / "h.csv", index=False)
    refusal, result = "", None
    try:
        result = measure_children(tmp_path / "h.csv", small())
    except AtlasError as error:
        refusal = str(error)
    assert len(refusal) > 20 if result is None else result.report["records"] == 100


def test_yes_and_no_in_a_csv_stay_words(tmp_path: Path) -> None:
    (tmp_path / "small.csv").write_text("a,b\nyes,1\nno,2\n,3\n", encoding="utf-8")
    with open_microdata(tmp_path / "small.csv") as survey:
        assert [row[0] for row in survey.relation.fetchall()] == ["yes", "no", None]
