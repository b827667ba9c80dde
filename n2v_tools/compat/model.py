"""Common base of N2V and CARE: a name, a folder, a net, and its weights.

Tests: ``tests/compat/test_n2v.py``.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import modelfolder
from ..claim import hold_name
from ..errors import ModelError
from ..nets.unet import NetSettings
from ..nets.weights import WeightFile
from ..restore.trained import TrainedRestorer
from .present import Engine
from .refusals import NoModel, NotBuilt, WrongValue

LOG = logging.getLogger(__name__)


class BaseModel:
    """A net with a configuration, and the folder it lives in.

    Parameters
    ----------
    config : configuration or None
        None: read from the folder, together with the weights.
    name : str or None
        Of the folder; None: the time.
    basedir : path or None
        Where the folder is; None: nothing is read or written.

    Attributes
    ----------
    config, name, basedir
    logdir : Path or None
        The folder.
    keras_model : keras.Model
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of prediction with OpenVINO. ``auto`` is bfloat16 where the processor has
        it and a trial with the present weights comes out within half a percent of float32;
        set ``float32`` to get n2v's numbers to 1e-5. Of the class: for all models.
    """

    precision = "auto"

    def __init__(self, config: Any, name: str | None = None, basedir: Any = ".") -> None:
        self._check_arguments(config, name, basedir)
        self.config = config
        self.name = name if name is not None else datetime.now().strftime("%Y-%m-%d-%H-%M-%S.%f")
        self.basedir = Path(basedir) if basedir is not None else None
        self.logdir = self.basedir / self.name if self.basedir is not None else None
        self._engine = Engine()
        self._model_prepared = False
        self._set_logdir()
        self._make_net()
        if config is None:
            self._find_and_load_weights()

    def __repr__(self) -> str:
        folder = self.logdir.resolve() if self.logdir is not None else None
        axes = self.config.axes
        return (
            f"{type(self).__name__}({self.name}): {axes} → {axes}\n"
            f"├─ Directory: {folder}\n└─ {self.config}"
        )

    @classmethod
    def from_pretrained(cls, name_or_alias: str | None = None) -> Any:
        """Not available: nothing is ever downloaded."""
        raise NotBuilt(
            f"{cls.__name__}.from_pretrained downloads models, which n2v_tools does not do. Put "
            f"the model's folder into basedir and call {cls.__name__}(None, name, basedir)."
        )

    def load_weights(self, name: str = "weights_best.h5") -> None:
        """Read a weight file of the folder, or of anywhere by its whole path.

        ModelError if it is missing, damaged or does not fit the net.
        """
        if self.logdir is None:
            warnings.warn("no weights are loaded, since basedir is None.", stacklevel=2)
            return
        path = self.logdir / name
        if not path.is_file():
            raise NoModel(f"{path}: there is no such weight file. Train first, or check the name.")
        is_own = path.parent == self.logdir
        hashes = modelfolder.recorded_weights(self.logdir) if is_own else frozenset()
        WeightFile(path, **self._weight_options(), sha256s=hashes).load_into(self.keras_model)
        LOG.info("weights of %s", path)

    @property
    def _config_class(self) -> type:
        raise NotImplementedError

    def _check_arguments(self, config: Any, name: Any, basedir: Any) -> None:
        if config is None and basedir is None:
            raise WrongValue("config is None and basedir is None: there is nothing to load from.")
        if name is not None and not (isinstance(name, str) and name):
            raise WrongValue(f"name is {name!r}; it must be text, such as 'my_model'.")
        if basedir is not None and not isinstance(basedir, (str, os.PathLike)):
            raise WrongValue(f"basedir is {basedir!r}; it must be a folder, or None.")

    def _set_logdir(self) -> None:
        """Read the configuration from the folder, or write it there."""
        raise NotImplementedError

    def _make_net(self) -> None:
        """Set `keras_model`."""
        raise NotImplementedError

    @property
    def _net_settings(self) -> NetSettings:
        """Shape of the network."""
        raise NotImplementedError

    def _weight_options(self) -> dict[str, Any]:
        """How the net's weight files are to be read: fields of `nets.weights.WeightFile`."""
        return {}

    def _current_restorer(self) -> TrainedRestorer:
        """What predicts with the present net, weights and intensity."""
        raise NotImplementedError

    def _read_folder(self, kind: str) -> modelfolder.Model:
        """The model in the folder; warns of what a user should know."""
        if self.logdir is None or not (self.logdir / modelfolder.CONFIG).is_file():
            raise NoModel(
                f"{self.logdir}: there is no {modelfolder.CONFIG}, so there is no model to load. "
                "Check name and basedir."
            )
        model = modelfolder.read_model(self.logdir, need_weights=False)
        if model.kind != kind:
            raise WrongValue(
                f"{self.logdir}: a model of kind {model.kind}, not {kind}. Load it with "
                f"{'CARE' if model.kind == 'care' else 'N2V'}."
            )
        for warning in model.warnings:
            warnings.warn(warning, stacklevel=6)
        return model

    def _sole_writer(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes and threads from writing the model's folder."""
        return contextlib.nullcontext() if self.logdir is None else hold_name(self.logdir)

    def _find_and_load_weights(self, prefer: str = "best") -> None:
        """Load the best weights of the folder; warn if there are none."""
        try:
            name = modelfolder.weights_file(
                modelfolder.read_model(self.logdir, need_weights=False)
            ).name
        except ModelError as error:
            warnings.warn(f"no weights were loaded, the net is untrained: {error}", stacklevel=4)
            return
        self.load_weights(name)


def move_aside(folder: Path) -> Path | None:
    """Rename a folder with weights to NAME.1, NAME.2, ...; None if there is nothing to save."""
    if not any(itertools.chain(folder.glob("*.h5"), folder.glob("*.hdf5"))):
        return None
    for number in itertools.count(1):
        target = folder.with_name(f"{folder.name}.{number}")
        if not os.path.lexists(target):
            os.rename(folder, target)
            return target
    return None
