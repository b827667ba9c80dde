"""Which training suits a stack, why, and where none will help.

Advice is words for ``n2v-train`` with one sentence for each, read off what `overview`
measured; every rule says what it goes by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..stack import Stack
from .correlation import measure_correlation
from .grey_levels import GreyLevels, count_levels, judge_levels
from .mask import MaskChoice, choose_mask
from .movie import Movie
from .overview import Overview
from .sample import read_sample
from .strength import measure_strength

PATCH_PX = 64
DEPTH_PX = 16  # of a 3D patch
NOISY = 1.0  # noise over the deviation of the signal from which neighbouring planes help
ALIKE = 0.8  # correlation of neighbouring planes from which they help
INDEPENDENT = 0.1  # correlation of their noise below which they may
FRAMES_FOR_TIME = 32  # what methods for movies need
MOST_REPEATED = 0.05  # share of the frames that are copies
JERKY_PX = 3.0  # motion within 16 frames from which neighbours in time tell little
FEW_PX = 128 * 128  # to learn from
MOST_PX_UNASKED = 4_000_000_000  # more are denoised for ten minutes or longer
QUICK_PX = 1_500_000


@dataclass(frozen=True)
class Advice:
    """How to train on a stack.

    Parameters
    ----------
    words : tuple of str
        Options of ``n2v-train``; what is default is left out.
    reasons : mapping of str to str
        One sentence each for ``method``, ``mask``, ``patch`` and ``preset``.
    warnings : tuple of str
        What training cannot mend, each with what to do.
    """

    words: tuple[str, ...]
    reasons: Mapping[str, str]
    warnings: tuple[str, ...]


def advise(
    stack: Stack,
    seen: Overview,
    std: float,
    *,
    n_pixels: int,
    movie: Movie | None = None,
    methods: Collection[str] = (),
) -> Advice:
    """Say how to train on a stack.

    Parameters
    ----------
    stack : Stack
        The whole of it, all channels.
    seen : Overview
        Of the channel that decides.
    std : float
        Deviation of all its pixels, in counts.
    n_pixels : int
        Real pixels of the stack.
    movie : Movie, optional
        What happens from frame to frame.
    methods : collection of str
        Names of the methods that there are; without ``video`` movies are denoised as stills.
    """
    preset, preset_words = _preset(n_pixels)
    warnings = tuple(find_warnings(stack, seen, n_pixels))
    hindrance = _against_time(stack, seen, movie)
    n_channels = stack.sizes.get("C", 1)
    if "video" in methods and hindrance == "" and n_channels == 1:
        return Advice(
            ("--method", "video", *preset_words),
            {**_video(seen), "patch": f"2D, {PATCH_PX} px, of many frames", "preset": preset},
            warnings,
        )
    method, mask_words = _method(seen)
    against = hindrance or (hindrance == "" and f"it takes one channel, not {n_channels}")
    if "video" in methods and against:
        method["method"] += f"; not video: {against}"
        mask_words = ("--method", "structn2v" if mask_words else "n2v", *mask_words)
    depth = depth_for_3d(stack)
    patch, patch_words = _patch(stack, seen, std, depth)
    if depth == "T" and hindrance:
        patch, patch_words = f"2D, {PATCH_PX} px, not 3D over T: {hindrance}", ()
    return Advice(
        (*mask_words, *patch_words, *preset_words),
        {**method, "patch": patch, "preset": preset},
        warnings,
    )


def depth_for_3d(stack: Stack) -> str | None:
    """Axis along which 3D patches of the usual size fit beside a block for validation.

    Returns
    -------
    axis : {"Z", "T"} or None
        Z where both are long enough.
    """
    smallest = min(stack.sizes["Y"], stack.sizes["X"])
    for axis in "ZT":
        n_deep = stack.sizes.get(axis, 1)
        wide = n_deep >= DEPTH_PX and smallest >= 2 * PATCH_PX
        if wide or (n_deep >= 2 * DEPTH_PX and smallest >= PATCH_PX):
            return axis
    return None


def find_warnings(stack: Stack, seen: Overview, n_pixels: int) -> list[str]:
    """List what in the noise spoils a training, each with what to do about it."""
    found = []
    grey = grey_level_warning(seen.levels, seen.counts_photons)
    if grey:
        found.append(grey)
    found += [*seen.strength.warnings, *seen.choice.warnings]
    if seen.repelled:
        found.append(
            "noise of neighbouring pixels is opposed, as after sharpening, deconvolution or "
            "denoising: train on the raw file"
        )
    if seen.resampled:
        found.append(
            f"{seen.resampled}, as after interpolation against motion: the noise of such a movie "
            "cannot be learned well; denoise the raw movie and correct the motion afterwards"
        )
    if seen.hot is not None and seen.hot.count:
        are = "pixel is" if seen.hot.count == 1 else "pixels are"
        found.append(
            f"{seen.hot.count} {are} hot ({seen.hot.percent:.2g} % of those looked at): far above "
            f"the neighbours at the same place in {seen.hot.n_planes} planes. A net may keep them "
            "as structure: subtract a dark frame, or replace them by the median of their neighbours"
        )
    if 1 < stack.sizes.get("T", 1) < FRAMES_FOR_TIME and stack.sizes.get("Z", 1) == 1:
        found.append(
            f"{stack.sizes['T']} frames are too few for methods that learn from time (they need "
            f"{FRAMES_FOR_TIME} or more): each plane is denoised on its own"
        )
    if n_pixels < FEW_PX:
        found.append(
            f"{n_pixels} pixels are few to learn from: take more images of the same kind, or a "
            "model trained on others"
        )
    return found


def grey_level_warning(levels: GreyLevels, counts_photons: bool = False) -> str:
    """Say that the grey levels are too few for the noise; empty if they are not."""
    if levels.verdict == "ok" or counts_photons:
        return ""
    held = f"{levels.n99} grey level{'s hold' if levels.n99 > 1 else ' holds'} 99 % of the pixels"
    if levels.verdict == "compressed":
        return (
            f"compressed: {held}, so the noise is a pattern of steps and training cannot help; "
            "go back to the raw file"
        )
    return (
        f"{held}: the noise is cut into coarse steps, which training may keep; use the raw file "
        "if there is one"
    )


def advise_training(
    stack: Stack,
    *,
    struct_mask: str = "none",
    depth_axis: str | None = None,
    seed: int = 0,
    keep_strips: bool = False,
) -> list[str]:
    """Say where the settings of a training contradict the noise of its data.

    Reads 1.5 million pixels at most, so that it costs a second whatever the size of the file.

    Parameters
    ----------
    stack : Stack
        Of one channel, or all of them together.
    struct_mask : str
        ``none``, ``auto``, or any other mask as ``--struct-mask`` takes it.
    depth_axis : {"Z", "T"} or None
        Depth of 3D patches.
    seed : int
        Decides where crops of large planes lie.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    warnings : list of str
        One line each, without the stack's name.
    """
    sample = read_sample(stack, seed, QUICK_PX, keep_strips=keep_strips)
    correlation = measure_correlation(sample)
    choice = choose_mask(correlation)
    strength = measure_strength(sample, correlation)
    levels, counts = count_levels(sample.planes)
    if not len(levels):
        return []
    mean = float(levels @ counts / counts.sum())
    grey = judge_levels(levels, counts, strength.sigma_at(mean))
    photons = strength.counts_photons(mean, grey.step)
    heard = [grey_level_warning(grey, photons), _mask_warning(choice, struct_mask)]
    shared = correlation.along.get(depth_axis or "", (0.0,))[0]
    if shared > INDEPENDENT:
        heard.append(
            f"neighbouring planes along {depth_axis} share noise (correlation {shared:.2f}), which "
            "3D patches would keep: train with 2D patches (--patch 64)"
        )
    return [line for line in heard if line]


def _mask_warning(choice: MaskChoice, struct_mask: str) -> str:
    """Say that a mask is missing or not wanted; a doubtful measurement says nothing."""
    if choice.confidence == "cannot tell" or struct_mask == "auto":
        return ""
    if struct_mask == "none" and choice.mask != "none":
        return (
            f"the noise is correlated ({choice.reason}), and Noise2Void keeps correlated noise: "
            f"pass --struct-mask auto, or {choice.mask}"
        )
    if struct_mask != "none" and choice.mask == "none" and not choice.warnings:
        return (
            f"--struct-mask {struct_mask} hides neighbours, but the noise is independent "
            f"({choice.reason}): the mask only costs detail; leave it out"
        )
    return ""


def _against_time(stack: Stack, seen: Overview, movie: Movie | None) -> str | None:
    """Why a method through time does not suit a movie; None if it is none, empty if it does."""
    if stack.sizes.get("T", 1) < FRAMES_FOR_TIME:
        return None
    shared = seen.correlation.along.get("T", (0.0,))[0]
    if shared > INDEPENDENT:
        return f"successive frames share noise ({shared:.2f}), which it would keep"
    if movie is None:
        return ""
    copies = len(movie.scenes.repeated) / movie.scenes.n_frames
    if copies > MOST_REPEATED:
        return f"{100 * copies:.0f} % of the frames repeat the one before, noise included"
    if movie.shifts.moves and movie.shifts.nearby_px > JERKY_PX:
        return f"the field moves by {movie.shifts.nearby_px:.0f} px within 16 frames"
    return ""


def _video(seen: Overview) -> dict[str, str]:
    mask = seen.choice.mask
    return {
        "method": "video: each frame has noise of its own, so that its neighbours in time tell "
        "what is signal; n2n and deepcad suit such movies too",
        "mask": "none is needed: noise that neighbours share in a frame is not shared with the next"
        if mask != "none"
        else "none: frames tell noise from signal",
    }


def _method(seen: Overview) -> tuple[dict[str, str], tuple[str, ...]]:
    mask = seen.choice.mask
    if seen.correlated is None:
        return {
            "method": "n2v: whether pixels share noise cannot be told",
            "mask": "none: without a mask no detail is lost; n2v-compare shows what one would do",
        }, ()
    if mask == "none":
        method = "n2v: the noise is independent from pixel to pixel"
        if seen.repelled:
            method = "n2v: no method here suits noise that neighbours oppose"
        elif seen.choice.warnings:
            method = "n2v, once the offsets are removed: no mask hides whole rows or columns"
        return {"method": method, "mask": "none: a mask would only cost detail"}, ()
    return {
        "method": "structn2v: neighbours share noise, which plain n2v would keep",
        "mask": f"{mask}: as far as the noise is shared",
    }, ("--struct-mask", mask)


def _patch(
    stack: Stack, seen: Overview, std: float, depth_axis: str | None
) -> tuple[str, tuple[str, ...]]:
    """2D unless planes are noisy, alike, and their noise is independent."""
    two = f"2D, {PATCH_PX} px" if min(stack.sizes[a] for a in "YX") >= PATCH_PX else "2D, small"
    if depth_axis is None:
        deep = max(stack.sizes.get(axis, 1) for axis in "ZT") >= DEPTH_PX
        return f"{two}: {'planes are too small' if deep else 'there are too few planes'} for 3D", ()
    sigma = seen.sigma
    if sigma is None:
        return f"{two}: the noise could not be measured", ()
    signal = max(std**2 - sigma**2, 1e-12) ** 0.5
    shared = seen.correlation.along.get(depth_axis, (0.0,))[0]
    alike = seen.neighbours_alike.get(depth_axis, 0.0)
    if shared > INDEPENDENT:
        return f"{two}: planes along {depth_axis} share noise ({shared:.2f})", ()
    if alike < ALIKE:
        return f"{two}: neighbours along {depth_axis} are not alike ({alike:.2f})", ()
    if sigma < NOISY * signal:
        ratio = f"{sigma / signal:.2g}"
        return f"{two}: noise is only {ratio} of the signal, so that 3D gains little", ()
    words = ["--patch", f"{DEPTH_PX},{PATCH_PX},{PATCH_PX}"]
    words += ["--depth", "T"] if depth_axis == "T" and "Z" in stack.axes else []
    return (
        f"3D over {depth_axis}: noise is stronger than the signal, and neighbouring planes are "
        f"alike ({alike:.2f}) with noise of their own",
        tuple(words),
    )


def _preset(n_pixels: int) -> tuple[str, tuple[str, ...]]:
    if n_pixels > MOST_PX_UNASKED:
        return f"fast: {n_pixels / 1e9:.0f} billion pixels are to be denoised", ("--preset", "fast")
    return "default: good after minutes of training", ()
