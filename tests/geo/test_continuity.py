"""What continues what: carried rates, ground counted twice, breaks of series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import atlasgeo as ag
from atlasgeo.continuity import ancestors, carry, double_counts, reform_breaks, refuse_double_counts, trace
from atlasgeo.errors import AnalysisError, BoundaryError, DataError
from atlasgeo.periods import end_of

KAZ = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "kaz"
UNITS = ag.read_units(KAZ / "units.csv")


def test_successors_inherit_the_rate_and_say_so() -> None:
    old = ag.in_force(UNITS, level="oblast", year=2015).index
    values = pd.Series(np.arange(16.0), index=old)
    values["430000000"] = np.nan
    shown = carry(values, UNITS, level="oblast", from_year=2015, to_year=2023)
    assert list(shown.index) == list(ag.in_force(UNITS, level="oblast", year=2023).index)
    assert shown.columns.tolist() == ["value", "origin", "flag"]
    carried = shown[shown["flag"] == "carried"]
    assert carried["origin"].to_dict() == {
        "100000000": "630000000",
        "190000000": "190000000",
        "330000000": "190000000",
        "350000000": "350000000",
        "610000000": "510000000",
        "620000000": "350000000",
        "630000000": "630000000",
        "790000000": "510000000",
    }
    assert shown["value"].equals(shown["origin"].map(values).rename("value"))
    assert np.isnan(shown.loc["430000000", "value"])
    assert shown.loc["430000000", "flag"] == ""


def test_one_reform_between() -> None:
    old = ag.in_force(UNITS, level="oblast", year=2019).index
    shown = carry(pd.Series(1.0, index=old), UNITS, level="oblast", from_year=2019, to_year=2023)
    assert sorted(shown.index[shown["flag"] == "carried"]) == [
        *("100000000", "190000000", "330000000", "350000000", "620000000", "630000000"),
    ]


def test_the_same_map_carries_nothing() -> None:
    old = ag.in_force(UNITS, level="oblast", year=2022).index
    shown = carry(pd.Series(1.0, index=old), UNITS, level="oblast", from_year=2022, to_year=2024)
    assert set(shown["flag"]) == {""}
    assert (shown["origin"] == shown.index).all()


def test_units_without_a_value_stay_missing() -> None:
    shown = carry(pd.Series({"110000000": 5.0}), UNITS, level="oblast", from_year=2023, to_year=2023)
    assert shown["value"].count() == 1
    empty = carry(pd.Series(dtype=float), UNITS, level="oblast", from_year=2015, to_year=2023)
    assert empty["value"].isna().all()


def test_what_cannot_be_carried_is_refused() -> None:
    with pytest.raises(AnalysisError, match="carried back"):
        carry(pd.Series({"110000000": 1.0}), UNITS, level="oblast", from_year=2023, to_year=2015)
    with pytest.raises(BoundaryError, match="100000000"):  # not in force in 2015
        carry(pd.Series({"100000000": 1.0}), UNITS, level="oblast", from_year=2015, to_year=2023)
    twice = pd.Series([1.0, 2.0], index=["110000000"] * 2)
    with pytest.raises(DataError, match="several values"):
        carry(twice, UNITS, level="oblast", from_year=2015, to_year=2023)


def test_ground_is_traced_back_and_forth() -> None:
    def district(code: str, on: int, day: int) -> str | None:
        return trace(UNITS, [code], level="district", on=end_of(on), day=end_of(day))[code]

    assert district("101010000", 2024, 2023) == "101000000"  # Zhanasemey was in Semey
    assert district("101010000", 2024, 2019) == "632800000"  # which had another code
    assert district("101010000", 2024, 2015) is None
    assert district("632200000", 2019, 2024) == "101800000"  # Kurchatov changed its code only
    assert district("101010000", 2019, 2024) is None  # not in force then
    assert trace(UNITS, ["630000000"], level="oblast", on=end_of(2019), day=end_of(2023)) == {
        "630000000": None
    }


def test_ancestors_are_other_codes_only() -> None:
    before = ancestors(UNITS, level="oblast")
    assert before["790000000"] == before["610000000"] == {"510000000"}
    assert "630000000" not in before
    assert ancestors(UNITS, level="district")["101010000"] == {"101000000", "632800000"}


def table(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Return figures of one indicator."""
    return pd.DataFrame(rows, columns=["unit", "year", "value"]).assign(indicator="births")


def test_south_kazakhstan_beside_its_parts_is_counted_twice() -> None:
    figures = table(
        *[(code, year, 1.0) for year in (2014, 2016) for code in ("510000000", "610000000", "790000000")],
        ("510000000", 2012, 1.0),
        ("610000000", 2019, 1.0),
        ("790000000", 2019, 1.0),
        ("110000000", 2014, 1.0),
    )
    found = double_counts(figures, UNITS, level="oblast", by=["indicator"])
    assert found[["year", "indicator", "former", "part"]].to_numpy().tolist() == [
        [2014, "births", "510000000", "610000000"],
        [2014, "births", "510000000", "790000000"],
        [2016, "births", "510000000", "610000000"],
        [2016, "births", "510000000", "790000000"],
    ]
    assert "was part of 510000000" in found["reason"].iloc[0]
    with pytest.raises(DataError, match="510000000 beside 610000000, 790000000 in 2014-2016"):
        refuse_double_counts(figures, UNITS, level="oblast")


def test_another_series_or_a_missing_value_counts_nothing_twice() -> None:
    figures = table(("510000000", 2014, 1.0), ("610000000", 2014, np.nan))
    refuse_double_counts(figures, UNITS, level="oblast")
    figures = pd.concat(
        [table(("510000000", 2014, 1.0)), table(("610000000", 2014, 1.0)).assign(indicator="deaths")]
    )
    refuse_double_counts(figures, UNITS, level="oblast", by=["indicator"])
    with pytest.raises(DataError, match="2014"):
        refuse_double_counts(figures, UNITS, level="oblast")


def test_repeated_values_are_no_observations() -> None:
    ag.refuse_not_observed(pd.Series(["", "suspect", None, "modelled;suspect"], index=list("abcd")))
    for flag in ("carried", "oblast value"):
        flags = pd.Series(["", f"modelled;{flag}"], index=["a", "b"])
        with pytest.raises(AnalysisError, match=f"1 of 2 marked '{flag}': b") as caught:
            ag.refuse_not_observed(flags, what="a local statistic")
        assert str(caught.value).startswith("a local statistic")
        assert caught.value.exit_code == 6


def test_breaks_of_series_are_the_years_of_the_reforms() -> None:
    breaks = reform_breaks(ag.read_country(KAZ), UNITS, level="oblast")
    years = {code: sorted(found) for code, found in breaks.items()}
    assert years == {
        **{code: [2018] for code in ("610000000", "790000000")},
        **{f"{two}0000000": [2022] for two in (10, 19, 33, 35, 62, 63)},
    }
    assert set(breaks["630000000"][2022]) == {"en", "ru", "kk"}
