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
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .prepare.symmetry import Symmetry

if TYPE_CHECKING:
    from .methods.learning import LearningSettings
    from .nets.unet import NetSettings
    from .restore.cover import TilePlan

Place = Mapping[str, int]


@dataclass(frozen=True)
class Output:
    """One image that a Restorer gives, known by its name to writers, reports and ``--json``.

    Parameters
    ----------
    name : str
        Such as ``restored`` or ``uncertainty``.
    suffix : str
        Stands after the stem of the restored file in the name of this one; empty for the
        restored image itself.
    values : str
        What its values are, for the record in the file and the line that is printed.
    is_deviation : bool
        Its values are deviations from the restored image, in counts: what rounding the restored
        image adds is added to them.
    """

    name: str
    suffix: str = ""
    values: str = "counts"
    is_deviation: bool = False


RESTORED = Output("restored")
UNCERTAINTY = Output(
    "uncertainty",
    "_uncertainty",
    "standard deviation of the error of the restored value, counts",
    is_deviation=True,
)


@dataclass(frozen=True)
class Where:
    """Where tiles lie in their stack, for a Restorer whose answer depends on it.

    Parameters
    ----------
    planes : tuple of mapping
        Place in the stack of each plane: one per tile of a 2D Restorer, one along the depth of
        the only tile of a 3D one. Where channels are restored together, that of the first.
    rows, columns : ndarray of int
        Row and column of the field that each row and column of the tiles repeats.
    sizes : tuple of int
        Y and X of the field.
    """

    planes: tuple[Place, ...]
    rows: np.ndarray
    columns: np.ndarray
    sizes: tuple[int, int]

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

    Attributes
    ----------
    name : str
        Name of the model or filter, for messages.
    axes : str
        Axes of one tile without C: ``YX``, ``ZYX`` or ``TYX``.
    n_channels : int
        Channels of one tile; with 1, a stack's channels are restored one by one.
    reach_px : tuple of int
        How far a pixel can influence the output, one number per letter of `axes`.
    block_px : tuple of int
        Tile starts and sizes must be multiples of these, one per letter of `axes`.
    halo_px : tuple of int
        The smallest halo of tiles that are cut at multiples of the block.
    margin_px : tuple of int
        How far a field is reflected before it is cut, for what must not meet zeros; empty: not
        at all.
    bytes_per_px : int
        Working memory of `predict` per pixel of a tile, all channels and layers.
    tiles_at_once : int
        How many tiles in one call keep all cores busy.
    sample_px : tuple of int or None
        Size of the pieces that `fit_intensity` wants; None: whole planes.
    symmetries : tuple of Symmetry
        Turns and flips that leave its noise as it is, the first of which does nothing.
    outputs : tuple of Output
        What `predict` gives, the restored image first.
    engine, precision : str or None
        What runs its net, and in which arithmetic; None without a net.
    looks_through : bool
        It wants `for_field` to be called with all planes of each field before they are restored.
    no_uncertainty : str
        Why noise cannot be added to what it takes, so that there is no uncertainty; empty if it
        can.
    """

    name: str
    axes: str
    n_channels: int
    reach_px: tuple[int, ...]
    block_px: tuple[int, ...]
    bytes_per_px: int
    margin_px: tuple[int, ...] = ()
    tiles_at_once: int = 1
    sample_px: tuple[int, ...] | None = None
    symmetries: tuple[Symmetry, ...] = (Symmetry(),)
    outputs: tuple[Output, ...] = (RESTORED,)
    engine: str | None = None
    precision: str | None = None
    looks_through: bool = False
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
        """Tiles of its own; None: as `restore.cover` chooses.

        Parameters
        ----------
        sizes : tuple of int
            Of a field, in the order of `axes`.
        memory_bytes : int or None
            Bound above the base process.
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

    Attributes
    ----------
    inner : Restorer
        Predicts a tile of one plane: its halo, block and memory decide on the tiles.
    carried_bytes_per_px : int
        Memory per pixel of a tile for what it is shown, beside `inner`'s own.
    """

    inner: Restorer
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

        Parameters
        ----------
        plane_px : int
            Pixels of a plane.
        bytes_per_value : int
            Of a pixel as it is on disk.
        """


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
        """Raise UsageError for what contradicts these settings.

        Parameters
        ----------
        name : str
            Of the model.
        record : object
            What the method read from the model folder.
        given : mapping of str to object
            Options and settings that were given, with their values.
        """


@dataclass(frozen=True)
class Opening:
    """What a method needs to make the Restorer that its model leaves behind.

    Parameters
    ----------
    net : Restorer
        The trained network behind an engine, which normalises and returns counts.
    record : object
        What the method read from its section of the model folder.
    means, stds : tuple of float
        Counts, of the training data.
    settings : object
        The method's own settings of ``n2v-denoise --set``; None without any.
    seed : int
        Of whatever it draws; by a pixel's place, so that tiles agree with the whole.
    """

    net: Any
    record: Any = None
    means: tuple[float, ...] = ()
    stds: tuple[float, ...] = ()
    settings: Any = None
    seed: int = 0


@dataclass(frozen=True)
class Section:
    """What a method reads from a model folder beside what n2v's own keys say.

    Parameters
    ----------
    net : NetSettings
        The network.
    record : object
        Whatever its Restorer needs to know; goes into `Opening.record`.
    images_of_planes : bool
        The 2D net takes images made of several planes, so that the model has one axis more.
    normalises : bool
        The net takes counts normalised by the model's mean and deviation; else what its
        Restorer makes of them.
    deviation_known : bool
        The recorded deviation is that of the training data.
    """

    net: NetSettings
    record: Any = None
    images_of_planes: bool = False
    normalises: bool = True
    deviation_known: bool = True


ReadSection = Callable[[Mapping[str, Any], "NetSettings", Path], Section]
OpenRestorer = Callable[[Opening], Restorer]


class Method(ABC):
    """A recipe that learns to restore.

    A method of movies (`movie_axes`) is given windows of a movie instead of patches. So frame
    pairs, even and odd frames and neighbours of a frame are all one thing: windows lie in memory
    as they lie on disk, and at each step `pick` takes from them what is learned.

    Attributes
    ----------
    name : str
        Key in `methods.table`.
    presets : mapping
        Settings that each preset changes.
    movie_axes : str or None
        Of a method that learns from movies: the axes of its models, ``YX`` or ``TYX``. None for
        any other, whose patch has the axes of the model.
    loss_title : str
        What its loss is the error of, for the curve of a training.
    settings : LearningSettings
        The only place of a default.
    """

    name: ClassVar[str]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    movie_axes: ClassVar[str | None] = None
    loss_title: ClassVar[str] = "loss"
    settings: LearningSettings

    @abstractmethod
    def net_settings(self, n_channels: int) -> NetSettings:
        """Shape of the network for patches of `n_channels` channels."""

    def build(self, n_channels: int, seed: int) -> Any:
        """Make the untrained keras.Model; equal seeds give equal weights."""
        return self.net_settings(n_channels).build(seed)

    @abstractmethod
    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """What a training sample is: (shown, target) of normalised patches, in TensorFlow.

        Parameters
        ----------
        patches : float32 tensor, shape (N, [Z,] Y, X, C)
        seed : int64 tensor of shape (2,)

        Returns
        -------
        shown, target : tensors, or tuples of them for a net with several outputs
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
        raise NotImplementedError(f"{self.name} has movie_axes, but no window_px")

    def summarise(self, windows: np.ndarray) -> np.ndarray | None:
        """What `pick` wants to know of whole windows, computed once for all steps.

        Parameters
        ----------
        windows : ndarray, shape (N, T, Y, X, C)

        Returns
        -------
        summaries : ndarray, shape (N, ...), or None
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
