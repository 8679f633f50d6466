"""What all tests share: the standard country of nine squares, and what may be skipped where."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely.geometry import box

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow proofs to those who ask for them."""
    if "prove" in (config.option.markexpr or ""):
        return
    slow = [item for item in items if item.get_closest_marker("prove")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with a reason what this machine lacks, or fail where everything has to be there."""
    absent = {
        "shared": None if SHARED.is_dir() else "the reference material beside the checkout is absent",
        "browser": None if CHROMIUM else "chromium is not installed",
    }
    for mark, reason in absent.items():
        if reason and item.get_closest_marker(mark):
            refuse = pytest.fail if os.environ.get("CHILDATLAS_FORBID_SKIPS") else pytest.skip
            refuse(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout (mark the test `shared`)."""
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser (mark the test `browser`)."""
    return CHROMIUM or ""


@pytest.fixture
def squares() -> gpd.GeoDataFrame:
    """Nine unit squares of 10 km, coded a1..c3, row by row from the south-west."""
    codes = [f"{row}{column}" for row in "abc" for column in "123"]
    cells = [box(x, y, x + 10_000, y + 10_000) for y in (0, 10_000, 20_000) for x in (0, 10_000, 20_000)]
    frame = gpd.GeoDataFrame({"unit": codes}, geometry=cells, crs="EPSG:3857")
    return frame.set_index("unit")


@pytest.fixture
def one_to_nine(squares: gpd.GeoDataFrame) -> pd.Series:
    """The values 1..9 on the nine squares."""
    return pd.Series(np.arange(1.0, 10.0), index=squares.index, name="value")


@pytest.fixture
def rook(squares: gpd.GeoDataFrame) -> Graph:
    """Rook neighbours of the nine squares, binary."""
    return Graph.build_contiguity(squares, rook=True)
