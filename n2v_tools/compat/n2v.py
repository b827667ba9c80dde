"""n2v's model class: its arguments, attributes and files, our training and prediction."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import keras_backend, modelfolder
from ..learn.samples import training_dataset, validation_samples
from ..legacy import n2v_config
from ..nets.unet import NetSettings
from ..restore.trained import TrainedRestorer
from .chance import new_seed
from .config import N2VConfig, method_name, net_settings, struct_mask, training_values
from .fitting import (
    LAST,
    NOW,
    folder_callbacks,
    named_loss,
    sample_maker,
    training_batches,
    validation_batches,
    warn_about,
)
from .intensity import PercentileNormalizer
from .model import BaseModel, move_aside
from .predict import mean_of_turns, read_n_tiles, restore_field, restore_image, view_of
from .refusals import NotBuilt, WrongValue
from .resizing import PadAndCropResizer

LOG = logging.getLogger(__name__)


class N2V(BaseModel):
    """A Noise2Void network: made, trained, saved, loaded and used as in n2v 0.3.3.

    Parameters
    ----------
    config : N2VConfig or None
        None: the model is loaded from its folder.
    name : str or None
        Of the model; None: the time. A folder of that name that holds weights is renamed
        to NAME.1, NAME.2 and so on when `config` is given.
    basedir : path or None
        Folder that the model's folder is in; None: nothing is read or written.

    Attributes
    ----------
    config, name, basedir, logdir, keras_model
        As in n2v.
    precision : {"auto", "float32", "bfloat16"}
        Of prediction, see `BaseModel`; for n2v's numbers to 1e-5 set ``float32``, on one
        model or on ``N2V`` for all.
    callbacks : list of keras Callback
        After `prepare_for_training`.

    Raises
    ------
    WrongValue
        For an invalid configuration or argument. A ValueError.
    NoModel
        If there is nothing to load. A FileNotFoundError.
    """

    def __init__(
        self, config: N2VConfig | None, name: str | None = None, basedir: Any = "."
    ) -> None:
        self._steps_done = 0
        self._fast_layers: list[Any] = []
        self._in_percentiles = False
        super().__init__(config, name, basedir)

    def train(
        self,
        X: np.ndarray,
        validation_X: np.ndarray,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
    ) -> Any:
        """Train on noisy images.

        Parameters
        ----------
        X, validation_X : array, shape (S, [Z,] Y, X, C)
            In counts; neither is changed or copied.
        epochs, steps_per_epoch : int, optional
            Instead of the configuration's.

        Returns
        -------
        history : keras History
            ``history.history`` holds loss, n2v_mse, n2v_abs, the same with ``val_``,
            and lr.

        Raises
        ------
        WrongValue
            If images and configuration do not fit. A ValueError.
        OutputError
            If another process or thread is training a model of this name and folder now.
        """
        if self._in_percentiles:
            raise WrongValue(
                f"{self.name} has no mean and deviation of its own, so it cannot be trained on. "
                "Train a new model: N2V(config, name, basedir) with an N2VConfig of your images."
            )
        config, seed = self.config, new_seed()
        training = training_batches(config, X, seed)
        validation, most = validation_batches(config, validation_X, seed + 1)
        warn_about(config, X, validation_X)
        if not self._model_prepared:
            self.prepare_for_training()
        make_sample = sample_maker(config)
        epochs = epochs or config.train_epochs
        steps_per_epoch = steps_per_epoch or config.train_steps_per_epoch
        precision, reason = keras_backend.fast_precision()
        LOG.info("training in %s: %s", precision, reason)
        with self._sole_writer():
            if self.logdir is not None:
                modelfolder.forget_weights(self.logdir)
            with keras_backend.computing_in(self._fast_layers, precision):
                history = self.keras_model.fit(
                    training_dataset(training, make_sample, first_step=self._steps_done),
                    validation_data=validation_samples(validation, make_sample, most),
                    validation_batch_size=validation.batch_size,
                    epochs=epochs,
                    steps_per_epoch=steps_per_epoch,
                    callbacks=self.callbacks,
                    verbose=1,
                )
            # What was traced meanwhile computes in the precision of the training.
            self.keras_model.make_test_function(force=True)
            self.keras_model.make_predict_function(force=True)
            self._steps_done += epochs * steps_per_epoch
            self._keep_weights(history)
        return history

    def prepare_for_training(self, optimizer: Any = None, **kwargs: Any) -> None:
        """Compile the network and make `callbacks`; `train` does it if it was not done.

        Parameters
        ----------
        optimizer : keras Optimizer, optional
            Default: Adam with the configuration's learning rate.
        **kwargs
            For `prepare_model`.
        """
        if optimizer is None:
            adam = keras_backend.load().keras.optimizers.Adam
            optimizer = adam(learning_rate=self.config.train_learning_rate)
        self.callbacks = self.prepare_model(
            self.keras_model, optimizer, self.config.train_loss, **kwargs
        )
        self.callbacks.extend(folder_callbacks(self.config, self.logdir))
        self._model_prepared = True

    def prepare_model(
        self, model: Any, optimizer: Any, loss: str, metrics: Sequence[str] = ("mse", "mae")
    ) -> list[Any]:
        """Compile `model` and return its first callbacks."""
        keras = keras_backend.load().keras
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise WrongValue(
                f"optimizer is a {type(optimizer).__name__}; pass one of tf.keras.optimizers, or "
                "None."
            )
        model.compile(
            optimizer=optimizer,
            loss=named_loss(loss),
            metrics=[named_loss(metric) for metric in metrics],
        )
        return [keras.callbacks.TerminateOnNaN()]

    def predict(
        self,
        img: np.ndarray,
        axes: str,
        resizer: Any = PadAndCropResizer(),  # noqa: B008 - n2v's signature; copied for each call
        n_tiles: Any = None,
        tta: bool = False,
    ) -> np.ndarray:
        """Denoise an image in counts.

        Parameters
        ----------
        img : array
        axes : str
            Of `img`, such as ``YX``; axes that the model lacks are looped over.
        resizer : resizer or None
            How the image gets a size that the net takes.
        n_tiles : tuple of int, optional
            At least so many tiles, one number for each axis; the result is the same.
        tta : bool
            Mean over the image turned and mirrored in YX, as far as structN2Vmask allows.

        Returns
        -------
        restored : float32 array
            Shape and axes of `img`.

        Raises
        ------
        WrongAxes, WrongValue
            If something does not fit. ValueErrors.
        """
        img = np.asarray(img)
        normalizer = PercentileNormalizer() if self._in_percentiles else None
        with self._engine.lock, keras_backend.computing_in(self._fast_layers, "float32"):
            restorer = self._current_restorer()
            view = view_of(img, axes, restorer.axes, restorer.n_channels)
            tiles = read_n_tiles(n_tiles, img, view)
            restore = partial(
                restore_field, restorer=restorer, resizer=resizer, normalizer=normalizer
            )
            whole = mean_of_turns(restorer.symmetries, restore) if tta else restore
            return restore_image(img, view, whole, tiles)

    def predict_probabilistic(
        self,
        img: np.ndarray,
        axes: str,
        normalizer: Any = PercentileNormalizer(),  # noqa: B008
        resizer: Any = PadAndCropResizer(),  # noqa: B008
        n_tiles: Any = None,
    ) -> None:
        """Raise a ValueError as n2v does: its nets predict values, not distributions."""
        raise WrongValue("This is not a probabilistic model. Use predict.")

    def predict_bioimageio(self, img: np.ndarray, axes: str, eps: float = 1e-6) -> np.ndarray:
        """`predict` without resizing, as float64; `eps` is ignored, being a defect of n2v's."""
        return self.predict(img, axes.replace("b", "S").upper(), resizer=None).astype(np.float64)

    def export_TF(
        self,
        name: str,
        description: str,
        authors: list[str],
        test_img: np.ndarray,
        axes: str,
        patch_shape: tuple[int, int],
        license: str = "BSD-3-Clause",
        result_path: Any = None,
    ) -> None:
        """Not available yet; nothing is written, and config.json stays as it is."""
        raise NotBuilt(
            "export_TF is not available yet. The folder of the model (config.json and weights) is "
            "what n2v, n2v_tools and napari-n2v load."
        )

    @property
    def _config_class(self) -> type:
        return N2VConfig

    def _build(self) -> Any:
        """The network, untrained: a keras.Model; may be overridden."""
        return self._net.build(seed=new_seed())

    def _check_arguments(self, config: Any, name: Any, basedir: Any) -> None:
        if config is not None and not isinstance(config, self._config_class):
            raise WrongValue(
                f"config is a {type(config).__module__}.{type(config).__name__}; pass an "
                f"{self._config_class.__name__} of n2v_tools.compat, or None to load a model."
            )
        if config is not None:
            _require_valid(config, "config")
        super()._check_arguments(config, name, basedir)

    def _set_logdir(self) -> None:
        self._axes = "ZYX"[-self.config.n_dim :] if self.config is not None else ""
        if self.config is None:
            self._read_config()
            return
        self._net = net_settings(self.config)
        if self.logdir is None:
            return
        with self._sole_writer():  # what is being trained elsewhere must not be moved
            moved = move_aside(self.logdir)
            self.logdir.mkdir(parents=True, exist_ok=True)
            self._write_config()
        if moved:
            warnings.warn(
                f"{self.logdir} held a trained model, which is now {moved}. Load it with "
                f"N2V(None, {moved.name!r}, {str(self.basedir)!r}).",
                stacklevel=4,
            )

    def _write_config(self) -> None:
        modelfolder.write_config(
            self.logdir,
            self._net,
            axes=self._axes,
            means=[float(mean) for mean in self.config.means],
            stds=[float(std) for std in self.config.stds],
            method=method_name(self.config),
            training=training_values(self.config),
        )

    def _read_config(self) -> None:
        """Take the configuration from the folder, with defaults for what older versions lack."""
        model = self._read_folder("n2v")
        self._net, self._axes = model.net, model.axes
        self._in_percentiles = model.normalisation == "percentile"
        older = n2v_config(model.net, model.means, model.stds, {})
        self.config = self._config_class(np.array([]), **{**older, **model.config})
        _require_valid(self.config, str(self.logdir / modelfolder.CONFIG))

    @property
    def _net_settings(self) -> NetSettings:
        return self._net

    def _make_net(self) -> None:
        self.keras_model, self._fast_layers = keras_backend.build_for_both(self._build)

    def _current_restorer(self) -> TrainedRestorer:
        return self._engine.restorer(
            self.keras_model,
            self._net,
            precision=self.precision,
            means=[float(mean) for mean in self.config.means],
            stds=[float(std) for std in self.config.stds],
            axes=self._axes,
            name=self.name,
            struct_mask=struct_mask(self.config),
            in_percentiles=self._in_percentiles,
        )

    def _keep_weights(self, history: Any) -> None:
        """Save the last weights, go back to the best."""
        losses = history.history.get("loss", [])
        if not all(map(math.isfinite, losses)):
            warnings.warn(
                "the loss became NaN or infinite, so training ended. Train anew with a lower "
                f"train_learning_rate than {self.config.train_learning_rate:g}.",
                stacklevel=3,
            )
        if self.logdir is None:
            return
        self.keras_model.save_weights(str(self.logdir / LAST))
        checkpoint = self.config.train_checkpoint
        if checkpoint is not None:
            if (self.logdir / checkpoint).is_file():
                self.load_weights(checkpoint)
            (self.logdir / NOW).unlink(missing_ok=True)
        if (self.logdir / modelfolder.CONFIG).is_file():
            modelfolder.record_weights(self.logdir)


def _require_valid(config: Any, where: str) -> None:
    valid, invalid = config.is_valid(True)
    if not valid:
        found = ", ".join(f"{name} ({getattr(config, name, 'missing')!r})" for name in invalid)
        raise WrongValue(f"{where}: invalid parameters {found}. See N2VConfig for what they take.")
