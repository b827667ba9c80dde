"""CSBDeep's CARE, for prediction with trained models.

Tests: ``tests/compat/test_predict.py``.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import numpy as np

from .. import modelfolder
from ..nets.unet import NetSettings
from ..restore.trained import TrainedRestorer
from .intensity import PercentileNormalizer
from .model import BaseModel
from .predict import read_n_tiles, restore_field, restore_image, view_of
from .refusals import NotBuilt, WrongValue
from .resizing import PadAndCropResizer


class CARE(BaseModel):
    """A trained CSBDeep model, as in ``CARE(config=None, name=..., basedir=...)``.

    Parameters
    ----------
    config : None
        Only trained models are taken.
    name : str
        Of the model.
    basedir : path
        Folder that the model's folder is in.

    Attributes
    ----------
    config, name, basedir, logdir, keras_model
        As in CSBDeep; of a probabilistic model the net predicts the mean alone.
    precision : {"auto", "float32", "bfloat16"}
        Of prediction, see `BaseModel`; for CSBDeep's numbers set ``float32``.
    """

    def __init__(self, config: None, name: str | None = None, basedir: Any = ".") -> None:
        if config is not None:
            raise NotBuilt(_NO_TRAINING)
        super().__init__(config, name, basedir)

    def train(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        validation_data: Any,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        augmenter: Any = None,
    ) -> None:
        """Not available."""
        raise NotBuilt(_NO_TRAINING)

    def prepare_for_training(self, optimizer: Any = None, **kwargs: Any) -> None:
        """Not available."""
        raise NotBuilt(_NO_TRAINING)

    def export_TF(self, fname: Any = None) -> None:
        """Not available yet."""
        raise NotBuilt("export_TF is not available yet. Use CSBDeep's own CARE to export.")

    def predict(
        self,
        img: np.ndarray,
        axes: str,
        normalizer: Any = PercentileNormalizer(),  # noqa: B008 - CSBDeep's signature; copied
        resizer: Any = PadAndCropResizer(),  # noqa: B008
        n_tiles: Any = None,
    ) -> np.ndarray:
        """Restore an image.

        Parameters
        ----------
        img : array
        axes : str
            Of `img`; axes that the model lacks are looped over.
        normalizer : normaliser or None
            What brings grey levels to those of the net, and back if it says so.
        resizer : resizer or None
            How the image gets a size that the net takes.
        n_tiles : tuple of int, optional
            At least so many tiles, one number for each axis; the result is the same.

        Returns
        -------
        restored : float32 array
            Shape and axes of `img`.
        """
        img = np.asarray(img)
        with self._engine.lock:
            restorer = self._current_restorer()
            view = view_of(img, axes, restorer.axes, restorer.n_channels)
            restore = partial(
                restore_field, restorer=restorer, resizer=resizer, normalizer=normalizer
            )
            return restore_image(img, view, restore, read_n_tiles(n_tiles, img, view))

    def predict_probabilistic(
        self,
        img: np.ndarray,
        axes: str,
        normalizer: Any = PercentileNormalizer(),  # noqa: B008
        resizer: Any = PadAndCropResizer(),  # noqa: B008
        n_tiles: Any = None,
    ) -> None:
        """Not available: only means are predicted."""
        if not self._model.scale_head:
            raise WrongValue("This is not a probabilistic model. Use predict.")
        raise NotBuilt("predict_probabilistic is not available; predict returns the mean.")

    @property
    def _config_class(self) -> type:
        return argparse.Namespace

    def _set_logdir(self) -> None:
        self._model: modelfolder.Model = self._read_folder("care")
        self.config = argparse.Namespace(**self._model.config)

    @property
    def _net_settings(self) -> NetSettings:
        return self._model.net

    def _make_net(self) -> None:

        self.keras_model = self._model.net.build()

    def _weight_options(self) -> dict[str, Any]:
        return {
            "skip_last": int(self._model.scale_head),
            "axes_order": self._model.axes_order,
        }

    def _current_restorer(self) -> TrainedRestorer:
        return self._engine.restorer(
            self.keras_model,
            self._model.net,
            precision=self.precision,
            means=[0.0] * self._model.n_channels,
            stds=[1.0] * self._model.n_channels,
            axes=self._model.axes,
            name=self.name,
            struct_mask=None,
            in_percentiles=True,
        )


_NO_TRAINING = (
    "CARE is for prediction here: load a trained model with CARE(None, name, basedir). Train with "
    "CSBDeep's own CARE, or without clean images with N2V."
)
