"""Names of the columns that cross rooms: one spelling, one file."""

from __future__ import annotations

from typing import Final

# A table of figures: one value a row.
UNIT: Final = "unit"
INDICATOR: Final = "indicator"
YEAR: Final = "year"
RESIDENCE: Final = "residence"
SEX: Final = "sex"
GROUP: Final = "group"
VALUE: Final = "value"
SE: Final = "se"
N: Final = "n"
SOURCE: Final = "source"
FLAG: Final = "flag"
FIGURE_KEY: Final = (UNIT, INDICATOR, YEAR, RESIDENCE, SEX, GROUP)
FIGURE_COLUMNS: Final = (*FIGURE_KEY, VALUE, SE, N, SOURCE, FLAG)
TOTAL: Final = "total"
URBAN: Final = "urban"
RURAL: Final = "rural"
RESIDENCES: Final = (TOTAL, URBAN, RURAL)

# Flags, joined by ";" when several hold.
SUSPECT: Final = "suspect"
SUPPRESSED: Final = "suppressed"
MODELLED: Final = "modelled"
SYNTHETIC: Final = "synthetic"
SCHEMATIC: Final = "schematic"
CARRIED: Final = "carried"
PARENT_VALUE: Final = "oblast value"
SHARE_ESTIMATED: Final = "share_estimated"
FLAGS: Final = (
    SUSPECT,
    SUPPRESSED,
    MODELLED,
    SYNTHETIC,
    SCHEMATIC,
    CARRIED,
    PARENT_VALUE,
    SHARE_ESTIMATED,
)
NOT_OBSERVED: Final = (CARRIED, PARENT_VALUE)

# A gazetteer: one unit and period a row. Names stand in `name_<language>`, short ones in `short_<language>`.
LEVEL: Final = "level"
PARENT: Final = "parent"
TYPE: Final = "type"
VALID_FROM: Final = "valid_from"
VALID_TO: Final = "valid_to"
PREDECESSOR: Final = "predecessor"
LON: Final = "lon"
LAT: Final = "lat"
INSIDE_LON: Final = "inside_lon"
INSIDE_LAT: Final = "inside_lat"
AREA_KM2: Final = "area_km2"
ALIASES: Final = "aliases"
NAME_PREFIX: Final = "name_"
SHORT_PREFIX: Final = "short_"

# A local statistic.
STATISTIC: Final = "statistic"
EXPECTED: Final = "expected"
VARIANCE: Final = "variance"
Z: Final = "z"
P: Final = "p"
P_FLOOR: Final = "p_floor"
P_ADJUSTED: Final = "p_adjusted"
QUADRANT: Final = "quadrant"
CLUSTER: Final = "cluster"
SUGGESTIVE: Final = "suggestive"

# What a cluster column says.
HIGH_HIGH: Final = "High-High"
LOW_LOW: Final = "Low-Low"
HIGH_LOW: Final = "High-Low"
LOW_HIGH: Final = "Low-High"
HOT_SPOT: Final = "hot spot"
COLD_SPOT: Final = "cold spot"
NOT_SIGNIFICANT: Final = "not significant"
CANNOT_BE_SIGNIFICANT: Final = "cannot be significant"
NO_NEIGHBOURS: Final = "no neighbours"
NO_DATA: Final = "no data"
