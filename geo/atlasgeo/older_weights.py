"""What the older libraries of PySAL need: older weights, a random state on loan, quiet about islands."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from libpysal.weights import W
    from scipy.sparse import csr_array

__all__ = ["lent_random_state", "older_weights", "quiet"]


def older_weights(weights: csr_array) -> W:
    """Return a ``libpysal.weights.W`` with the weights of a matrix, its units named 0, 1, 2 ... in order.

    Islands stay islands: no self-weight, no stored zero, no warning. Of the graph's own conversion these
    are the traps: the order of units, self-weights, and the zero that marks an island.
    """
    from libpysal.weights import W

    ends = np.asarray(weights.indptr)
    spans = [slice(start, stop) for start, stop in pairwise(ends)]
    neighbours = {i: [int(j) for j in weights.indices[span]] for i, span in enumerate(spans)}
    values = {i: [float(v) for v in weights.data[span]] for i, span in enumerate(spans)}
    return W(neighbours, values, id_order=list(range(len(spans))), silence_warnings=True)


@contextmanager
def lent_random_state(*seed: int) -> Iterator[None]:
    """Lend a seeded global random state to a library that knows no other, and put the old one back.

    numpy's legacy state and that of the module `random` are set for the length of the block.
    """
    legacy: Any = np.random.get_state()  # noqa: NPY002 - the legacy state is what the libraries draw from
    plain = random.getstate()
    words = np.random.SeedSequence(seed).generate_state(4)
    np.random.seed(words)  # noqa: NPY002 - the same
    random.seed(words.tobytes())
    try:
        yield
    finally:
        np.random.set_state(legacy)  # noqa: NPY002 - the same
        random.setstate(plain)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what the libraries say about islands and empty rows: our results tell both."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.filterwarnings("ignore", message=".*(islands|disconnected components).*")
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="giddy")
        yield
