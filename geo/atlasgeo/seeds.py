"""Where chance comes from: a seed that the caller states, checked once, never changed unasked."""

from __future__ import annotations

import numpy as np

from .errors import AnalysisError

__all__ = ["Seed", "random_numbers", "repeatable"]

Seed = int | np.random.Generator | np.random.SeedSequence


def random_numbers(seed: Seed) -> np.random.Generator:
    """Return the random numbers of a seed.

    Parameters
    ----------
    seed : int, SeedSequence or Generator
        A whole number, zero or more, or a SeedSequence give the same numbers each time; a Generator goes on
        from where it stands.

    Raises
    ------
    AnalysisError
        Anything else; None too, since what cannot be repeated cannot be checked.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, np.random.SeedSequence):
        fresh = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
        return np.random.default_rng(fresh)
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(int(seed))
    raise AnalysisError(
        "seed must be a whole number, zero or more",
        found=repr(seed),
        expected="an int, numpy SeedSequence or Generator",
        fix="give any number, as seed=1: the same number gives the same result",
    )


def repeatable(seed: Seed) -> int:
    """Return a whole number that stands for the seed wherever the same chance is needed more than once.

    A Generator or SeedSequence gives one number for it; a whole number stays itself.
    """
    numbers = random_numbers(seed)
    if isinstance(seed, int | np.integer):
        return int(seed)
    return int(numbers.integers(2**63))
