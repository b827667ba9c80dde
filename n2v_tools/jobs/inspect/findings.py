"""Findings in one stack: its pixels, their noise, its changes in time, and how to train on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...noise.changes import Movie, look_at_movie, movie_warnings
from ...noise.grey_levels import GreyLevels
from ...noise.overview import Overview, look_at_noise
from ...noise.sample import Sample
from ...prepare.gaps import without_gaps
from ...prepare.part import take_channel
from ...prepare.survey import Survey, survey_stack
from ...stack import Stack
from ..desk.progress import Progress
from .advice import Advice, Options, advise, training_command
from .warnings import (
    beyond_single,
    find_warnings,
    image_channels,
    saturated_percent,
    too_small,
)

MOST_CHANNELS = 4  # whose noise is measured


@dataclass(frozen=True)
class Findings:
    """What was found in one stack."""

    name: str  # as the user named it
    axes: str  # as a user names them, such as ``TC2YX`` where ``TYX`` was split
    stack: Stack
    survey: Survey  # of every plane
    saturated: float  # percent of the pixels
    # noise of each channel that holds an image, by its number; none where there is nothing to learn
    channels: Mapping[int, Overview]
    chosen: int  # the channel that decides: one mask serves all, so it is the first that needs one
    movie: Movie | None  # changes from frame to frame of that channel
    advice: Advice | None
    warnings: list[str]  # what may spoil a denoising, each with what to do

    @property
    def seen(self) -> Overview | None:
        """Noise of the channel that decides; None if nothing could be measured."""
        return self.channels.get(self.chosen)

    @property
    def levels(self) -> GreyLevels | None:
        """Grey levels of the channel that has the fewest; None if nothing was measured."""
        return min(
            (seen.levels for seen in self.channels.values()),
            key=lambda one: one.n_common,
            default=None,
        )

    @property
    def options(self) -> Options | None:
        """What a training on it takes; None if nothing can be learned from it."""
        survey = self.survey
        if not survey.n_pixels or not any(std > 0 for std in survey.std) or too_small(self.stack):
            return None
        advised = self.advice.options if self.advice else {}
        fill = {"nan": "fill"} if survey.n_nonfinite else {}
        return {"axes": self.axes, **advised, **fill}

    @property
    def command(self) -> str | None:
        """What trains on it; None if nothing can be learned from it."""
        return None if self.options is None else training_command(self.name, self.options)


def look_into(
    name: str, stack: Stack, dark: Sample | None, progress: Progress, *, axes: str | None
) -> Findings:
    """Look into a stack: every plane once, a sample of the noise, every frame of a movie.

    `name` and `axes` are as the user named them, and `dark` is of frames without light.
    """
    with progress.task(name) as step:
        survey = survey_stack(stack, progress=step)
    channels = _look(stack, survey, dark)
    chosen = next((c for c, seen in channels.items() if seen.correlated), min(channels, default=0))
    movie, advice, about_noise = None, None, []
    if channels:
        seen = channels[chosen]
        with progress.task(f"{name}, frame by frame") as step:
            whole = without_gaps(stack) if survey.has_gaps else stack
            movie = look_at_movie(take_channel(whole, chosen), seen.strength.offset, step)
        std = survey.std[chosen]
        about = {"n_pixels": survey.n_pixels, "n_channels": len(image_channels(survey))}
        advice = advise(stack, seen, std, movie=movie, **about)
        about_noise = [*advice.warnings, *(movie_warnings(movie, stack.axes) if movie else ())]
    first = next(iter(channels.values()), None)
    saturated = saturated_percent(stack, survey, first.histogram if first else None)
    judged = bool(channels)
    about_file = find_warnings(
        stack, survey, saturated, axes_given=axes is not None, levels_judged=judged
    )
    warnings = [*about_file, *about_noise]
    return Findings(
        name,
        axes or stack.axes,
        stack,
        survey,
        saturated,
        channels,
        chosen,
        movie,
        advice,
        warnings,
    )


def _look(stack: Stack, survey: Survey, dark: Sample | None) -> dict[int, Overview]:
    """Measure the noise of each channel that holds an image, by its number."""
    if not survey.n_pixels or not any(std > 0 for std in survey.std) or beyond_single(survey):
        return {}
    return {
        c: look_at_noise(take_channel(stack, c), survey.mean[c], dark)
        for c in image_channels(survey)[:MOST_CHANNELS]
    }
