"""Work in a few threads: numpy gives up the interpreter's lock while it sorts, searches and multiplies."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

__all__ = ["in_threads"]

Job = TypeVar("Job")
WORTH_IT = 100_000  # below this much work, starting threads costs more than it saves
WORTH_A_JOB = 20_000  # below this much work a job, handing jobs out costs more than doing them
MOST_THREADS = 4


def in_threads(do: Callable[[Job], None], jobs: Sequence[Job], *, work: int, products: bool = False) -> None:
    """Do all jobs, in threads if there is enough work; each job writes to places of its own.

    Each thread takes the next job as soon as it is free. The result does not depend on the number of threads.
    Jobs that are matrix `products` keep the linear algebra library from starting threads of its own: they
    would wait for each other.
    """
    threads = min(MOST_THREADS, _cores(), len(jobs))
    if threads < 2 or work < max(WORTH_IT, WORTH_A_JOB * len(jobs)):
        for job in jobs:
            do(job)
        return
    waiting = deque(jobs)

    def work_off(_: int) -> None:
        while True:
            try:
                job = waiting.popleft()
            except IndexError:
                return
            do(job)

    with _single_products() if products else nullcontext(), ThreadPoolExecutor(threads) as pool:
        list(pool.map(work_off, range(threads)))


def _single_products() -> AbstractContextManager[object]:
    """Return the context in which the linear algebra library uses one thread."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
