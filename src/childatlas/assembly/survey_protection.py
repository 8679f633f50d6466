"""What of a survey's figures may be shown: disclosure control first, then the rule of publication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from atlasgeo.columns import FLAG, INDICATOR, LEVEL, PARENT, RESIDENCE, SE, SUPPRESSED, UNIT, VALUE, YEAR, N
from childatlas.child_figures import BEHIND
from childatlas.measures.publication import SUPPRESS, PublicationRule, judge_estimates

if TYPE_CHECKING:
    from childatlas.assembly.ground import Ground
    from childatlas.study import PrivacyPlan

__all__ = ["DISCLOSURE", "UNRELIABLE", "parents_of", "protect_survey"]

DISCLOSURE, UNRELIABLE = "disclosure control", "unreliable"


def protect_survey(
    table: pd.DataFrame, ground: Ground, privacy: PrivacyPlan, *, national: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table with hidden cells blank, and what is said of the quality of every cell.

    Parameters
    ----------
    table : DataFrame
        In table form with ``level`` and ``behind``, as `childatlas.child_figures.estimate_children` has them.
    ground : Ground
        Whose gazetteer says which unit lies in which.
    privacy : PrivacyPlan
    national : str
        Code of the country.

    Returns
    -------
    (DataFrame, DataFrame)
        The table, hidden rows without value, error and (where it is a secret) count, flagged ``suppressed``;
        and ``unit, indicator, year, residence, quality, reason, flag``. The reason does not tell a small cell
        from one that only guards it: that would help to work the small one out.
    """
    from childatlas.figures.privacy import DisclosureRule, protect_figures

    counted = table.assign(**{N: table[BEHIND]})
    rule = DisclosureRule(least_count=privacy.least_count)
    guarded = protect_figures(counted, parents=parents_of(table, ground, national), rule=rule)
    secret = table.index.isin(guarded.report.index)
    judged = judge_estimates(
        table.assign(cv=table[SE] / table[VALUE].abs().where(table[VALUE] != 0)),
        PublicationRule(
            least_count=privacy.least_count,
            caution_count=max(privacy.caution_count, privacy.least_count),
            cv_caution=privacy.cv_caution,
            cv_suppress=privacy.cv_suppress,
        ),
    )
    vague = (judged["quality"] == SUPPRESS).to_numpy() & ~secret
    hidden = secret | vague
    flags = table[FLAG].where(~hidden, [";".join(f for f in (SUPPRESSED, own) if f) for own in table[FLAG]])
    shown = table.assign(
        **{
            VALUE: table[VALUE].mask(hidden),
            SE: table[SE].mask(hidden),
            N: table[N].mask(secret),
            FLAG: flags,
        }
    )
    quality = pd.DataFrame(
        {
            **{c: table[c] for c in (UNIT, INDICATOR, YEAR, RESIDENCE)},
            "quality": np.where(hidden, SUPPRESS, judged["quality"]),
            "reason": np.select([secret, vague], [DISCLOSURE, UNRELIABLE], judged["reason"]),
            FLAG: flags,
        }
    )
    return shown, quality


def parents_of(table: pd.DataFrame, ground: Ground, national: str) -> Mapping[str, str]:
    """Return the unit above each: districts to oblasts, oblasts to the country."""
    units = ground.gazetteer
    own = units[units[UNIT].isin(table[UNIT].unique()) & units["valid_to"].isna()]
    above = {str(u): str(p) for u, p in zip(own[UNIT], own[PARENT], strict=True) if isinstance(p, str) and p}
    oblasts = table.loc[table[LEVEL] == "oblast", UNIT].unique()
    return {**above, **{str(u): national for u in oblasts if str(u) != national}}
