"""Charts beside the maps, under one name: Moran scatterplot, dumbbell, ranks and trends."""

from __future__ import annotations

from atlasgeo.maps.dumbbell import draw_dumbbell
from atlasgeo.maps.ranks import draw_rank_chart
from atlasgeo.maps.scatter import draw_moran_scatter
from atlasgeo.maps.trends import draw_trend

__all__ = ["draw_dumbbell", "draw_moran_scatter", "draw_rank_chart", "draw_trend"]
