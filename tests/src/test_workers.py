"""Shared work: the same results, errors of the same kind, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from childatlas.errors import DataError
from childatlas.workers import Lent, workers

SCRIPT = """
import os, sys, time
from pathlib import Path
import childatlas.workers as w
os.cpu_count = lambda: 2
def stay(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)
with w.workers(9) as crew:
    crew.start(stay, sys.argv[1])
    time.sleep(60)
"""


def double(number: int) -> int:
    if number == 3:
        raise DataError("three is refused", found=number)
    return 2 * number


@pytest.mark.parametrize("cores", [1, 2])
def test_results_come_back_in_order_and_errors_keep_their_kind(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    with workers(9, lent={"four": 4}) as crew:
        assert (crew.pool is None) == (cores == 1)
        results = [crew.start(double, number) for number in (1, 2, Lent("four"))]
        results.append(crew.start(double, number=Lent("four")))
        assert [result() for result in results] == [2, 4, 8, 8]
        refused = crew.start(double, 3)
        with pytest.raises(DataError, match="three is refused") as error:
            refused()
    assert error.value.exit_code == 3


class Unsendable:
    """Cannot be pickled, so it comes to a process by birth or not at all."""

    def __reduce__(self) -> str:
        raise TypeError("not to be sent")


def is_there(thing: object) -> bool:
    return isinstance(thing, Unsendable)


def test_what_is_lent_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with workers(9, lent={"it": Unsendable()}) as crew:
        assert crew.start(is_there, Lent("it"))()


def test_few_jobs_need_no_pool() -> None:
    with workers(2) as crew:
        assert crew.pool is None


def test_no_process_outlives_a_killed_run(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(note)]) as run:
        for _ in range(600):
            if note.is_file() and note.read_text():
                break
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGKILL)
    worker = int(note.read_text())
    for _ in range(200):
        if not alive(worker):
            return
        time.sleep(0.05)
    pytest.fail("the worker still runs")


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
