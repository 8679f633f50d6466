"""What a measure of inequality says, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["meaning_of"]

_NONE = "not defined here"
_UNORDERED = "needs groups that are ordered from worst off to best off"
_ORDERED = ("aci", "rci", "sii", "rii")


def _favours(value: float, *, favourable: bool) -> str:
    """Return whom a signed concentration index favours."""
    what = "The good" if favourable else "The burden"
    if abs(value) < 1e-12:
        return f"{what} is spread evenly over the ranks"
    return f"{what} is concentrated among the {'better' if value > 0 else 'worse'} off"


def _apart(value: float, *, favourable: bool) -> str:
    """Return what a difference says of the better-off and the worse-off group compared."""
    if value == 0:
        return "The better-off and the worse-off group have the same value"
    higher = "better" if (value > 0) == favourable else "worse"
    lower = "worse" if higher == "better" else "better"
    return f"The {higher}-off group lies {abs(value):.3g} above the {lower}-off one"


def _times(value: float, *, favourable: bool) -> str:
    over, under = ("better", "worse") if favourable else ("worse", "better")
    return f"The {over}-off group has {value:.3g} times the value of the {under}-off one"


_SIGNED: dict[str, Callable[..., str]] = {
    "difference": _apart,
    "ratio": _times,
    "aci": _favours,
    "rci": _favours,
}
_SENTENCES: dict[str, Callable[[float], str]] = {
    "sii": lambda v: f"From the bottom to the top of the ranks the fitted value changes by {v:.3g}.",
    "rii": lambda v: f"The fitted value at one end of the ranks is {v:.3g} times that at the other.",
    "bgv": lambda v: f"The squared distance of groups from the mean is {v:.3g} on average over people.",
    "bgsd": lambda v: f"Groups lie about {v:.3g} from the mean, weighted by people.",
    "cov": lambda v: f"The spread of groups is {v:.3g} % of the mean.",
    "mdmu": lambda v: f"A group is on average {v:.3g} from the mean.",
    "mdmw": lambda v: f"A person's group is on average {v:.3g} from the mean.",
    "mdbu": lambda v: f"A group is on average {v:.3g} from the best group.",
    "mdbw": lambda v: f"A person's group is on average {v:.3g} from the best group.",
    "mdru": lambda v: f"A group is on average {v:.3g} from the reference.",
    "mdrw": lambda v: f"A person's group is on average {v:.3g} from the reference.",
    "idisu": lambda v: f"A group is on average {v:.3g} % of the mean away from it.",
    "idisw": lambda v: f"A person's group is on average {v:.3g} % of the mean away from it.",
    "theil": lambda v: f"Between-group Theil index {v:.3g}: 0 is equality, most sensitive at the top.",
    "mld": lambda v: (
        f"Mean log deviation between groups {v:.3g}: 0 is equality, most sensitive at the bottom."
    ),
    "par": lambda v: f"The mean would change by {v:.3g} if all groups did as well as the reference.",
    "paf": lambda v: f"The mean would change by {v:.3g} % if all groups did as well as the reference.",
    "gini": lambda v: f"Two people drawn at random live in groups that differ by {2 * v:.3g} of the mean.",
    "atkinson": lambda v: f"{100 * v:.3g} % of the mean could be given up for equality at the same welfare.",
    "palma": lambda v: f"The top tenth holds {v:.3g} times what the bottom two fifths hold.",
}


def meaning_of(measure: str, value: float, *, favourable: bool, ordered: bool) -> str:
    """Return the meaning of a measure's value as a sentence; why it has none where it is missing.

    Parameters
    ----------
    measure : str
        A name of `childatlas.inequality`.
    value : float
    favourable : bool
        Whether more of the indicator is better.
    ordered : bool
        Whether the groups have an order.
    """
    if measure in _ORDERED and not ordered:
        return f"Missing: it {_UNORDERED}."
    if math.isnan(value):
        if measure in ("mdru", "mdrw"):
            return "Missing: no reference group was named."
        return f"Missing: {_NONE} (a zero or negative mean or value)."
    if measure in _SIGNED:
        return f"{_SIGNED[measure](value, favourable=favourable)}."
    return _SENTENCES[measure](value)
