"""The JSON Schema of recipes, for editors that complete and check TOML while it is typed."""

from __future__ import annotations

import json

from childatlas.measures.recipe import Recipe

__all__ = ["SCHEMA_NAME", "recipe_schema"]

SCHEMA_NAME = "recipe.schema.json"


def recipe_schema() -> str:
    """Return the JSON Schema of a recipe as text, the bytes of ``data/indices/recipe.schema.json``."""
    schema = Recipe.model_json_schema()
    for part in ("normalisation", "treatment", "imputation", "aggregation"):
        _allow_names(schema, part)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A recipe of childatlas"
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _allow_names(schema: dict[str, object], part: str) -> None:
    """Let a table such as ``normalisation`` be written as the bare name of its method."""
    kinds = schema["$defs"]
    if not isinstance(kinds, dict):
        return
    name = part.capitalize()
    table = kinds[name]
    if isinstance(table, dict) and "anyOf" not in table:
        kinds[name] = {"anyOf": [table, {"enum": table["properties"]["method"]["enum"], "type": "string"}]}
