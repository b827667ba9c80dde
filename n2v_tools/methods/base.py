"""The contracts between a method and the rooms that use it.

`Method` is all that `train` and `jobs` ask of a recipe: its settings, its network, what a
training sample is, and the loss. `Restorer` is all that `restore` asks: a trained net, a
compressed one, a classical filter and a model of somebody else are all Restorers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from ..prepare.symmetry import Symmetry

if TYPE_CHECKING:
    from ..nets.unet import NetSettings


class Method(Protocol):
    """A recipe that learns to restore.

    Attributes
    ----------
    name : str
        Key in `methods.table`.
    movie_axes : str or None
        Of a method that learns from movies: the axes of its models, ``YX`` or ``TYX``. It is
        given windows of a movie instead of patches; see `MovieMethod`. None for any other, whose
        patch has the axes of the model.
    settings : frozen dataclass
        The only place of a default: a `methods.learning.LearningSettings` with ``patch_px`` and
        ``batch``.
    """

    name: ClassVar[str]
    movie_axes: ClassVar[str | None]

    @property
    def settings(self) -> Any:
        """Frozen dataclass."""

    def net_settings(self, n_channels: int) -> NetSettings:
        """Shape of the network for patches of `n_channels` channels."""

    def n2v_names(self) -> dict[str, Any]:
        """What of the settings n2v keeps in ``config.json``, by its names; may be empty."""

    def own_record(self) -> dict[str, Any]:
        """What `restore` must know beside the network, under our key of ``config.json``."""

    def build(self, n_channels: int, seed: int) -> Any:
        """Make the untrained keras.Model; equal seeds give equal weights."""

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[Method, list[str]]:
        """The method with what it wants to know of the data, and what a user should hear.

        Called once, before anything is learned. A method that needs nothing returns itself.

        Parameters
        ----------
        patches : array, shape (N, [Z,] Y, X, C)
            Counts, as they will be trained on; of a movie method its windows, (N, T, Y, X, C).
        means, stds : sequences of float, length C
            By which they will be normalised.
        """

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """What a training sample is: (shown, target) of normalised patches, in TensorFlow.

        Parameters
        ----------
        patches : float32 tensor, shape (N, [Z,] Y, X, C)
        seed : int64 tensor of shape (2,)
        """

    def loss(self) -> Callable[[Any, Any], Any]:
        """Keras loss of (target, prediction)."""


class MovieMethod(Method, Protocol):
    """A recipe that learns from movies: one training sample is drawn from a window of frames.

    So frame pairs, even and odd frames and neighbours of a frame are all one thing: windows
    lie in memory as they lie on disk, and at each step `pick` takes from them what is learned.
    A method may also have ``summarise(windows)``: what `pick` wants to know of whole windows, as
    its third argument, computed once for all steps.
    """

    movie_axes: ClassVar[str]

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """Edges (T, Y, X) of what is drawn for one sample; Y and X are those of the patch.

        Parameters
        ----------
        n_frames : int
            Of the shortest movie: the most that T may be.

        Raises
        ------
        StackError
            If the method needs more frames.
        """

    def pick(self, windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Take from windows what one step looks at, before it is turned and normalised.

        Parameters
        ----------
        windows : ndarray, shape (N, T, Y, X, C)
            Counts, dtype as on disk or float32.
        rng : numpy.random.Generator
            Source of chance of this step.

        Returns
        -------
        picked : ndarray of float32, shape (N, [T,] Y, X, C * k)
            Counts; where the last axis is k times as long, channels are innermost.
        """


class Restorer(Protocol):
    """What turns noisy tiles into restored ones, in camera counts.

    A Restorer knows neither files nor strips nor how a field is cut into tiles. What
    it promises is locality: a pixel of its output depends on pixels at most `reach_px`
    away, and on where the tile starts only modulo `block_px`.

    More it may say: `halo_px`, the smallest halo of tiles cut at multiples of the block, if
    that is less than the reach rounded up; `margin_px`, how far a field is to be reflected
    before it is cut, for what must not meet zeros (else not at all); `tiles_at_once`, how many
    tiles in one call keep all cores busy (else 1); `sample_px`, the size of the pieces it wants
    to be fitted to (else whole planes).
    """

    @property
    def name(self) -> str:
        """Name of the model or filter, for messages."""

    @property
    def axes(self) -> str:
        """Axes of one tile without C: ``YX``, ``ZYX`` or ``TYX``."""

    @property
    def n_channels(self) -> int:
        """Channels of one tile; with 1, a stack's channels are restored one by one."""

    @property
    def reach_px(self) -> tuple[int, ...]:
        """How far a pixel can influence the output, one number per letter of `axes`."""

    @property
    def block_px(self) -> tuple[int, ...]:
        """Tile starts and sizes must be multiples of these, one per letter of `axes`."""

    @property
    def bytes_per_px(self) -> int:
        """Working memory of `predict` per pixel of a tile, all channels and layers."""

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Turns and flips that leave its noise as it is, the first of which does nothing."""

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Restore tiles.

        Parameters
        ----------
        tiles : ndarray of float32, shape (N, [Z,] Y, X, C)
            Counts, finite; left as they are.

        Returns
        -------
        restored : ndarray of float32, same shape
            Counts.
        """

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> Restorer:
        """Return the Restorer that fits these planes' grey levels.

        Called once per stack, before `predict`. A model that carries its own mean and
        deviation returns itself and looks at nothing.

        Parameters
        ----------
        planes : iterable of ndarray of float32, shape (Y, X, C)
            Some planes of the stack, in counts, strips filled; read as it is iterated. Pieces
            of `sample_px` where there is one, shape ([Z,] Y, X, C).
        """
