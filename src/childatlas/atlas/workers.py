"""Processes that share the work of one run, where the system can fork and there is more than one core."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

__all__ = ["start", "workers"]

WORTH_IT: Final = 8
MOST: Final = 4

Result = TypeVar("Result")


@contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Give a pool of processes, or None where one process does as well.

    Parameters
    ----------
    jobs : int
        How many pieces of work there are; under eight a pool costs more than it saves.

    Notes
    -----
    All processes are forked at the first piece of work, before the pool's own threads start. What was not
    begun when the block fails is dropped.
    """
    cores = min(os.cpu_count() or 1, MOST)
    if cores < 2 or jobs < WORTH_IT or "fork" not in multiprocessing.get_all_start_methods():
        yield None
        return
    pool = ProcessPoolExecutor(
        cores,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with(parent: int) -> None:
    """Let this process end when its parent was killed: it would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    # What the parent had read stays: looking through it again and again for rubbish costs time and memory.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    threading.Thread(target=watch, daemon=True).start()


def start(
    pool: ProcessPoolExecutor | None, work: Callable[..., Result], *given: Any, **named: Any
) -> Callable[[], Result]:
    """Return a function that gives the result of ``work(*given, **named)``.

    With a pool the work begins at once; without one it is done when its result is asked for.
    """
    if pool is None:
        return lambda: work(*given, **named)
    return pool.submit(work, *given, **named).result
