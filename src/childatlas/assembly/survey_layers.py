"""Layers of a survey beyond the totals of oblasts: town and village apart, and districts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from atlasgeo.columns import RURAL, TOTAL, URBAN
from childatlas.assembly.ground import Ground
from childatlas.assembly.measured import LEAST_SHARE, build_layer
from childatlas.assembly.uncertain import with_uncertainty
from childatlas.child_figures import ADJUSTED, DISTRICT, HEADCOUNT, INCOME
from childatlas.figures.select import series
from childatlas.layers import Geography, Layer

if TYPE_CHECKING:
    from childatlas.assembly.material import Material

__all__ = ["DRAWS", "survey_layers"]

_SPLIT: Final = (HEADCOUNT, ADJUSTED, INCOME)
_LEAST_UNITS: Final = 4
DRAWS: Final = 200


def survey_layers(
    material: Material, geographies: dict[str, Geography], *, judged: bool
) -> tuple[dict[str, Geography], list[Layer]]:
    """Return the geographies, with that of districts where asked for, and the survey's further layers.

    Parameters
    ----------
    material : Material
    geographies : dict of key -> Geography
        The study's own first; it is not changed.
    judged : bool
        Whether statistics are computed.

    Returns
    -------
    (dict, list of Layer)
        Headcounts of town and of village by oblast; headcounts of districts, whose ids end in ``_district``.
        Both are left out where fewer than four units have a figure that may be shown.
    """
    plan = material.study.survey
    if plan is None or material.survey is None:
        return geographies, []
    study = material.study
    own = geographies[material.ground.key(study.vintage)]
    layers = []
    if "oblast x residence" in plan.levels:
        layers += [
            found
            for residence in (URBAN, RURAL)
            for found in _layers(material, own, residence=residence, judged=judged)
        ]
    if DISTRICT not in plan.levels or DISTRICT not in material.ground.country.levels:
        return geographies, layers
    ground = Ground(
        material.ground.country, material.ground.gazetteer, study.model_copy(update={"level": DISTRICT})
    )
    districts = ground.build(study.vintage, joined=judged)
    below = [
        replace(layer, id=f"{layer.id}_{DISTRICT}")
        for layer in _layers(material, districts, residence=TOTAL, judged=judged)
    ]
    return ({**geographies, districts.key: districts} if below else geographies), [*layers, *below]


def _layers(material: Material, geography: Geography, *, residence: str, judged: bool) -> list[Layer]:
    """Return the layers of the headline measures on one geography and residence."""
    study, found = material.study, []
    for indicator in material.catalogue.values():
        if not indicator.id.endswith(_SPLIT):
            continue
        rows = series(material.figures, indicator.id, residence=residence)
        rows = rows[rows["unit"].isin(geography.shapes.index)]
        if len(rows) < _LEAST_UNITS:
            continue
        many = len(rows) >= LEAST_SHARE * len(geography.shapes)
        layer = build_layer(
            material.figures,
            indicator,
            geography,
            year=int(rows["year"].max()),
            national_code=material.national_code,
            plan=study.statistics if judged and many else None,
            seed=study.seed,
            residence=residence,
            language=study.languages[0],
        )
        if not many:
            layer = replace(layer, no_statistics="fewer than half of the units have a figure")
        found.append(uncertain(material, layer, geography) if judged else layer)
    return found


def uncertain(material: Material, layer: Layer, geography: Geography) -> Layer:
    """Return the layer with what its errors leave of ranks and, for both residences together, of clusters."""
    study = material.study
    plan = study.survey
    draws = DRAWS if plan is None else plan.draws
    draws = draws if layer.residence == TOTAL else 0
    return with_uncertainty(layer, geography, study.statistics, seed=study.seed, draws=draws)
