"""What a run found, ready to be drawn: frozen values that travel from the pipeline to the atlas."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from atlasgeo.columns import PARENT_VALUE, SYNTHETIC

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from libpysal.graph import Graph

    from childatlas.chapters import Chapter
    from childatlas.study import Study

__all__ = ["LAGGING", "LOWEST", "MAY_LAG", "Atlas", "Direction", "Geography", "Layer", "Texts"]

# What may be said of a unit at the bottom: the first two only where figures have errors.
LAGGING: Final = "lagging"
MAY_LAG: Final = "may be lagging"
LOWEST: Final = "lowest by point estimate, errors unpublished"

Texts = dict[str, str]
Direction = Literal["higher_is_worse", "higher_is_better", "neutral"]


@dataclass(frozen=True, eq=False)
class Geography:
    """The units of one level as they stood at the end of one year, with shapes and neighbours.

    Attributes
    ----------
    key : str
        For example ``oblast-2023``; names folders and GeoPackage layers.
    level : str
    year : int
        The units are those in force at the end of this year.
    units : DataFrame
        The gazetteer's rows, indexed by unit code (columns of `atlasgeo.columns`), sorted by code.
    shapes : GeoDataFrame
        Same index, metric CRS.
    neighbours : Graph or None
        None where no statistic is asked for.
    parents : GeoDataFrame or None
        Shapes of the level above, drawn on top as bolder borders.
    credit : str
        Producer, licence and vintage of the shapes, for the foot of a map.
    schematic : bool
        True where the shapes are grown from facts, not official.
    without_shape : tuple of str
        Names of the units in force that have no shape: listed with the map, never dropped silently.
    fetch : str
        The command that would fetch official shapes; empty where they are at hand or none is catalogued.
    mark : str
        What schematic shapes are called, in every language of the study; empty for others.
    above : DataFrame or None
        The gazetteer's rows of the level above, indexed by unit.
    """

    key: str
    level: str
    year: int
    units: pd.DataFrame
    shapes: gpd.GeoDataFrame
    neighbours: Graph | None
    credit: str
    parents: gpd.GeoDataFrame | None = None
    schematic: bool = False
    without_shape: tuple[str, ...] = ()
    fetch: str = ""
    mark: str = ""
    above: pd.DataFrame | None = None

    def names(self, language: str = "en", *, short: bool = True) -> pd.Series:
        """Return the units' names in `language` (short ones where the gazetteer has them)."""
        long = self.units[f"name_{language}"]
        column = f"short_{language}"
        return self.units[column].fillna(long) if short and column in self.units else long


@dataclass(frozen=True, eq=False)
class Layer:
    """One indicator or index in one year, on the units where it was measured: what one page shows.

    Attributes
    ----------
    id : str
        Indicator or recipe id, with the vintage added where one id has several layers.
    kind : {"indicator", "index"}
    geography : str
        Key of the Geography that `values` is indexed by.
    year, residence : int, str
        For an index, `year` is that of the vintage and `note` states the years inside.
    label, measure, population : dict of language -> text
        What it is, unit of measure, whom it describes.
    direction : Direction
    values : Series
        Indexed by unit; NaN is missing.
    standard_errors : Series or None
        None where the producer publishes none.
    flags : Series of str
        Flags joined by ``;``, empty where none.
    national : float or None
        The country's own published value, never an average of units.
    ranks : DataFrame
        Columns ``rank`` (1 = worst off, ties min) and ``tied`` (last rank of the tie).
    trend : DataFrame
        Units x years, and the row ``country`` where published.
    breaks_in_trend : dict of year -> text
        Reforms and re-basings to be marked.
    gap : DataFrame or None
        Indexed by unit and ``country``: ``urban``, ``rural``, ``difference``, ``ratio``, for `gap_year`.
    global_statistics : DataFrame
        One row a statistic (``statistic, expected, variance, z, p_norm, p_sim``); empty where none may be
        run.
    local_moran, getis_ord : DataFrame or None
        As `atlasgeo.local_moran` and `atlasgeo.getis_ord` return them.
    no_statistics : str
        Why there are none, empty where there are.
    digits : int
        Decimals that the source publishes.
    valid_range : tuple or None
    around : float or None
        Value that parts the map's colours: classes lie alike on both sides of it.
    is_count : bool
        Drawn as proportional circles, never as a choropleth.
    carried_from : int or None
        The year of measurement where the values are those of former units, shown for their successors
        (flag ``carried``): such a layer is never an observation, and has a twin on the units of its time.
    source, licence, link : str
    definition, note : dict of language -> text
    years_used : Series or None
        Per unit, the year of the value shown (an index: None).
    detail : DataFrame or None
        An index: area and component scores per unit, columns in the recipe's order.
    coverage : Series or None
        An index: share of the declared weight that has figures.
    rank_sets : DataFrame or None
        Where there are errors: confidence sets of the ranks and ``word`` (lagging, may be lagging), as
        `childatlas.measures.ranks.RankSets.table`.
    categories : dict of int -> texts
        What each value stands for, where values name a kind and not an amount; else empty. Such a layer has
        no order: it is never ranked, judged, averaged or carried.
    stability : DataFrame or None
        Where there are errors: how far the labels of clusters hold under them, as
        `atlasgeo.hotspots_under_error` returns.
    """

    id: str
    kind: Literal["indicator", "index"]
    geography: str
    year: int
    residence: str
    label: Texts
    measure: Texts
    population: Texts
    direction: Direction
    values: pd.Series
    flags: pd.Series
    ranks: pd.DataFrame
    trend: pd.DataFrame
    global_statistics: pd.DataFrame
    source: str
    licence: str
    link: str
    standard_errors: pd.Series | None = None
    national: float | None = None
    breaks_in_trend: dict[int, str] = field(default_factory=dict)
    gap: pd.DataFrame | None = None
    gap_year: int | None = None
    local_moran: pd.DataFrame | None = None
    getis_ord: pd.DataFrame | None = None
    no_statistics: str = ""
    digits: int = 1
    valid_range: tuple[float, float] | None = None
    around: float | None = None
    is_count: bool = False
    carried_from: int | None = None
    definition: Texts = field(default_factory=dict)
    note: Texts = field(default_factory=dict)
    years_used: pd.Series | None = None
    detail: pd.DataFrame | None = None
    coverage: pd.Series | None = None
    rank_sets: pd.DataFrame | None = None
    stability: pd.DataFrame | None = None
    categories: dict[int, Texts] = field(default_factory=dict)

    @property
    def synthetic(self) -> bool:
        """Whether any of its figures is invented: then no sentence may say anything of a named place."""
        return SYNTHETIC in ";".join(map(str, self.flags.dropna())).split(";")

    @property
    def from_above(self) -> bool:
        """Whether units show the figure of the unit above: such a layer is never ranked nor judged."""
        return PARENT_VALUE in ";".join(map(str, self.flags.dropna())).split(";")

    @property
    def orderless(self) -> bool:
        """Whether no unit may stand before another: values are of the unit above, or name categories."""
        return self.from_above or bool(self.categories)

    @property
    def key(self) -> str:
        """Name of the layer: id, year, residence where not total, and whether it was carried."""
        residence = [] if self.residence == "total" else [self.residence]
        carried = ["carried"] if self.carried_from else []
        return "-".join([self.id, str(self.carried_from or self.year), *residence, *carried])


@dataclass(frozen=True, eq=False)
class Atlas:
    """All that a run found, and where it was written.

    Attributes
    ----------
    study : Study
    run_id : str
        Hash of inputs, versions and seed, 12 hexadecimal digits.
    geographies : dict of key -> Geography
        The study's own first.
    layers : tuple of Layer
        In the order of the pages: indices first.
    tables : dict of name -> DataFrame
        ``figures``, ``gaps``, ``lowest``, ``claims``, ``global_statistics``, ``local_statistics``,
        ``children`` and more: what `tables/`, the workbook and the GeoPackage hold.
    notes : tuple of str
        What a reader must know (carried, modelled, no errors published ...), in the study's first language.
    dropped : DataFrame
        Figures left out, with ``reason``.
    inputs : tuple of (str, str)
        Path and SHA-256 of each input.
    methods : dict of str -> str
        The method of each number.
    profile : dict
        The country's name per language, disclaimer, code system.
    folder : Path
        Where the atlas stands.
    chapters : tuple of Chapter
        Where a study asks a survey: the answers.
    """

    study: Study
    run_id: str
    geographies: dict[str, Geography]
    layers: tuple[Layer, ...]
    tables: dict[str, pd.DataFrame]
    notes: tuple[str, ...]
    dropped: pd.DataFrame
    inputs: tuple[tuple[str, str], ...]
    versions: dict[str, str]
    methods: dict[str, str]
    profile: dict[str, Any]
    folder: Path
    chapters: tuple[Chapter, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether all of it is invented: every file, table and layer of it then says so by name."""
        return bool(self.layers) and all(layer.synthetic for layer in self.layers)

    def called(self, name: str) -> str:
        """Return `name` as files, tables and layers bear it: led by ``synthetic_`` where all is invented."""
        return f"{SYNTHETIC}_{name}" if self.synthetic and SYNTHETIC not in name else name

    def stem(self, layer: Layer) -> str:
        """Return the name of a layer's files within its level: its id, or its key where ids repeat."""
        level = self.geographies[layer.geography].level
        same = [x for x in self.layers if x.id == layer.id and self.geographies[x.geography].level == level]
        return layer.id if len(same) == 1 else layer.key

    def layer(self, key: str) -> Layer:
        """Return the layer called `key` (its `key`, or its `id` where that is one layer only).

        Raises
        ------
        KeyError
            If there is none, or `key` is an id of several layers.
        """
        found = [layer for layer in self.layers if key in (layer.key, layer.id)]
        if len(found) != 1:
            raise KeyError(f"{key!r} names {len(found)} layers; keys: {[x.key for x in self.layers]}")
        return found[0]
