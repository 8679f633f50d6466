"""The JSON Schema of recipes, for editors that complete and check TOML while it is typed."""

from __future__ import annotations

import json
from typing import Any

from childatlas.measures.recipe import Recipe

__all__ = ["SCHEMA_NAME", "recipe_schema"]

SCHEMA_NAME = "recipe.schema.json"


def recipe_schema() -> str:
    """Return the JSON Schema of a recipe as text, the bytes of ``data/indices/recipe.schema.json``."""
    schema = Recipe.model_json_schema()
    kinds: dict[str, Any] = schema["$defs"]
    for name in ("Normalisation", "Treatment", "Imputation", "Aggregation"):
        methods = kinds[name]["properties"]["method"]
        methods["enum"] = _both_spellings(methods["enum"])
        kinds[name] = {"anyOf": [kinds[name], {"enum": methods["enum"], "type": "string"}]}
    weights = kinds["Level"]["properties"]["weights"]
    weights["enum"] = _both_spellings(weights["enum"])
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A recipe of childatlas"
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _both_spellings(names: list[str]) -> list[str]:
    """Return the names, and after them those with a dash written with an underscore."""
    return [*names, *(name.replace("-", "_") for name in names if "-" in name)]
