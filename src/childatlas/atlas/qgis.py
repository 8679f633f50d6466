"""Styles that QGIS reads from a GeoPackage: the classes and colours of the printed maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from atlasgeo.maps.palettes import HAIRLINE, NO_DATA

if TYPE_CHECKING:
    from atlasgeo.maps.classes import Classes

__all__ = ["graduated_style", "sld_style"]

_VERSION: Final = "3.34.0"
_BORDER: Final = "255,255,255,255"


def graduated_style(
    column: str, classes: Classes, *, colours: tuple[str, ...], title: str, no_data: str, label: str = "name"
) -> str:
    """Return a QML document: rules by class of `column`, hatching where it is empty, labels from `label`.

    Parameters
    ----------
    column : str
        Attribute that is classified.
    classes : Classes
    colours : tuple of str
        One a class, lowest first.
    title, no_data : str
        Name of the legend, and of its last entry.
    label : str
        Attribute whose text is drawn on the units.
    """
    field = _field(column)
    rules, symbols = [], []
    low = -math.inf
    for i, (edge, text) in enumerate(zip(classes.edges, classes.labels, strict=True)):
        above = "" if math.isinf(low) else f"{field} > {low!r} AND "
        below = f"{field} <= {edge!r}" if i < classes.k - 1 else f"{field} IS NOT NULL"
        rules.append(_rule(i, above + below, text))
        symbols.append(_symbol(i, _fill(colours[i])))
        low = edge
    rules.append(_rule(classes.k, f"{field} IS NULL", no_data))
    symbols.append(_symbol(classes.k, _fill(NO_DATA) + _hatch()))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="{_VERSION}" styleCategories="Symbology|Labeling" labelsEnabled="1">\n'
        f'<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0">\n'
        f'<rules key="{{root}}" label={quoteattr(title)}>\n{"".join(rules)}</rules>\n'
        f"<symbols>\n{''.join(symbols)}</symbols>\n</renderer-v2>\n{_labelling(label)}</qgis>\n"
    )


def sld_style(column: str, classes: Classes, *, colours: tuple[str, ...], title: str, no_data: str) -> str:
    """Return the same as an OGC Styled Layer Descriptor, for other programs."""
    rules, low = [], -math.inf
    for i, (edge, text) in enumerate(zip(classes.edges, classes.labels, strict=True)):
        tests = []
        if not math.isinf(low):
            tests.append(_comparison("IsGreaterThan", column, low))
        if i < classes.k - 1:
            tests.append(_comparison("IsLessThanOrEqualTo", column, edge))
        test = f"<ogc:And>{''.join(tests)}</ogc:And>" if len(tests) > 1 else "".join(tests)
        rules.append(_sld_rule(text, test, colours[i]))
        low = edge
    empty = f"<ogc:PropertyIsNull><ogc:PropertyName>{_text(column)}</ogc:PropertyName></ogc:PropertyIsNull>"
    rules.insert(0, _sld_rule(no_data, empty, NO_DATA))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<StyledLayerDescriptor version="1.0.0" '
        'xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc">\n'
        f"<NamedLayer><Name>{_text(title)}</Name><UserStyle><FeatureTypeStyle>\n"
        f"{''.join(rules)}</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>\n"
    )


def _field(column: str) -> str:
    escaped = column.replace('"', '""')
    return f'"{escaped}"'


def _rule(i: int, test: str, label: str) -> str:
    key = f"{{rule-{i}}}"
    return f'<rule key="{key}" symbol="{i}" filter={quoteattr(test)} label={quoteattr(label)}/>\n'


def _symbol(i: int, layers: str) -> str:
    return f'<symbol type="fill" name="{i}" alpha="1" clip_to_extent="1" force_rhr="0">{layers}</symbol>\n'


def _fill(colour: str) -> str:
    options = {
        "color": _rgba(colour),
        "outline_color": _BORDER,
        "outline_style": "solid",
        "outline_width": "0.3",
        "outline_width_unit": "MM",
        "style": "solid",
        "joinstyle": "round",
    }
    return f'<layer class="SimpleFill" enabled="1" locked="0" pass="0">{_options(options)}</layer>'


def _hatch() -> str:
    options = {"color": _rgba(HAIRLINE), "style": "b_diagonal", "outline_style": "no"}
    return f'<layer class="SimpleFill" enabled="1" locked="0" pass="0">{_options(options)}</layer>'


def _options(options: dict[str, str]) -> str:
    inner = "".join(
        f'<Option type="QString" name="{name}" value="{value}"/>' for name, value in options.items()
    )
    return f'<Option type="Map">{inner}</Option>'


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _labelling(label: str) -> str:
    style = (
        f'<text-style fieldName={quoteattr(label)} isExpression="0" fontFamily="Source Sans Pro" '
        'fontSize="8" textColor="34,38,43,255"><text-buffer bufferDraw="1" bufferSize="0.7" '
        'bufferColor="255,255,255,200"/></text-style><placement placement="1" centroidWhole="0" '
        'centroidInside="1" fitInPolygonOnly="0"/>'
    )
    return f'<labeling type="simple"><settings calloutType="simple">{style}</settings></labeling>\n'


def _comparison(kind: str, column: str, value: float) -> str:
    return (
        f"<ogc:Property{kind}><ogc:PropertyName>{_text(column)}</ogc:PropertyName>"
        f"<ogc:Literal>{value!r}</ogc:Literal></ogc:Property{kind}>"
    )


def _sld_rule(label: str, test: str, colour: str) -> str:
    chosen = f"<ogc:Filter>{test}</ogc:Filter>" if test else ""
    return (
        f"<Rule><Name>{_text(label)}</Name>{chosen}<PolygonSymbolizer><Fill>"
        f'<CssParameter name="fill">{colour}</CssParameter></Fill><Stroke>'
        '<CssParameter name="stroke">#ffffff</CssParameter></Stroke></PolygonSymbolizer></Rule>\n'
    )


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
