"""Which estimates may be printed, with a caution or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError

__all__ = ["CAUTION", "PUBLISH", "SUPPRESS", "PublicationRule", "judge_estimates"]

PUBLISH, CAUTION, SUPPRESS = "publish", "caution", "suppress"


@dataclass(frozen=True)
class PublicationRule:
    """Bounds of what may be printed.

    Attributes
    ----------
    least_count, caution_count : int
        Fewer unweighted children than the first: suppress; fewer than the second: caution.
    cv_caution, cv_suppress : float
        A larger coefficient of variation than the first: caution; than the second: suppress. (16.6 and 33.3 %
        are the bounds of Statistics Canada's guidelines for household surveys.)
    """

    least_count: int = 25
    caution_count: int = 50
    cv_caution: float = 0.166
    cv_suppress: float = 0.333

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if not (0 <= self.least_count <= self.caution_count and 0 < self.cv_caution <= self.cv_suppress):
            raise AnalysisError("the bounds of the publication rule are out of order", found=self)


def judge_estimates(table: pd.DataFrame, rule: PublicationRule | None = None) -> pd.DataFrame:
    """Return `table` with ``quality`` (publish, caution or suppress) and ``reason`` by its ``n`` and ``cv``.

    A row without a coefficient of variation is judged by its count alone, unless its error is missing where
    the table has errors: then it is suppressed. Nothing is blanked here; that is left to disclosure control.

    Raises
    ------
    AnalysisError
        If the table has no column ``n``.
    """
    rule = rule or PublicationRule()
    if "n" not in table:
        raise AnalysisError(
            "estimates are judged by their count", found=list(table.columns), expected="column n"
        )
    n = table["n"].to_numpy(dtype=float)
    empty = np.full(len(table), np.nan)
    cv = table["cv"].to_numpy(dtype=float) if "cv" in table else empty
    lost = table["se"].isna().to_numpy() if "se" in table else np.zeros(len(table), dtype=bool)
    tests = [
        (n < rule.least_count, SUPPRESS, f"fewer than {rule.least_count} children"),
        (lost, SUPPRESS, "no error could be estimated"),
        (cv > rule.cv_suppress, SUPPRESS, f"coefficient of variation over {rule.cv_suppress:.1%}"),
        (n < rule.caution_count, CAUTION, f"fewer than {rule.caution_count} children"),
        (cv > rule.cv_caution, CAUTION, f"coefficient of variation over {rule.cv_caution:.1%}"),
    ]
    conditions = [condition for condition, _, _ in tests]
    quality = np.select(conditions, [level for _, level, _ in tests], default=PUBLISH)
    reason = np.select(conditions, [text for _, _, text in tests], default="")
    return table.assign(quality=quality, reason=reason)
