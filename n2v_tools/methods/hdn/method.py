"""HDN: settings, presets, its noise model, and what it minimises."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ... import keras_backend
from ...contracts import Method
from ...errors import SettingsError, StackError
from ...noise.level import measure_noise
from ...stack import Stack
from ...words import option, setting
from ..learning import LEARNING_RANGES, LearningSettings
from .calibration import (
    Checks,
    Pairs,
    check_model,
    fit_histogram,
    fit_line,
    fit_mixture,
    read_pairs,
    within,
)
from .net import LadderNet
from .noise_model import Mixture, NoiseModel, ShotNoise, read_noise_model, tensorflow
from .recording_noise import MeasuredNoise, blind_levels, measure
from .section import NOISE_NAME, record_of

LEAST_VARIANCE = 0.02  # of the noise at mean brightness: nowhere is it taken to be weaker
MUCH_OUTSIDE_PERCENT = 50.0  # a noise model that knows less of the data is of other data
SOME_OUTSIDE_PERCENT = 5.0
NOISE_SEED = 7  # of the pairs that are drawn, and of where a fit starts


@dataclass(frozen=True)
class HDNSettings(LearningSettings):
    """Everything `--set` can change; a default stands here and nowhere else.

    The defaults learn in a quarter of an hour on two cores; those published, in the presets, take
    a day on a GPU. See DESIGN.md.
    """

    patch_px: tuple[int, ...] = (64, 64)
    epochs: int = 40
    steps_per_epoch: int = 60
    learning_rate: float = 0.002
    clip_norm: float | None = 5.0
    skip_broken_steps: bool = True
    levels: int = 4
    filters: int = 32
    blocks: int = 1  # residual blocks of each level, each way
    latents: int = 16  # channels of each latent image
    batch_norm: bool = True
    dropout: float = 0.0
    free_nats: float = 1.0  # that each level may tell of a patch at no cost
    kl_warm_up: int = 200  # steps over which what latent images cost rises to its full weight
    # levels, 0 the finest, that do not see the image; auto: those as fine as what noise shares
    uncond: Literal["auto"] | tuple[int, ...] = "auto"
    samples: int = 20  # images of which a restored one is the mean
    # FRAMES of a still scene, NOISY=CLEAN or a noise model (.npz); empty: the noise is measured
    noise_from: str = ""
    noise_axes: str | None = None  # of the files of `noise_from`; None: their own
    noise_model: Literal["auto", "gaussian", "gmm", "histogram"] = "auto"  # auto: gmm with files
    # gain, floor: variance is gain x counts + floor, counts squared; empty: measured
    noise: tuple[float, ...] = ()
    n_gaussian: int = 3  # of a gmm
    n_coeff: int = 2  # of its polynomials
    noise_steps: int = 600  # of its fit, at most
    # of the signals it is fitted to; in either order
    noise_percentiles: tuple[float, float] = (0.1, 99.9)
    least_variance: float | None = None  # counts squared, of each Gaussian; None: by the noise
    noise_bins: int = 256  # of a histogram

    def __post_init__(self) -> None:
        if len(self.patch_px) != 2:
            raise SettingsError(
                f"patch {self.patch_px}: {option('method', 'hdn')} learns from planes: give one "
                "edge or two (Y,X)."
            )
        self.require_ranges((*LEARNING_RANGES, *_RANGES))
        self.require_whole_blocks(self.patch_px, self.levels)
        if self.joint_channels:
            raise SettingsError(
                f"{setting('joint_channels', 'true')}: {option('method', 'hdn')} takes one channel."
            )
        if self.noise and (len(self.noise) != 2 or self.noise[0] < 0):
            raise SettingsError(
                f"noise is {list(self.noise)}; write gain,floor with a gain of 0 or more, such as "
                f"{setting('noise', '2.1,64')}."
            )
        if self.noise and self.noise_from:
            raise SettingsError("noise and noise_from contradict: give one of them.")
        if self.noise_model not in ("auto", "gaussian") and not self.noise_from:
            raise SettingsError(
                f"noise_model {self.noise_model} is learned from files: name them by "
                f"{setting('noise_from')}."
            )
        low, high = sorted(self.noise_percentiles)
        if not 0 <= low < high <= 100:
            raise SettingsError(
                f"noise_percentiles are {low:g} and {high:g}; they must be two of 0 to 100."
            )

    @property
    def batch(self) -> int:
        """Patches a step: many small steps learn more in a short time."""
        return self.batch_size or 8

    @property
    def blind(self) -> tuple[int, ...]:
        """Levels that do not see the image; none before the noise is known."""
        return () if self.uncond == "auto" else tuple(self.uncond)


_RANGES = (
    ("levels", 1, 8),
    ("filters", 2, 512),
    ("blocks", 1, 16),
    ("latents", 1, 512),
    ("dropout", 0, 0.9),
    ("free_nats", 0, 1e6),
    ("kl_warm_up", 0, 10**7),
    ("samples", 1, 100_000),
    ("n_gaussian", 1, 32),
    ("n_coeff", 1, 8),
    ("noise_steps", 1, 10**6),
    ("least_variance", 1e-12, 1e12),
    ("noise_bins", 4, 2048),
)

PUBLISHED: dict[str, Any] = {
    "levels": 6,
    "filters": 64,
    "blocks": 5,
    "latents": 32,
    "dropout": 0.2,
    "kl_warm_up": 0,
    "optimizer": "adamax",
    "learning_rate": 3e-4,
    "schedule": "plateau",
    "plateau_patience": 10,
    "plateau_factor": 0.5,
    "stop_patience": 30,
    "batch_size": 64,
    "epochs": 500,
    "steps_per_epoch": 500,
    "validation": 0.15,
    "samples": 100,
    "uncond": (),
}

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # As in the examples of the original program.
    "hdn-pixel": PUBLISHED,
    "hdn-structured": {**PUBLISHED, "uncond": (0, 1)},
    # As in the AI4Life open call's project 13, calcium imaging.
    "hdn-p13": {**PUBLISHED, "uncond": (0, 1), "steps_per_epoch": 400},
}


@dataclass(frozen=True)
class HDN(Method):
    """Draw images whose noisy pixels would be as probable as those that were seen [1]_.

    What the noise is must be known: it is measured, or learned from calibration frames. Latent
    images tell the signal, and each nat that they tell costs as much as a nat that noisy pixels
    are less probable; so noise, which takes many to tell, is left out.

    References
    ----------
    .. [1] M. Prakash, M. Delbracio, P. Milanfar, F. Jug. Interpretable unsupervised diversity
       denoising and artefact removal. ICLR 2022.
    """

    settings: HDNSettings = HDNSettings()
    measured: MeasuredNoise | None = None  # of the stacks
    noise: NoiseModel | None = None
    checks: Checks | None = None  # of a noise model that was learned
    mean: float = 0.0  # counts, of the training data
    std: float = 1.0
    name: ClassVar[str] = "hdn"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    copes_with_shared_noise: ClassVar[bool] = True
    loss_title: ClassVar[str] = "bound of the negative evidence, nats per pixel"

    def net_settings(self, n_channels: int) -> LadderNet:
        """The ladder; StackError for several channels."""
        if n_channels != 1:
            raise StackError(
                f"{option('method', self.name)} learns from one channel, but these stacks have "
                f"{n_channels}. Save each channel as a file of its own, or take "
                f"{option('method', 'n2v')}."
            )
        s = self.settings
        return LadderNet(
            n_dim=2,
            depth=s.levels,
            first_filters=s.filters,
            batch_norm=s.batch_norm,
            latents=s.latents,
            blocks=s.blocks,
            blind=s.blind,
            dropout=s.dropout,
            free_nats=s.free_nats,
        )

    def n2v_names(self) -> dict[str, Any]:
        """What n2v's ``config.json`` has a name for."""
        return {"n2v_patch_shape": list(self.settings.patch_px)}

    def own_record(self) -> dict[str, Any]:
        """The shape of the ladder, and what its noise model is."""
        return {**record_of(self.net_settings(1), self.settings.samples), **self._noise_record()}

    def _noise_record(self) -> dict[str, Any]:
        if self.noise is None:
            return {}
        facts: dict[str, Any] = {
            "kind": self.noise.kind,
            "file": NOISE_NAME,
            "units": "counts",
            "signals": [self.noise.low, self.noise.high],
        }
        if isinstance(self.noise, ShotNoise):
            facts["gain"], facts["floor"] = self.noise.gain, self.noise.floor
        if self.checks is not None:
            facts["checks"] = dataclasses.asdict(self.checks)
        return {"noise_model": facts}

    def files(self) -> dict[str, bytes]:
        """The noise model."""
        return {} if self.noise is None else {NOISE_NAME: self.noise.to_bytes()}

    def informed_by(
        self, stacks: Sequence[Stack], axes: str, *, seed: int, keep_strips: bool
    ) -> tuple[HDN, list[str]]:
        """Measure the noise of the stacks, where that is not given, and choose the blind levels."""
        s = self.settings
        notes: list[str] = []
        wanted = not s.noise and not s.noise_from
        measured = None
        if wanted or s.uncond == "auto":
            measured = measure(stacks, seed=seed, keep_strips=keep_strips, needed=wanted)
            notes += measured.notes
        if s.uncond == "auto":
            blind, why = blind_levels(measured, s.levels)
            notes += [why] if why else []
            s = replace(s, uncond=blind)
        return replace(self, settings=s, measured=measured), notes

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[HDN, list[str]]:
        """Make the noise model: as measured or given, or learned from files."""
        s = self.settings
        found = replace(self, mean=float(means[0]), std=float(stds[0]))
        if s.noise_from:
            noise, checks, notes = self._learned(patches)
        else:
            noise, notes = self._in_closed_form(patches, float(means[0]))
            checks = None
        return replace(found, noise=noise, checks=checks), notes

    def _in_closed_form(self, patches: np.ndarray, mean: float) -> tuple[NoiseModel, list[str]]:
        """Shot and read noise, as given, as measured in the stacks, or from the patches."""
        s = self.settings
        notes: list[str] = []
        if s.noise:
            gain, floor = s.noise
        elif self.measured is not None and self.measured.variance_at(mean) > 0:
            gain, floor = self.measured.gain, self.measured.floor
        else:
            (level,) = measure_noise(np.asarray(patches, np.float32))
            gain, floor = level.gain, level.floor
            if not gain and not floor:
                floor = _between_neighbours(np.asarray(patches, np.float32))
            if level.doubt:
                notes.append(f"the noise is not sure: {level.doubt}")
        at_mean = gain * mean + floor
        if not at_mean > 0:
            raise StackError(
                "the noise cannot be measured: its variance at mean brightness is "
                f"{at_mean:.3g} counts squared. Pass {setting('noise', 'GAIN,FLOOR')} or "
                f"{setting('noise_from')}."
            )
        low, high = np.percentile(patches[:: max(1, len(patches) // 256)], [0.1, 99.9])
        model = ShotNoise(gain, floor, LEAST_VARIANCE * at_mean, float(low), float(high) + 1e-6)
        how = "given" if s.noise else "measured"
        notes.append(
            f"noise model: normal, variance {gain:.4g} x signal {floor:+.4g} counts squared, as "
            f"{how}"
        )
        return model, notes

    def _learned(self, patches: np.ndarray) -> tuple[NoiseModel, Checks | None, list[str]]:
        """From files: a noise model as it is, or one learned from pairs."""
        s, notes = self.settings, []
        checks = None
        if s.noise_from.lower().endswith(".npz"):
            noise = read_noise_model(Path(s.noise_from))
        else:
            rng = np.random.default_rng([NOISE_SEED, s.n_gaussian])
            pairs = within(read_pairs(s.noise_from, s.noise_axes, 0), s.noise_percentiles, rng)
            if s.noise_percentiles[0] > s.noise_percentiles[1]:
                notes.append("noise_percentiles are given highest first: they were exchanged")
            if s.noise_model == "histogram":
                noise = fit_histogram(pairs, s.noise_bins)
            elif s.noise_model == "gaussian":
                noise = fit_line(pairs)
            else:
                noise, more = self._mixture(pairs, rng)
                notes += more
            checks = check_model(noise, pairs)
            notes += [f"noise model: {doubt}" for doubt in checks.doubts]
        notes += self._range_notes(noise, patches)
        notes.append(
            f"noise model: {noise.kind} from {s.noise_from}, for signals of {noise.low:.5g} to "
            f"{noise.high:.5g} counts"
            + (
                f", {checks.nats:.3f} nats a pixel (one Gaussian: {checks.gaussian_nats:.3f})"
                if checks
                else ""
            )
        )
        return noise, checks, notes

    def _mixture(self, pairs: Pairs, rng: np.random.Generator) -> tuple[Mixture, list[str]]:
        s, notes = self.settings, []
        noise = float(np.mean((pairs.noisy - pairs.signal) ** 2))
        if s.least_variance is not None and s.least_variance > 0.25 * noise:
            notes.append(
                f"least_variance of {s.least_variance:.4g} counts squared is no less than that of "
                f"the noise ({noise:.4g}): a quarter of it was taken"
            )
        found = fit_mixture(
            pairs,
            s.n_gaussian,
            s.n_coeff,
            rng,
            steps=s.noise_steps,
            least_variance=s.least_variance,
        )
        return found, notes

    def _range_notes(self, noise: NoiseModel, patches: np.ndarray) -> list[str]:
        """Refuse a noise model of other grey levels; say where it is taken beyond its range."""
        # Means of blocks are nearly free of noise.
        some = np.asarray(patches[:: max(1, len(patches) // 256)], np.float64)[..., 0]
        n, height, width = some.shape
        blocks = some[:, : height // 8 * 8, : width // 8 * 8]
        blocks = blocks.reshape(n, height // 8, 8, width // 8, 8).mean(axis=(2, 4))
        outside = noise.percent_outside(blocks)
        if outside > MUCH_OUTSIDE_PERCENT:
            raise StackError(
                f"{self.settings.noise_from}: the noise model is of signals from {noise.low:.5g} "
                f"to {noise.high:.5g} counts, but {outside:.0f} % of the stacks lie outside "
                f"({blocks.min():.5g} to {blocks.max():.5g}). Take calibration frames of the same "
                "camera, gain and brightness."
            )
        if outside > SOME_OUTSIDE_PERCENT:
            return [
                f"noise model: {outside:.0f} % of the stacks lie outside its signals; there the "
                "noise is taken to be as at their end"
            ]
        return []

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Patches, numbers to draw latent images with, and what these cost at this step."""
        tf = keras_backend.load()
        s = self.settings
        shape = tf.shape(patches)
        seeds = tf.random.experimental.stateless_split(seed, s.levels)
        numbers = []
        for level in range(s.levels):
            step = 2 ** (level + 1)
            size = tf.stack([shape[0], shape[1] // step, shape[2] // step, s.latents])
            drawn = tf.random.stateless_normal(size, seeds[level])
            at = [one and one // step for one in patches.shape[1:3]]
            numbers.append(tf.ensure_shape(drawn, (patches.shape[0], *at, s.latents)))
        done = tf.cast(seed[1] + 1, tf.float32) / max(s.kl_warm_up, 1)
        weight = tf.minimum(done, 1.0) * tf.ones_like(patches[:, 0, 0, :])
        return (patches, *numbers, weight), patches

    def loss(self) -> Callable[[Any, Any], Any]:
        """Mean over pixels of the negative logarithm of their density, normalised.

        In float32; what latent images tell is added by the net.
        """
        tf, by = keras_backend.load(), tensorflow()
        if self.noise is None:
            raise ValueError("the noise model is made by `fitted`")
        noise, mean, std = self.noise, self.mean, self.std

        def negative_log_density(target: Any, signal: Any) -> Any:
            x, s = (tf.cast(one, tf.float32) * std + mean for one in (target, signal))
            return -tf.reduce_mean(noise.log_density(x, s, by)) - math.log(std)

        return negative_log_density


def _between_neighbours(patches: np.ndarray) -> float:
    """Variance of white noise from diagonal differences, counts squared, of the quieter half."""
    mixed = patches[:, 1:, 1:] - patches[:, 1:, :-1] - patches[:, :-1, 1:] + patches[:, :-1, :-1]
    return float(np.median(np.mean(mixed**2, axis=(1, 2)) / 4))
