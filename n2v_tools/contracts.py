"""The contracts between a method and the rooms that use it; every attribute is declared here.

`Method` is all that `learn` and `jobs` ask of a recipe: its settings, its network, what a
training sample is, and the loss. `Restorer` is all that `restore` asks: a trained net, a
compressed one, a classical filter and somebody else's model are all Restorers, and so is a
Restorer around another one. What every one of either must keep is in
``tests/contract/test_every_method.py`` and ``tests/contract/test_every_restorer.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from .prepare.symmetry import Symmetry

if TYPE_CHECKING:
    from .methods.learning import LearningSettings
    from .nets.unet import NetSettings
    from .restore.cover import TilePlan
    from .stack import Stack

Place = Mapping[str, int]


@dataclass(frozen=True)
class Output:
    """One image that a Restorer gives, known by its name to writers, reports and ``--json``."""

    name: str  # such as ``restored`` or ``uncertainty``
    # stands after the stem of the restored file in the name of this one; empty for the restored
    # image itself
    suffix: str = ""
    # what its values are, for the record in the file and the line that is printed
    values: str = "counts"
    # its values are deviations from the restored image, in counts: what rounding the restored image
    # adds is added to them
    is_deviation: bool = False
    is_image: bool = False  # its values are grey levels, not differences of them


RESTORED = Output("restored", is_image=True)
UNCERTAINTY = Output(
    "uncertainty",
    "_uncertainty",
    "standard deviation of the error of the restored value, counts",
    is_deviation=True,
)


@dataclass(frozen=True)
class Where:
    """Where tiles lie in their stack, for a Restorer whose answer depends on it."""

    # Place in the stack of each plane: one per tile of a 2D Restorer, one along the depth of the
    # only tile of a 3D one. Where channels are restored together, that of the first.
    planes: tuple[Place, ...]
    rows: np.ndarray  # int; row of the field that each row of the tiles repeats
    columns: np.ndarray  # int; column of the field that each column of the tiles repeats
    sizes: tuple[int, int]  # Y and X of the field

    def turned(self, symmetry: Symmetry) -> Where:
        """Where the tiles' pixels lie once they are turned."""
        rows, columns, sizes = self.rows, self.columns, self.sizes
        if symmetry.transpose:
            rows, columns, sizes = columns, rows, (sizes[1], sizes[0])
        return Where(
            self.planes,
            rows[::-1] if symmetry.flip_y else rows,
            columns[::-1] if symmetry.flip_x else columns,
            sizes,
        )

    def cut(self, plane: np.ndarray) -> np.ndarray:
        """Cut the tiles' part out of a whole plane (Y, X, ...)."""
        for axis, at in enumerate((self.rows, self.columns)):
            if at[-1] - at[0] == len(at) - 1 and (np.diff(at) == 1).all():
                run = slice(at[0], at[-1] + 1)
                plane = plane[run] if axis == 0 else plane[:, run]
            else:
                plane = plane.take(at, axis=axis)
        return plane


class Restorer(ABC):
    """What turns noisy tiles into restored ones, in camera counts.

    A Restorer knows neither files nor strips nor how a field is cut into tiles. What
    it promises is locality: a pixel of its output depends on pixels at most `reach_px`
    away, and on where the tile starts only modulo `block_px`.
    """

    name: str  # name of the model or filter, for messages
    axes: str  # axes of one tile without C: ``YX``, ``ZYX`` or ``TYX``
    n_channels: int  # channels of one tile; with 1, a stack's channels are restored one by one
    # how far a pixel can influence the output, one number per letter of `axes`
    reach_px: tuple[int, ...]
    # tile starts and sizes must be multiples of these, one per letter of `axes`
    block_px: tuple[int, ...]
    bytes_per_px: int  # working memory of `predict` per pixel of a tile, all channels and layers
    # how far a field is reflected before it is cut, for what must not meet zeros; empty: not at all
    margin_px: tuple[int, ...] = ()
    tiles_at_once: int = 1  # how many tiles in one call keep all cores busy
    # size of the pieces that `fit_intensity` wants; None: whole planes
    sample_px: tuple[int, ...] | None = None
    # turns and flips that leave its noise as it is, the first of which does nothing
    symmetries: tuple[Symmetry, ...] = (Symmetry(),)
    outputs: tuple[Output, ...] = (RESTORED,)  # what `predict` gives, the restored image first
    engine: str | None = None  # what runs its net; None without a net
    precision: str | None = None  # arithmetic of its net; None without a net
    # it wants `for_field` to be called with all planes of each field before they are restored
    looks_through: bool = False
    # it brings the grey levels of each stack to those of its training data by itself
    fits_brightness: bool = False
    # `predict_with_spread` tells how far its answers go apart, so that no noise needs to be added
    tells_spread: bool = False
    # why noise cannot be added to what it takes, so that there is no uncertainty; empty if it can
    no_uncertainty: str = ""

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The reach, unless a smaller halo is known."""
        return self.reach_px

    @abstractmethod
    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles.

        Parameters
        ----------
        tiles : ndarray of float32, shape (N, [Z,] Y, X, C)
            Counts, finite; left as they are.
        at : Where, optional
            Where they lie. A Restorer that depends on it says so by an error without it.

        Returns
        -------
        restored : ndarray of float32, shape (N, [Z,] Y, X, C * K)
            Counts; all channels of the first of K outputs, then of the next.
        """

    def predict_with_spread(
        self, tiles: np.ndarray, at: Where | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Restore tiles and say how far equally good answers go apart, where it `tells_spread`.

        Returns
        -------
        restored : ndarray of float32
            As `predict` returns it.
        variance : ndarray of float32, shape (N, [Z,] Y, X, C)
            Of the first output, counts squared.
        """
        raise NotImplementedError(f"{self.name} has one answer only")

    def for_probing(self) -> Restorer:
        """Return a cheaper one, if there is, whose answers change with what it is shown as its own.

        It gives the first output only.
        """
        return self

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
        return self

    def keeps_mean(self, field: Place) -> bool:
        """Whether each plane of a field is to get back the mean that it had before.

        `field` is the place of a plane, volume or movie in the stack.
        """
        return False

    def for_channel(self, channel: int) -> Restorer:
        """Return the Restorer for one channel of a stack whose channels are restored one by one."""
        return self

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Return the Restorer for one field, which was looked through: a plane, volume or movie.

        Parameters
        ----------
        planes : iterator of ndarray, shape (Y, X, C), or None
            All planes of the field in order, counts as on disk, strips filled; None: empty.
        """
        return self

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Return the Restorer with `wrap` around what it predicts single tiles with."""
        return wrap(self)

    def own_cover(self, sizes: tuple[int, ...], memory_bytes: int | None) -> TilePlan | None:
        """Tiles of its own for a field; None: as `restore.cover` chooses.

        `sizes` are those of the field, in the order of `axes`; `memory_bytes` is the bound above
        the base process.
        """
        return None

    def record_of(self, output: Output) -> Mapping[str, Any]:
        """Facts about one of its outputs, JSON values, kept in its file."""
        return {"values": output.values}

    def describe(self, output: Output) -> str:
        """Words about one of its outputs, for the line that names its file."""
        return output.values

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it says of the whole stack, JSON values for ``--json``."""
        return {}


class Sliding(ABC):
    """What is carried from plane to plane through one movie or volume; see `SlidingRestorer`."""

    @abstractmethod
    def needs(self, t: int) -> tuple[int, int]:
        """First and last plane that `move_to` may touch at `t` and, of those before it, later."""

    @abstractmethod
    def move_to(self, t: int, planes: Mapping[int, np.ndarray] | np.ndarray) -> None:
        """Go to plane `t`; `planes` holds planes (Y, X) by their number, as `needs` says."""

    @abstractmethod
    def predict(self, at: Where | None = None) -> np.ndarray:
        """Restore the plane, or the tile of it that `at` says: float32 (Y, X, C * K), counts."""


class SlidingRestorer(Restorer):
    """A Restorer of movies or volumes that goes through them plane by plane.

    Each plane is predicted from what is carried along, in tiles of one plane; it takes one
    channel. Planes are read once and held, as they are on disk, as long as they are needed.
    """

    inner: Restorer  # predicts a tile of one plane: its halo, block and memory decide on the tiles
    # memory per pixel of a tile for what it is shown, beside `inner`'s own
    carried_bytes_per_px: int

    @property
    @abstractmethod
    def lighter(self) -> str:
        """What a user can do where the memory does not suffice."""

    @abstractmethod
    def open(self, n_planes: int) -> Sliding:
        """Begin a movie of so many planes."""

    @abstractmethod
    def held_bytes(self, plane_px: int, bytes_per_value: int) -> int:
        """Memory for what is held while it is restored.

        A plane has `plane_px` pixels; one as it is on disk takes `bytes_per_value`.
        """


class KeptNoise(Protocol):
    """A noise model that a method keeps in its model folder, all in counts."""

    @property
    def kind(self) -> str:
        """Name of what it is."""

    @property
    def low(self) -> float:
        """Lowest signal that it was made from."""

    @property
    def high(self) -> float:
        """Highest."""

    def moments(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, counts squared, of a pixel where the signal is `s`."""

    def log_density(self, x: Any, s: Any) -> Any:
        """Logarithm of the density, nats per count, of pixels `x` where the signal is `s`."""


@dataclass(frozen=True)
class RestoringSettings:
    """What ``n2v-denoise --set`` can change of a method's models; a method adds fields."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What a Restorer with these settings gives, the restored image first."""
        return (RESTORED,)

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that can run a net with these settings; empty: all that can run the net."""
        return ()

    def check(self, name: str, record: Any, given: Mapping[str, object]) -> None:
        """Raise UsageError for what contradicts these settings of the model called `name`.

        `record` is what the method read from the model folder, and `given` holds the options and
        settings that were given, with their values.
        """


@dataclass(frozen=True)
class Opening:
    """What a method needs to make the Restorer that its model leaves behind."""

    net: Any  # the trained network behind an engine, which normalises and returns counts
    record: Any = None  # what the method read from its section of the model folder
    means: tuple[float, ...] = ()  # counts, of the training data
    stds: tuple[float, ...] = ()  # likewise
    settings: Any = None  # the method's own settings of ``n2v-denoise --set``; None without any
    seed: int = 0  # of whatever it draws; by a pixel's place, so that tiles agree with the whole


@dataclass(frozen=True)
class Section:
    """What a method reads from a model folder beside what n2v's own keys say."""

    net: NetSettings  # the network
    record: Any = None  # whatever its Restorer needs to know; goes into `Opening.record`
    # the 2D net takes images made of several planes, so that the model has one axis more
    images_of_planes: bool = False
    # the net takes counts normalised by the model's mean and deviation; else what its Restorer
    # makes of them
    normalises: bool = True
    deviation_known: bool = True  # the recorded deviation is that of the training data


ReadSection = Callable[[Mapping[str, Any], "NetSettings", Path], Section]
OpenRestorer = Callable[[Opening], Restorer]


class Method(ABC):
    """A recipe that learns to restore.

    A method of movies (`movie_axes`) is given windows of a movie instead of patches. So frame
    pairs, even and odd frames and neighbours of a frame are all one thing: windows lie in memory
    as they lie on disk, and at each step `pick` takes from them what is learned.
    """

    name: ClassVar[str]  # key in `methods.table`
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]  # settings that each preset changes
    # Of a method that learns from movies: the axes of its models, ``YX`` or ``TYX``. None for any
    # other, whose patch has the axes of the model.
    movie_axes: ClassVar[str | None] = None
    # noise that neighbours share is not learned, without hiding any
    copes_with_shared_noise: ClassVar[bool] = False
    loss_title: ClassVar[str] = "loss"  # what its loss is the error of, for the curve of a training
    settings: LearningSettings  # the only place of a default

    @abstractmethod
    def net_settings(self, n_channels: int) -> NetSettings:
        """Shape of the network for patches of `n_channels` channels."""

    def build(self, n_channels: int, seed: int) -> Any:
        """Make the untrained keras.Model; equal seeds give equal weights."""
        return self.net_settings(n_channels).build(seed)

    @abstractmethod
    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """What a training sample is: (shown, target) of normalised patches, in TensorFlow.

        Patches are float32 (N, [Z,] Y, X, C), the seed int64 of shape (2,). Shown and target are
        tensors, or tuples of them for a net with several outputs.
        """

    @abstractmethod
    def loss(self) -> Callable[[Any, Any], Any]:
        """Loss of (target, prediction); of a net with several outputs both are tuples.

        What a layer of the net adds by ``add_loss``, such as a Kullback-Leibler term, is added.
        """

    @property
    def recorded_name(self) -> str:
        """Name of the method in the model folder."""
        return self.name

    def n2v_names(self) -> dict[str, Any]:
        """What of the settings n2v keeps in ``config.json``, by its names; may be empty."""
        return {}

    def own_record(self) -> dict[str, Any]:
        """What its Restorer must know beside the network, under our key of ``config.json``."""
        return {}

    def files(self) -> dict[str, bytes]:
        """What else was learned, such as a noise model: files for the model folder, by name."""
        return {}

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
        return self, []

    def informed(
        self, stacks: Sequence[Stack], axes: str, *, seed: int, keep_strips: bool
    ) -> tuple[Method, list[str]]:
        """The method with what it wants to know of whole stacks, and what a user should hear.

        Called once, before patches are drawn: for what patches do not show, such as noise that
        frames tell apart. `axes` are those of the model, `keep_strips` takes zeros as data, and
        `seed` is that of the training.
        """
        return self, []

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """Edges (T, Y, X) of what is drawn for one sample; Y and X are those of the patch.

        T is at most `n_frames`, those of the shortest movie. StackError if the method needs more
        frames.
        """
        raise NotImplementedError(f"{self.name} has movie_axes, but no window_px")

    def summarise(self, windows: np.ndarray) -> np.ndarray | None:
        """What `pick` wants to know of whole windows, computed once for all steps.

        Windows have shape (N, T, Y, X, C), summaries (N, ...); None if it wants to know nothing.
        """
        return None

    def pick(
        self, windows: np.ndarray, rng: np.random.Generator, summaries: np.ndarray | None = None
    ) -> np.ndarray:
        """Take from windows what one step looks at, before it is turned and normalised.

        Parameters
        ----------
        windows : ndarray, shape (N, [T,] Y, X, C)
            Counts, dtype as on disk or float32.
        rng : numpy.random.Generator
            Source of chance of this step.
        summaries : ndarray, optional
            What `summarise` makes of the windows.

        Returns
        -------
        picked : ndarray of float32, shape (N, [T,] Y, X, C * k)
            Counts; where the last axis is k times as long, channels are innermost.
        """
        return windows.astype(np.float32)
