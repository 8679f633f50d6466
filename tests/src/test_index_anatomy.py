"""What an index is made of: drivers, diagnosis, audit, comparison, imputation, change over time."""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError, DataError, StudyError
from childatlas.measures.audit import audit_index
from childatlas.measures.change import build_panel, convergence, decompose_change
from childatlas.measures.comparison import compare_indices, imputation_effect
from childatlas.measures.diagnosis import cronbach_alpha, diagnose, principal_components
from childatlas.measures.drivers import explain_distance
from childatlas.measures.importance import first_order_effect
from childatlas.measures.imputation import impute
from childatlas.measures.index import build_index
from childatlas.measures.recipe_parts import Imputation
from childatlas.measures.shapley import owen, shapley_by_enumeration, shapley_by_product

BETTER, WORSE = "higher_is_better", "higher_is_worse"
UNITS = [f"u{i}" for i in range(8)]
TABLE = pd.DataFrame(np.random.default_rng(0).normal(50, 10, (8, 6)).round(2), UNITS, list("abcdef"))
NATIONAL = pd.Series({i: 49.0 + n for n, i in enumerate("abcdef")})
SCALE = {"method": "min-max", "scale": [1, 100]}


def recipe(top: str = "arithmetic", bottom: str = "arithmetic", **more: object) -> dict[str, object]:
    groups = [{"id": g, "level": "component"} for g in ("one", "two", "three")]
    indicators = [
        {"id": i, "parent": ("one", "two", "three")[n // 2], "direction": BETTER if n % 2 else WORSE}
        for n, i in enumerate("abcdef")
    ]
    levels = [{"id": "index", "aggregation": top}, {"id": "component", "aggregation": bottom}]
    return {"levels": levels, "groups": groups, "indicators": indicators, "normalisation": SCALE, **more}


def brute_force(game, players: int) -> np.ndarray:  # type: ignore[no-untyped-def] # a plain function of a set
    """Shapley values as the mean over all orders."""
    phi = np.zeros(players)
    for order in itertools.permutations(range(players)):
        inside: set[int] = set()
        for i in order:
            phi[i] += game(inside | {i}) - game(inside)
            inside.add(i)
    return phi / factorial(players)


def test_shapley_by_enumeration_is_the_mean_over_all_orders() -> None:
    values = np.random.default_rng(1).random(2**4)

    def game(inside: set[int]) -> float:
        return float(values[sum(1 << i for i in inside)])

    found = shapley_by_enumeration(lambda s: values[s @ (1 << np.arange(4))], 4)
    np.testing.assert_allclose(found, brute_force(game, 4), atol=1e-12)


def test_shapley_of_a_product_is_exact() -> None:
    tables = [
        np.random.default_rng(2).random(8) + 0.5,
        np.random.default_rng(3).random(4) + 0.5,
        np.array([2.0, 3.0]),
    ]

    def value(s: np.ndarray) -> np.ndarray:
        return tables[0][s[:, :3] @ [1, 2, 4]] * tables[1][s[:, 3:5] @ [1, 2]] * tables[2][s[:, 5] * 1]

    np.testing.assert_allclose(
        np.concatenate(shapley_by_product(tables)), shapley_by_enumeration(value, 6), atol=1e-12
    )


class Group:
    def __init__(self, *parts: str) -> None:
        self.parts = parts


def test_owen_enters_groups_as_wholes() -> None:
    # v = 1 where all of a, b, c are in; {a, b} is one group: c has 1/2, a and b share the other half
    nodes = {"root": Group("g", "c"), "g": Group("a", "b")}
    found = owen("root", nodes, ["a", "b", "c"], lambda s, _: s.all(axis=1).astype(float))
    assert found == pytest.approx({"a": 0.25, "b": 0.25, "c": 0.5})


def test_drivers_of_arithmetic_means_are_weight_times_difference() -> None:
    index = build_index(TABLE, recipe())
    found = explain_distance(index, NATIONAL)
    assert found.method == "weights"
    expected = (index.normalised - found.reference) * index.weights
    pd.testing.assert_frame_equal(found.contributions, expected, check_names=False)
    np.testing.assert_allclose(found.unexplained, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("top", "bottom"), [("geometric", "arithmetic"), ("geometric", "geometric"), ("harmonic", "arithmetic")]
)
def test_drivers_of_other_means_are_shapley_values_and_add_up(top: str, bottom: str) -> None:
    index = build_index(TABLE, recipe(top, bottom))
    found = explain_distance(index, NATIONAL)
    assert found.method == "shapley"
    np.testing.assert_allclose(found.contributions.sum(axis=1), found.explained, atol=1e-9)
    np.testing.assert_allclose(found.unexplained, 0, atol=1e-9)
    base, own = found.reference.to_numpy(), index.normalised.loc["u3"].to_numpy()
    outer = {"geometric": lambda c: np.prod(c) ** (1 / 3), "harmonic": lambda c: 3 / sum(1 / x for x in c)}[
        top
    ]
    inner = {"arithmetic": np.mean, "geometric": lambda x: np.prod(x) ** 0.5}[bottom]

    def game(inside: set[int]) -> float:
        x = [own[i] if i in inside else base[i] for i in range(6)]
        return float(outer([inner(x[0:2]), inner(x[2:4]), inner(x[4:6])]))

    np.testing.assert_allclose(found.contributions.loc["u3"], brute_force(game, 6), atol=1e-9)


def test_a_product_too_large_to_enumerate_is_still_exact() -> None:
    names = [f"i{n}" for n in range(20)]
    table = pd.DataFrame(np.random.default_rng(5).normal(50, 10, (6, 20)), [f"u{i}" for i in range(6)], names)
    wide = {
        "levels": [{"id": "index", "aggregation": "geometric"}, {"id": "component"}],
        "groups": [{"id": f"g{n}", "level": "component"} for n in range(4)],
        "indicators": [{"id": i, "parent": f"g{n // 5}", "direction": BETTER} for n, i in enumerate(names)],
        "normalisation": SCALE,
    }
    found = explain_distance(build_index(table, wide), "median")
    assert found.method == "shapley"
    np.testing.assert_allclose(found.contributions.sum(axis=1), found.explained, atol=1e-9)
    np.testing.assert_allclose(found.unexplained, 0, atol=1e-9)
    wide["levels"] = [{"id": "index", "aggregation": "harmonic"}, {"id": "component"}]
    grouped = explain_distance(build_index(table.iloc[:2], wide), "median")
    assert grouped.method == "owen"
    np.testing.assert_allclose(grouped.unexplained, 0, atol=1e-9)


def test_what_only_one_of_the_two_has_is_told_apart() -> None:
    table = TABLE.copy()
    table.loc["u1", "a"] = np.nan
    index = build_index(table, recipe())
    found = explain_distance(index, NATIONAL.drop("f"))
    assert np.isnan(found.contributions.loc["u1", "a"])
    assert found.contributions["f"].isna().all()
    national = build_index(table, recipe()).recipe
    assert national is not None
    assert found.unexplained["u1"] != 0


def test_a_ranking_has_no_distance_to_a_reference() -> None:
    with pytest.raises(AnalysisError, match="copeland"):
        explain_distance(build_index(TABLE, recipe("copeland")), NATIONAL)
    with pytest.raises(AnalysisError, match="placed among ranks"):
        explain_distance(build_index(TABLE, recipe(normalisation="rank")), NATIONAL)
    with pytest.raises(DataError, match="no figure of the index"):
        explain_distance(build_index(TABLE, recipe()), pd.Series({"zzz": 1.0}))


def test_alpha_and_components_by_hand() -> None:
    two = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [2.0, 1, 4, 3]})  # r = 0.6
    assert cronbach_alpha(two) == pytest.approx(2 * 0.6 / 1.6)
    components = principal_components(two)
    assert components["eigenvalue"].tolist() == pytest.approx([1.6, 0.4])
    assert components["share"].tolist() == pytest.approx([0.8, 0.2])
    assert components.loc[1, ["x", "y"]].tolist() == pytest.approx([0.8**0.5, 0.8**0.5])
    assert np.isnan(cronbach_alpha(two[["x"]]))


def test_diagnosis_says_what_carries_no_information() -> None:
    table = TABLE.assign(
        a=[4.9, 4.8, 4.9, 5.0, 4.7, 4.9, 4.8, 4.9],  # unemployment: all within a few rounding units
        b=[100.0] * 7 + [99.0],
        c=7.0,
        d=np.nan,
        f=2 * TABLE["e"] + 1,
    )
    found = diagnose(build_index(table, recipe()))
    assert found.information["verdict"].to_dict() == {
        "a": "near-constant",
        "b": "near-constant",
        "c": "constant",
        "d": "no figures",
        "e": "",
        "f": "",
    }
    assert found.information.loc["b", "same"] == 7 / 8
    assert found.pairs.query("first == 'e' and second == 'f'")["finding"].tolist() == [
        "conflict"
    ]  # opposite senses
    assert found.missing["d"].all()
    noisy = diagnose(
        build_index(TABLE, recipe()), standard_errors=pd.DataFrame(3 * TABLE.std()["a"], TABLE.index, ["a"])
    )
    assert noisy.information.loc["a", "verdict"] == "mostly noise"


def test_importance_of_a_curve_and_of_nothing() -> None:
    rng = np.random.default_rng(7)
    x = rng.uniform(-1, 1, 400)
    assert first_order_effect(x, 3 * x) == pytest.approx(1)
    assert first_order_effect(x, x**2) > 0.95  # the correlation is 0
    assert first_order_effect(x, rng.normal(size=400)) < 0.1
    found = diagnose(build_index(TABLE, recipe())).importance
    assert found["nominal"].sum() == pytest.approx(1)
    assert found["realised"].sum() == pytest.approx(1)


def test_the_audit_has_ten_steps_with_reasons() -> None:
    index = build_index(TABLE, recipe())
    table = audit_index(index, others=pd.DataFrame({"same": index.scores * 2}))
    assert table.index.tolist() == list(range(1, 11))
    assert set(table["verdict"]) <= {"pass", "look", "fail"}
    assert table["reason"].str.len().min() > 10
    assert table.loc[9, "verdict"] == "look"
    assert "same" in table.loc[9, "reason"]
    broken = audit_index(build_index(TABLE.assign(a=1.0), recipe()))
    assert broken.loc[5, "verdict"] == "fail"
    assert "a" in broken.loc[5, "reason"]


def test_two_indices_side_by_side() -> None:
    first = build_index(TABLE, recipe())
    second = build_index(TABLE.drop(index="u0"), recipe(direction=WORSE))
    found = compare_indices(first, second)
    assert found.only_first == ("u0",)
    assert len(found.table) == 7
    assert compare_indices(first, first).spearman == pytest.approx(1)
    assert compare_indices(first, first).mean_shift == 0
    with pytest.raises(DataError, match="no unit in common"):
        compare_indices(first, build_index(TABLE.rename(index=str.upper), recipe()))


def test_imputation_is_flagged_and_its_effect_shown() -> None:
    table = TABLE.copy()
    table.loc["u2", ["a", "b"]] = np.nan
    index = build_index(table, recipe(imputation="nearest"))
    assert index.imputed.loc["u2", ["a", "b"]].all()
    assert index.imputed.to_numpy().sum() == 2
    assert index.coverage["u2"] == pytest.approx(2 / 3)
    assert (index.notes["kind"] == "imputed").sum() == 2
    effect = imputation_effect(table, recipe(imputation="nearest"))
    assert effect["imputed"].tolist() == [0, 0, 2, 0, 0, 0, 0, 0]
    assert effect["rank_with"].notna().all()


def test_imputations_by_hand() -> None:
    table = pd.DataFrame({"x": [1.0, 2, 10, np.nan], "y": [1.0, 2, 10, 1.9]}, index=list("pqrs"))
    groups = pd.Series({"p": "n", "q": "n", "r": "s", "s": "n"})
    mean, flagged = impute(table, Imputation(method="group-mean"), groups=groups)
    assert mean.loc["s", "x"] == 1.5
    assert flagged.to_numpy().sum() == 1
    assert impute(table, Imputation(method="nearest", k=1))[0].loc["s", "x"] == 2
    assert impute(table, Imputation())[0].isna().to_numpy().sum() == 1
    with pytest.raises(AnalysisError, match="group of each unit"):
        impute(table, Imputation(method="group-mean"))
    with pytest.raises(DataError, match="without a group"):
        impute(table, Imputation(method="group-mean"), groups=groups.drop("p"))


def test_em_follows_the_regression_line() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=300)
    full = pd.DataFrame({"x": x, "y": 2 * x + 0.1 * rng.normal(size=300)})
    gaps = full.mask(pd.DataFrame({"x": np.zeros(300, bool), "y": rng.random(300) < 0.2}))
    filled, flagged = impute(gaps, Imputation(method="em"))
    error = (filled - full)["y"][flagged["y"]]
    assert (
        error.abs().mean() < 0.25
    )  # the ridge of 0.05 draws a little towards the mean; the spread of y is 2
    np.testing.assert_array_equal(filled[~flagged].to_numpy(), gaps.to_numpy())


def panel_of(*tables: pd.DataFrame, **more: object) -> object:
    return build_panel({2015 + 5 * n: t for n, t in enumerate(tables)}, recipe(), **more)  # type: ignore[arg-type]


def test_goalposts_of_all_years_make_scores_comparable() -> None:
    panel = panel_of(TABLE, TABLE)
    np.testing.assert_allclose(panel.scores[2015], panel.scores[2020])
    better = TABLE.assign(b=TABLE["b"] + 5)
    moved = panel_of(TABLE, better)
    reach = max(TABLE["b"].max(), better["b"].max()) - TABLE["b"].min()
    np.testing.assert_allclose(moved.scores[2020] - moved.scores[2015], 99 * 5 / reach / 6)
    with pytest.raises(StudyError, match="does not compare"):
        build_panel({2015: TABLE}, recipe(normalisation="rank"))
    with pytest.raises(DataError, match="no year"):
        build_panel({}, recipe())


@pytest.mark.parametrize("top", ["arithmetic", "geometric"])
def test_a_change_is_the_sum_of_its_parts(top: str) -> None:
    later = TABLE + np.random.default_rng(9).normal(0, 3, TABLE.shape)
    later.loc["u1", "a"] = np.nan
    panel = build_panel({2015: TABLE, 2020: later}, recipe(top), breaks={2018: "reform"})
    table = decompose_change(panel, 2015, 2020)
    parts = table[list("abcdef")].sum(axis=1) + table["figures_that_came_or_went"]
    np.testing.assert_allclose(parts, table["change"], atol=1e-9)
    np.testing.assert_allclose(table["change"], panel.scores[2020] - panel.scores[2015], atol=1e-9)
    assert table["figures_that_came_or_went"].drop("u1").abs().max() < 1e-9
    assert table["break"].eq("2018: reform").all()
    with pytest.raises(DataError, match="no such year"):
        decompose_change(panel, 2014, 2020)


def test_convergence_of_units_that_halve_their_gap() -> None:
    mean = TABLE.mean()
    panel = panel_of(TABLE, mean + (TABLE - mean) / 2, breaks={2018: "reform"})
    found = convergence(panel)
    assert found.beta == pytest.approx(-0.5 / 5)
    assert found.half_life == pytest.approx(5)
    assert found.sigma.loc[2020, "sd"] == pytest.approx(found.sigma.loc[2015, "sd"] / 2)
    assert found.sigma_slope == pytest.approx(np.log(0.5) / 5)
    assert found.breaks == {2018: "reform"}
