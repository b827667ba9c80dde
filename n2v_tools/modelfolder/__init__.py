"""A model as a folder: ``config.json``, weights, provenance.

Reads what n2v_tools, n2v and CSBDeep wrote and writes what n2v 0.3.3 can read. Taking a name for
a new model is in `claim`.
"""

from ..legacy import BEST, LAST
from .find import find_model, list_models
from .json_files import CONFIG, read_json, read_provenance, write_provenance
from .read import Model, load_net, read_model, weights_file, weights_of
from .weight_hashes import forget_weights, record_weights, recorded_weights
from .writing import write_config

__all__ = [
    "BEST", "CONFIG", "LAST", "Model", "find_model", "forget_weights", "list_models", "load_net",
    "read_json", "read_model", "read_provenance", "record_weights", "recorded_weights",
    "weights_file", "weights_of", "write_config", "write_provenance",
]  # fmt: skip
