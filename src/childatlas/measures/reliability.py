"""Do indicators measure one thing? Alpha, alpha without each of them, and whether factors may be sought."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["cronbach_alpha", "item_reliability", "sampling_adequacy"]

_LEAST = 3


def _moving(parts: pd.DataFrame) -> pd.DataFrame:
    complete = parts.dropna()
    return complete.loc[:, complete.max() > complete.min()]


def cronbach_alpha(parts: pd.DataFrame) -> float:
    """Return Cronbach's alpha of standardised parts over complete rows, NaN under two parts or three rows.

    k r / (1 + (k - 1) r), r the mean correlation of distinct parts (Cronbach 1951, standardised items).
    """
    moving = _moving(parts)
    k = moving.shape[1]
    if k < 2 or len(moving) < _LEAST:
        return float("nan")
    r = moving.corr().to_numpy()[np.triu_indices(k, 1)].mean()
    spread = 1 + (k - 1) * r  # zero where the parts cancel out exactly
    return float(k * r / spread) if abs(spread) > 1e-12 else float("nan")


def item_reliability(parts: pd.DataFrame) -> pd.DataFrame:
    """Return what each part has to do with the sum of the others, and alpha without it.

    Returns
    -------
    DataFrame
        Indexed by part: ``with_others`` (correlation with the sum of the other standardised parts),
        ``alpha_without`` (Cronbach's alpha of the others: where it is higher than that of all, the part
        measures something else). NaN for a part that does not vary, or under two others.
    """
    moving = _moving(parts)
    out = pd.DataFrame(np.nan, index=parts.columns, columns=["with_others", "alpha_without"])
    if moving.shape[1] < 2 or len(moving) < _LEAST:
        return out
    z = (moving - moving.mean()) / moving.std()
    total = z.sum(axis=1)
    for name in z:
        rest = total - z[name]
        same = float(rest.max() - rest.min()) <= 1e-12
        out.loc[name, "with_others"] = np.nan if same else float(z[name].corr(rest))
        out.loc[name, "alpha_without"] = cronbach_alpha(moving.drop(columns=name))
    return out


def sampling_adequacy(parts: pd.DataFrame) -> float:
    """Return the Kaiser-Meyer-Olkin measure over complete rows, 0 to 1; NaN where correlations are singular.

    Squared correlations over themselves and squared partial correlations (Kaiser and Rice 1974): from 0.6
    on factors may be sought, under 0.5 not.
    """
    moving = _moving(parts)
    k = moving.shape[1]
    if k < 2 or len(moving) <= k:
        return float("nan")
    r = moving.corr().to_numpy(float)
    if np.linalg.matrix_rank(r) < k:
        return float("nan")
    inverse = np.linalg.inv(r)
    scale = np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    apart = ~np.eye(k, dtype=bool)
    plain, partial = (r[apart] ** 2).sum(), ((inverse / scale)[apart] ** 2).sum()
    return float(plain / (plain + partial)) if plain + partial > 0 else float("nan")
