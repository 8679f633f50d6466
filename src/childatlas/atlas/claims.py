"""Claims in circulation beside the figures: a sentence each, and the years behind it."""

from __future__ import annotations

import pandas as pd

from childatlas.atlas.words import Words
from childatlas.layers import Atlas
from childatlas.study import Claim

__all__ = ["claim_sentence", "claim_sentences", "claim_years"]

_FITS = 0.1


def claim_years(atlas: Atlas, claim: Claim) -> pd.DataFrame:
    """Return the rows of the table of claims that check `claim`, by year; empty where there are none."""
    table = atlas.tables.get("claims")
    if table is None or table.empty:
        return pd.DataFrame(columns=["year", "numerator", "denominator", "ratio", "units"])
    return table[table["claim"] == claim.id].sort_values("year", ignore_index=True)


def claim_sentences(atlas: Atlas, words: Words) -> list[str]:
    """Return a sentence for each claim of the study: what it says, then what the figures say."""
    return [
        f"“{words.pick(claim.text).rstrip('.')}”. {claim_sentence(atlas, claim, words)}"
        for claim in atlas.study.claims
    ]


def claim_sentence(atlas: Atlas, claim: Claim, words: Words) -> str:
    """Return how the ratios of the years stand to the claimed one.

    A year fits where its ratio is within a tenth of what is claimed.
    """
    found = claim_years(atlas, claim).dropna(subset=["ratio"])
    if found.empty:
        return words.say("book.claim_empty")
    ratios = found.set_index("year")["ratio"].astype(float)
    said = _ends(ratios, words)
    fits = [int(year) for year in ratios.index[(ratios / claim.claimed - 1).abs() <= _FITS]]
    if fits:
        years = words.join(fits)
        return words.say("book.claim_once", claimed=words.number(claim.claimed, 1), years=years, **said)
    if bool((ratios < claim.claimed).all()):
        high = ratios.idxmax()
        return words.say(
            "book.claim_never", high=words.number(float(ratios.max()), 1), high_year=high, **said
        )
    if bool((ratios > claim.claimed).all()):
        low = ratios.idxmin()
        return words.say("book.claim_above", low=words.number(float(ratios.min()), 1), low_year=low, **said)
    return words.say("book.claim_crossed", claimed=words.number(claim.claimed, 1), **said)


def _ends(ratios: pd.Series, words: Words) -> dict[str, object]:
    return {
        "first": words.number(float(ratios.iloc[0]), 1),
        "first_year": ratios.index[0],
        "last": words.number(float(ratios.iloc[-1]), 1),
        "last_year": ratios.index[-1],
    }
