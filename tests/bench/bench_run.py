"""The main job as a user meets it: a fresh process each time."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def measure(*arguments: str, times: int = 3) -> tuple[float, float]:
    """Return the median seconds and the peak memory in MB of a command in a fresh process."""
    seconds, peak = [], 0.0
    for _ in range(times):
        before = time.perf_counter()
        child = subprocess.Popen([BIN / "childatlas", *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"childatlas {' '.join(arguments)} exited {child.returncode}")
        seconds.append(time.perf_counter() - before)
        peak = max(peak, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2))
    return statistics.median(seconds), peak


def rows() -> list[dict[str, object]]:
    """Return one row a command, with the bar it has to meet."""
    out = tempfile.mkdtemp(prefix="childatlas-bench-")
    work = [
        ("childatlas --help", ("--help",), 5, "0.5 s"),
        ("childatlas map, one indicator", ("map", "poverty_subsistence", "--out", out, "--quiet"), 3, "4 s"),
        ("childatlas run kazakhstan", ("run", "kazakhstan", "--out", out, "--quiet"), 3, "45 s, 1000 MB"),
        ("childatlas run kazakhstan-2019", ("run", "kazakhstan-2019", "--out", out, "--quiet"), 1, ""),
        ("childatlas run kazakhstan-2015", ("run", "kazakhstan-2015", "--out", out, "--quiet"), 1, ""),
    ]
    try:
        return [
            {
                "work": name,
                "ours_s": measured[0],
                "peak_mb": round(measured[1]),
                "bar": bar,
                "note": f"{n} fresh runs",
            }
            for name, arguments, n, bar in work
            for measured in [measure(*arguments, times=n)]
        ]
    finally:
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    for row in rows():
        print(row)
