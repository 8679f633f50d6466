from .child_tables import measure_children as measure_children
from .definitions import read_definitions as read_definitions
from .errors import AnalysisError as AnalysisError
from .errors import AtlasError as AtlasError
from .errors import AtlasWarning as AtlasWarning
from .errors import BoundaryError as BoundaryError
from .errors import DataError as DataError
from .errors import PrivacyError as PrivacyError
from .errors import SourceError as SourceError
from .errors import StudyError as StudyError
from .measures.deprivation import alkire_foster as alkire_foster
from .measures.differences import survey_difference as survey_difference
from .measures.index import build_index as build_index
from .measures.inequality import inequality as inequality
from .measures.proportions import survey_proportion as survey_proportion
from .measures.quantiles import survey_quantile as survey_quantile
from .measures.survey import survey_mean as survey_mean
from .measures.survey import survey_ratio as survey_ratio
from .measures.survey import survey_total as survey_total
from .pipeline import run as run
from .study import read_study as read_study

__version__: str
