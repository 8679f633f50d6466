"""The family of errors, as the subject side sees it."""

from atlasgeo.errors import (
    AnalysisError,
    AtlasError,
    AtlasWarning,
    BoundaryError,
    DataError,
    PrivacyError,
    SourceError,
    StudyError,
    nearest,
)

__all__ = [
    "AnalysisError",
    "AtlasError",
    "AtlasWarning",
    "BoundaryError",
    "DataError",
    "PrivacyError",
    "SourceError",
    "StudyError",
    "nearest",
]
