"""Run every benchmark beside its peers, print one table and write it with its plots under outputs/bench/."""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "outputs" / "bench"
COLUMNS = ("topic", "work", "ours_s", "peer", "peer_s", "ratio", "bar", "peak_mb", "note")


def load(path: Path) -> ModuleType:
    """Return the module at `path`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def cell(value: object) -> str:
    """Return a number with three figures, anything else as text."""
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)


def machine() -> str:
    """Return one line about the machine, since a time means nothing without it."""
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f}"


def write_table(rows: list[dict[str, object]], name: str) -> None:
    """Write rows as CSV and as a Markdown table, and print the latter."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(cell(row.get(column)) for column in COLUMNS) + " |" for row in rows]
    text = "\n".join([f"{machine()}; medians in seconds", "", *lines, ""])
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def main() -> None:
    """Run the benchmarks whose topic is named on the command line, or all."""
    topics = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", help=f"of {', '.join(topics)}")
    chosen = parser.parse_args().topics or topics
    rows = []
    for topic in chosen:
        print(f"... {topic}", file=sys.stderr)
        rows += [{"topic": topic, **row} for row in load(HERE / f"bench_{topic}.py").rows()]
    write_table(rows, "table" if len(chosen) == len(topics) else "-".join(chosen))


if __name__ == "__main__":
    main()
