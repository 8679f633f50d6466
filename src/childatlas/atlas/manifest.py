"""The manifest: what went in, what came out, by which method, with which versions and seed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from childatlas.layers import Atlas

__all__ = ["MANIFEST", "is_atlas", "write_manifest"]

MANIFEST: Final = "manifest.json"
_MAKER: Final = "childatlas"


def write_manifest(atlas: Atlas, folder: Path) -> Path:
    """Write ``<folder>/manifest.json`` and return its path.

    Parameters
    ----------
    atlas : Atlas
    folder : Path
        Holds all other files of the atlas: each is listed with its size and SHA-256.

    Returns
    -------
    Path

    Notes
    -----
    Keys ``made_by, study, title, run_id, seed, inputs, versions, methods, notes, geographies, layers,
    dropped, outputs``. It holds neither date nor machine, so the same run gives the same bytes.
    """
    path = folder / MANIFEST
    text = json.dumps(_content(atlas, folder), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def is_atlas(folder: Path) -> bool:
    """Return whether `folder` holds an atlas that this program made."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("made_by") == _MAKER and "run_id" in content


def _content(atlas: Atlas, folder: Path) -> dict[str, Any]:
    return {
        "made_by": _MAKER,
        "study": atlas.study.name,
        "title": atlas.study.title,
        "run_id": atlas.run_id,
        "seed": atlas.study.seed,
        "inputs": [{"path": path, "sha256": digest} for path, digest in atlas.inputs],
        "versions": atlas.versions,
        "methods": atlas.methods,
        "notes": list(atlas.notes),
        "geographies": [_geography(atlas, key) for key in atlas.geographies],
        "layers": [_layer(atlas, i) for i in range(len(atlas.layers))],
        "dropped": _dropped(atlas),
        "outputs": [_output(path, folder) for path in sorted(folder.rglob("*")) if _listed(path)],
    }


def _geography(atlas: Atlas, key: str) -> dict[str, Any]:
    geography = atlas.geographies[key]
    return {
        "key": key,
        "level": geography.level,
        "year": geography.year,
        "units": len(geography.units),
        "boundaries": geography.credit,
        "schematic": geography.schematic,
    }


def _layer(atlas: Atlas, position: int) -> dict[str, Any]:
    layer = atlas.layers[position]
    return {
        "key": layer.key,
        "id": layer.id,
        "kind": layer.kind,
        "geography": layer.geography,
        "year": layer.year,
        "residence": layer.residence,
        "values": int(layer.values.notna().sum()),
        "missing": int(layer.values.isna().sum()),
        "statistics": layer.no_statistics or "run",
        "source": layer.source,
        "licence": layer.licence,
    }


def _dropped(atlas: Atlas) -> dict[str, Any]:
    """Return how many figures were left out for each reason, and each of them."""
    if atlas.dropped.empty:
        return {"count": 0, "reasons": {}, "figures": []}
    reasons = atlas.dropped["reason"].astype(str).value_counts()
    rows = json.loads(atlas.dropped.reset_index(drop=True).to_json(orient="records", force_ascii=False))
    return {"count": len(rows), "reasons": {str(k): int(v) for k, v in reasons.items()}, "figures": rows}


def _listed(path: Path) -> bool:
    return path.is_file() and path.name != MANIFEST


def _output(path: Path, folder: Path) -> dict[str, Any]:
    content = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    return {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
