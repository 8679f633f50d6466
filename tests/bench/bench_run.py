"""The main job as a user meets it: a fresh process each time."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
MANY = 3


def measure(*arguments: str, times: int = 3) -> float:
    """Return the median seconds of a command in a fresh process."""
    seconds = []
    for _ in range(times):
        before = time.perf_counter()
        subprocess.run([BIN / "childatlas", *arguments], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def peak(*arguments: str) -> float:
    """Return the most memory in MB that a command and all its processes hold at once, in a run of its own.

    Pages that forked processes share count once (proportional set size, looked at ten times a second).
    """
    most = 0.0
    with subprocess.Popen([BIN / "childatlas", *arguments], stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            most = max(most, sum(map(held_by, family(run.pid))) / 1024)
            time.sleep(0.1)
    if run.returncode:
        raise RuntimeError(f"childatlas {' '.join(arguments)} exited {run.returncode}")
    return most


def family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [process]
    for one in found:
        for thread in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, thread.read_text(encoding="ascii").split())
            except OSError:
                continue
    return found


def held_by(process: int) -> int:
    """Return the proportional set size of a process in kB, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def rows() -> list[dict[str, object]]:
    """Return one row a command, with the bar it has to meet."""
    out = tempfile.mkdtemp(prefix="childatlas-bench-")
    work = [
        ("childatlas --help", ("--help",), 5, "0.5 s"),
        (
            "childatlas map, one indicator",
            ("map", "poverty_subsistence", "--out", out, "--quiet"),
            MANY,
            "4 s",
        ),
        ("childatlas run kazakhstan", ("run", "kazakhstan", "--out", out, "--quiet"), MANY, "45 s, 1000 MB"),
        ("childatlas run kazakhstan-2019", ("run", "kazakhstan-2019", "--out", out, "--quiet"), 1, ""),
        ("childatlas run kazakhstan-2015", ("run", "kazakhstan-2015", "--out", out, "--quiet"), 1, ""),
    ]
    try:
        return [
            {
                "work": name,
                "ours_s": measure(*arguments, times=n),
                "peak_mb": round(peak(*arguments)) if n == MANY and sys.platform == "linux" else None,
                "bar": bar,
                "note": f"{n} fresh runs; memory of all its processes together",
            }
            for name, arguments, n, bar in work
        ]
    finally:
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    for row in rows():
        print(row)
