"""The synthetic survey: it meets official margins, knows its truth, and says everywhere it is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from atlasgeo.units import read_units
from childatlas.definitions import Definitions, read_definitions
from childatlas.errors import AnalysisError, DataError, StudyError
from childatlas.measures.answers import apply_definitions
from childatlas.measures.deprivation import measure_deprivation
from childatlas.measures.relations import count_relation
from childatlas.shipped import data_folder
from childatlas.simulate.calibration import rake_weights
from childatlas.simulate.census import write_census
from childatlas.simulate.margins import rake_rates, scale_means
from childatlas.simulate.model import Model, build_model
from childatlas.simulate.plan import SurveyPlan, read_plan
from childatlas.simulate.sample import Simulation, draw_survey
from childatlas.simulate.truth import true_values


@pytest.fixture(scope="session")
def sources() -> dict[str, pd.DataFrame]:
    figures = data_folder() / "indicators" / "kaz" / "figures.csv"
    return {
        "figures": pd.read_csv(figures, dtype={"unit": str}, low_memory=False),
        "gazetteer": read_units(data_folder() / "boundaries" / "kaz" / "units.csv"),
    }


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return read_definitions("kaz")


@pytest.fixture(scope="session")
def model(sources: dict[str, pd.DataFrame], definitions: Definitions) -> Model:
    return build_model(read_plan("kaz"), definitions, **sources, seed=1)


@pytest.fixture(scope="session")
def made(model: Model, definitions: Definitions) -> Simulation:
    survey, margins = draw_survey(model, definitions, children=8_000, seed=1)
    return Simulation(survey, true_values(model, definitions), margins)


def test_raking_by_hand() -> None:
    # One oblast, half in town: a total of 30 % and a country of 20 and 40 % give the country's own values.
    table = pd.DataFrame({"oblast": ["A", "A"], "residence": ["urban", "rural"], "value": [30.0, 30.0]})
    rates = rake_rates(table, np.array([1.0, 1.0]), {"urban": 20.0, "rural": 40.0})
    np.testing.assert_allclose(rates, [20, 40], atol=1e-6)
    two = pd.concat([table, table.assign(oblast="B", value=90.0)], ignore_index=True)
    rates = rake_rates(two, np.array([3.0, 1, 1, 3]), {"urban": 20.0, "rural": 40.0})
    assert np.average(rates[:2], weights=[3, 1]) == pytest.approx(30, abs=1e-6)
    assert np.average(rates[2:], weights=[1, 3]) == pytest.approx(90, abs=1e-6)
    town, village = np.average(rates[[0, 2]], weights=[3, 1]), np.average(rates[[1, 3]], weights=[1, 3])
    assert village / town == pytest.approx(2, rel=1e-6)
    assert (rates <= 100).all()
    assert rake_rates(table.assign(value=0.0), np.ones(2), {"urban": 20.0, "rural": 40.0}).tolist() == [0, 0]
    means = scale_means(table.assign(value=24.0), np.array([1.0, 3.0]), {"urban": 20.0, "rural": 30.0})
    np.testing.assert_allclose(means, [24 * 20 / 27.5, 24 * 30 / 27.5])


def test_the_population_meets_every_official_margin(model: Model, definitions: Definitions) -> None:
    truth = true_values(model, definitions)
    oblasts = truth[truth["level"] == "oblast"]
    for row in model.margins.itertuples():
        found = 100 * oblasts.loc[(row.oblast, row.residence), row.item]
        assert found == pytest.approx(row.value, abs=2e-5)
    routes = model.margins.groupby("item")["route"].unique()
    assert set(routes["unskilled_birth"]) == {"direct"}
    assert "raked" in set(routes["poor"])  # urban and rural poverty are published for the country alone
    assert "direct" not in set(routes["poor"])
    assert {"carried", "raked"} == set(routes["stunting"])  # MICS knew 16 units


def test_oblast_totals_are_the_published_ones(model: Model, sources: dict[str, pd.DataFrame]) -> None:
    figures = sources["figures"]
    official = figures[
        (figures["indicator"] == "poverty_subsistence")
        & (figures["year"] == 2023)
        & (figures["residence"] == "total")
        & figures["sex"].isna()
    ].set_index("unit")["value"]
    poor = model.margins[model.margins["item"] == "poor"].merge(model.strata, on=["oblast", "residence"])
    mean = poor.groupby("oblast").apply(lambda g: np.average(g["value"], weights=g["children"]))
    np.testing.assert_allclose(mean, official.reindex(mean.index), atol=1e-6)
    national = poor.groupby("residence").apply(lambda g: np.average(g["value"], weights=g["children"]))
    assert national["rural"] / national["urban"] == pytest.approx(7.0 / 4.1, rel=1e-6)


def test_the_sample_meets_the_margins_it_can(made: Simulation, model: Model) -> None:
    official = made.margins[made.margins["route"] != "invented"]
    met = official[official["met"]]
    assert len(met) > 0.6 * len(official)
    np.testing.assert_allclose(met["sample"], met["value"], atol=1e-6)
    lost = official[~official["met"]]
    assert lost["value"].median() < 5  # mostly rare ones are out of reach
    assert official.loc[official["item"] == "violence", "met"].mean() > 0.9
    children = made.children
    by_stratum = children.groupby(["oblast", "residence"])["weight"].sum()
    wanted = model.strata.set_index(["oblast", "residence"])["children"]
    np.testing.assert_allclose(by_stratum, wanted.sort_index(), rtol=1e-9)
    assert children.groupby("cluster")["stratum"].nunique().max() == 1
    assert children.groupby("stratum")["cluster"].nunique().min() >= 2
    housing = children.groupby(["oblast", "residence"])[["housing_m2", "weight"]].apply(
        lambda g: np.average(g["housing_m2"], weights=g["weight"])
    )
    means = model.means.set_index(["oblast", "residence"])["value"].sort_index()
    np.testing.assert_allclose(housing, means, rtol=1e-9)


def test_everything_says_that_it_is_synthetic(made: Simulation) -> None:
    assert made.children["flag"].eq("synthetic").all()
    assert made.truth["flag"].eq("synthetic").all()
    assert 7_000 < len(made.children) < 9_000
    assert made.children["age"].between(0, 17).all()
    below = made.children["income"] < read_plan("kaz").line
    assert (below == (made.children["poor"] == 1)).all()


def test_households_share_what_is_theirs(made: Simulation, definitions: Definitions) -> None:
    shared = [q.column for i in definitions.items if i.describes == "household" for q in i.questions]
    homes = made.children.groupby("household")[[*shared, "income", "mother_education", "weight_base"]]
    assert homes.nunique().max(axis=None) == 1


def test_answers_lead_back_to_the_truth(made: Simulation, model: Model, definitions: Definitions) -> None:
    applied = apply_definitions(made.children, definitions)
    counted = count_relation(
        applied, [i.id for i in definitions.items], weight="weight", by=["oblast"], stratum="stratum",
        cluster="cluster", applies=definitions.applies(),
    )  # fmt: skip
    result = measure_deprivation(counted.histogram, definitions.weights(), definitions.cutoff)
    truth = made.truth.xs("total", level="residence").loc[result.adjusted.index]
    z = (result.adjusted - truth["adjusted"]) / result.errors.adjusted
    assert z.abs().max() < 4.5
    assert abs(z.mean()) < 1
    assert counted.records == len(made.children)
    assert counted.outside == 0


def test_truth_is_what_a_large_census_shows(
    model: Model, definitions: Definitions, tmp_path: Path, made: Simulation
) -> None:
    path = write_census(model, tmp_path / "census.parquet", children=300_000, seed=2)
    table = pd.read_parquet(path)
    assert len(table) == 300_000
    assert table["flag"].eq("synthetic").all()
    assert pq.read_schema(path).metadata[b"flag"] == b"synthetic"
    country = made.truth[made.truth["level"] == "country"].xs("total", level="residence").iloc[0]
    for item in definitions.items:
        assert table[item.id].mean() == pytest.approx(country[item.id], abs=0.008)
    complete = table.dropna(subset=[i.id for i in definitions.items if not i.ages])
    weights = definitions.weights().to_numpy()[complete["age_group"]]
    score = (complete[[i.id for i in definitions.items]].fillna(0).to_numpy() * weights).sum(axis=1)
    poor = score >= definitions.cutoff - 1e-9
    assert poor.mean() == pytest.approx(country["headcount"], abs=0.008)
    assert (poor * score).mean() == pytest.approx(country["adjusted"], abs=0.004)


def test_truth_adds_up(made: Simulation) -> None:
    truth = made.truth
    districts = truth[truth["level"] == "district"].xs("total", level="residence")
    country = truth[truth["level"] == "country"].xs("total", level="residence").iloc[0]
    assert np.average(districts["adjusted"], weights=districts["children"]) == pytest.approx(
        country["adjusted"]
    )
    assert districts["children"].sum() == pytest.approx(country["children"])
    assert (truth["adjusted"] <= truth["headcount"]).all()
    assert districts["adjusted"].std() > 0.01


def test_the_same_seed_gives_the_same_survey(model: Model, definitions: Definitions) -> None:
    one, _ = draw_survey(model, definitions, children=1_500, seed=5)
    two, _ = draw_survey(model, definitions, children=1_500, seed=5)
    three, _ = draw_survey(model, definitions, children=1_500, seed=6)
    pd.testing.assert_frame_equal(one, two)
    assert not one["weight_base"].equals(three["weight_base"])
    with pytest.raises(AnalysisError, match="too few children"):
        draw_survey(model, definitions, children=200, seed=5)


def test_weights_are_raked_or_left() -> None:
    weight = np.ones(4)
    excess = np.array([[0.5], [0.5], [-0.5], [0.5]])  # three of four have it, half should
    found, met = rake_weights(weight, excess, 8.0)
    assert met.tolist() == [True]
    np.testing.assert_allclose(found, [4 / 3, 4 / 3, 4, 4 / 3])
    found, met = rake_weights(weight, np.full((4, 1), -0.2), 8.0)  # nobody has it
    assert met.tolist() == [False]
    np.testing.assert_allclose(found, 2)


def test_files_bear_the_word(tmp_path: Path) -> None:
    from childatlas.simulate.files import write_simulation

    facts = write_simulation("kaz", tmp_path, children=1_500, seed=3)
    assert all(Path(f).name.startswith("synthetic_kaz_") for f in facts["files"])
    notice = json.loads((tmp_path / "synthetic_kaz_notice.json").read_text(encoding="utf-8"))
    assert notice["flag"] == "synthetic"
    assert pd.read_csv(tmp_path / "synthetic_kaz_margins.csv")["flag"].eq("synthetic").all()
    census = write_simulation("kaz", tmp_path, children=1_000, seed=3, census=True)
    assert len(pd.read_parquet(census["files"][0])) == 1_000


def test_a_plan_has_to_say_everything(sources: dict[str, Any], definitions: Definitions) -> None:
    plan = read_plan("kaz")
    fewer = SurveyPlan.model_validate({**plan.model_dump(), "invented": {}})
    with pytest.raises(DataError, match="neither an official margin"):
        build_model(fewer, definitions, **sources, seed=1)
    with pytest.raises(DataError, match="urban share"):
        build_model(
            SurveyPlan.model_validate({**plan.model_dump(), "urban_share": {}}),
            definitions,
            **sources,
            seed=1,
        )
    with pytest.raises(StudyError, match="kaz"):
        read_plan("kza")
