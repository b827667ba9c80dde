"""n2v's and CSBDeep's own classes with our engine behind them, for existing notebooks.

``from n2v_tools.compat import N2V, N2VConfig, N2V_DataGenerator`` takes the place of
n2v 0.3.3's imports, ``CARE`` that of CSBDeep's. Names, arguments, attributes and files
are theirs, so spelling here is theirs too; what they get wrong is mended.
"""

from .. import keras_backend

keras_backend.choose_legacy_keras()  # before a notebook imports TensorFlow itself

from .care import CARE  # noqa: E402
from .config import N2VConfig  # noqa: E402
from .generator import N2V_DataGenerator, imread  # noqa: E402
from .intensity import NoNormalizer, PercentileNormalizer  # noqa: E402
from .n2v import N2V  # noqa: E402
from .resizing import NoResizer, PadAndCropResizer  # noqa: E402

__all__ = [
    "CARE",
    "N2V",
    "N2VConfig",
    "N2V_DataGenerator",
    "NoNormalizer",
    "NoResizer",
    "PadAndCropResizer",
    "PercentileNormalizer",
    "imread",
]
