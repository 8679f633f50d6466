"""No code and no word knows a country: what is known of one stands in its profile, figures and studies."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

from childatlas.shipped import data_folder, default_name, shipped

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "geo").rglob("*.py")])
PAGES = sorted(p for end in ("typ", "j2", "js", "css") for p in (ROOT / "src").rglob(f"*.{end}"))
WORDS = sorted((data_folder() / "words").glob("*.toml"))
KNOWN = r"kazakh|қазақ|казах|\bkato\b|\bkaz\b|tenge|akimat"
# Administrations as tables write them, in several languages: spellings of kinds, not of places.
SPELT = {"spellings.py"}


def oblast_names() -> str:
    """Return a pattern of the names of oblasts that are no other word."""
    units = pd.read_csv(data_folder() / "boundaries" / "kaz" / "units.csv", dtype=str)
    short = units.loc[units["level"] == "oblast", "short_en"].dropna().unique()
    return "|".join(rf"\b{re.escape(name)}\b" for name in short)


def strings(path: Path) -> list[str]:
    """Return the texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def test_no_text_in_the_code_names_a_country_or_its_parts() -> None:
    pattern = re.compile(f"{KNOWN}|{oblast_names()}", re.IGNORECASE)
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in CODE
        if path.name not in SPELT
        for text in strings(path)
        if pattern.search(text)
    }
    assert found == set()


@pytest.mark.parametrize("path", [*PAGES, *WORDS], ids=lambda path: path.name)
def test_no_page_and_no_word_does(path: Path) -> None:
    pattern = re.compile(rf"{KNOWN}|{oblast_names()}|\b(19|20)\d\d\b(?=.*(changed|reform))", re.IGNORECASE)
    assert not [line for line in path.read_text(encoding="utf-8").splitlines() if pattern.search(line)]


def test_what_is_meant_by_no_name_stands_in_a_file() -> None:
    assert shipped("studies", default_name("study"), suffix=".toml").is_file()
    assert shipped("indices/children", default_name("definitions"), suffix=".toml").is_file()
