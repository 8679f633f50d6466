"""Processes that share the work of one run, where the system can fork and there is more than one core."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

__all__ = ["Crew", "Lent", "workers"]

WORTH_IT: Final = 8
MOST: Final = 4
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

Result = TypeVar("Result")


@dataclass(frozen=True)
class Lent:
    """Stands for a thing that every process was born with: it is not sent with each piece of work."""

    name: str


@dataclass(frozen=True, eq=False)
class Crew:
    """Who does the work: a pool of processes, or this process alone.

    Attributes
    ----------
    pool : ProcessPoolExecutor or None
    lent : mapping of name -> thing
        What a `Lent` among the arguments of a piece of work stands for.
    """

    pool: ProcessPoolExecutor | None = None
    lent: Mapping[str, Any] = field(default_factory=dict)

    def start(self, work: Callable[..., Result], *given: Any, **named: Any) -> Callable[[], Result]:
        """Return a function that gives the result of ``work(*given, **named)``.

        With a pool the work begins at once; without one it is done when its result is asked for.
        """
        if self.pool is None:
            return lambda: _with_lent(self.lent, work, given, named)
        return self.pool.submit(_in_process, work, given, named).result


@contextmanager
def workers(jobs: int, *, lent: Mapping[str, Any] = NOTHING) -> Iterator[Crew]:
    """Give a crew: a pool of processes, or this one where one does as well.

    Parameters
    ----------
    jobs : int
        How many pieces of work there are; under eight a pool costs more than it saves.
    lent : mapping of name -> thing
        What the work needs again and again. A process is born with it: nothing of it is ever copied or sent.

    Notes
    -----
    All processes are forked at the first piece of work, before the pool's own threads start. What was not
    begun when the block fails is dropped.
    """
    cores = min(os.cpu_count() or 1, MOST)
    if cores < 2 or jobs < WORTH_IT or "fork" not in multiprocessing.get_all_start_methods():
        yield Crew(None, lent)
        return
    _give_back()
    pool = ProcessPoolExecutor(
        cores,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(os.getpid(), lent),
    )
    try:
        yield Crew(pool, lent)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int, lent: Mapping[str, Any]) -> None:
    """Keep what was lent, and let this process end when its parent was killed: it would wait for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    _kept().update(lent)
    # What the parent had read stays: looking through it again and again for rubbish costs time and memory.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    threading.Thread(target=watch, daemon=True).start()


@cache
def _kept() -> dict[str, Any]:
    """Return the store of what this process was lent when it was forked."""
    return {}


def _in_process(work: Callable[..., Result], given: tuple[Any, ...], named: dict[str, Any]) -> Result:
    """Do a piece of work in a process of the pool."""
    try:
        return _with_lent(_kept(), work, given, named)
    finally:
        _give_back()


def _give_back() -> None:
    """Return what is free to the system, where the C library would keep it for this process (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _with_lent(
    lent: Mapping[str, Any], work: Callable[..., Result], given: tuple[Any, ...], named: dict[str, Any]
) -> Result:
    """Do a piece of work with the things themselves in place of what stands for them."""
    found = (lent[part.name] if isinstance(part, Lent) else part for part in given)
    return work(*found, **{key: lent[x.name] if isinstance(x, Lent) else x for key, x in named.items()})
