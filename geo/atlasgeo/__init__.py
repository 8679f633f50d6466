"""Space: units, borders, neighbours, pixels and pictures. Knows no country and no subject.

Names are loaded when first used, so that importing the package costs nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
