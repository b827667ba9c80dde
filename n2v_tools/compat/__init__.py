"""n2v's and CSBDeep's own classes with our engine behind them, for existing notebooks.

``from n2v_tools.compat import N2V, N2VConfig, N2V_DataGenerator`` takes the place of
n2v 0.3.3's imports, ``CARE`` that of CSBDeep's. Names, arguments, attributes and files
are theirs, so spelling here is theirs too; what they get wrong is mended.

Prediction is OpenVINO's where it is installed and there is no GPU, in bfloat16 where the
processor has it and the model bears it: within half a percent of float32, as with
``n2v-denoise``. For the numbers of n2v to 1e-5 say ``model.precision = "float32"``, or
``N2V.precision = "float32"`` once for all models.
"""

from .. import keras_backend

# As with n2v, TensorFlow is loaded here: with the right Keras, and without the lines that it
# writes when a notebook imports it first.
keras_backend.load()

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
