"""Session of a filter: settings that all files share, parameters that each file gets.

Tests: ``tests/cli/test_cli_filters.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...filters.base import Filter
from ...filters.restorer import Channel, FilterRestorer
from ...filters.table import filter_for, read_settings
from ...prepare.part import idle_channels
from ...restore.match import match_axes
from ...restore.sampling import read_sample
from ...stack import Stack
from ...words import flag, option, setting
from .request import DenoiseRequest
from .session import Prepared, Session


@dataclass(frozen=True)
class Filtering(Session):
    """A session without a model."""

    request: DenoiseRequest  # with a `method`
    settings: Filter  # as asked for; what is None is found for each file

    @classmethod
    def of(cls, request: DenoiseRequest) -> Filtering:
        """Read the settings of a request; UsageError if there is no such filter or setting."""
        settings = read_settings(
            str(request.method), request.settings, stabilise=request.variance_stabilise
        )
        return cls(request, settings)

    def require_fit(self, stack: Stack) -> None:
        """Raise if the filter cannot be made for a stack."""
        self._for(stack)

    def _for(self, stack: Stack) -> FilterRestorer:
        """Make the filter for one stack, not yet fitted; no pixel is read.

        AxesError if the stack has no third axis and one is needed; SettingsError if a setting does
        not fit its axes or pixel sizes.
        """
        request = self.request
        return filter_for(
            stack,
            self.settings,
            dims=request.dims,
            stabilise=request.variance_stabilise,
            seed=request.seed,
        )

    def prepare(self, stack: Stack) -> Prepared:
        """Fit the filter to a stack."""
        restorer = self._for(stack)
        layout = match_axes(stack, restorer)
        sample = read_sample(stack, layout, restorer, keep_strips=self.request.keep_strips)
        restorer = restorer.fit_intensity(sample)
        notes, warnings = [], []
        idle = idle_channels(stack)
        for c, channel in enumerate(restorer.channels):
            if c in idle:
                notes.append(f"channel {c} is {idle[c]:g} throughout: it is left as it is")
                continue
            where = f"channel {c}: " if restorer.n_channels > 1 else ""
            notes.append(f"{where}{_options(restorer, channel)} ({channel.reason})")
            warnings += [where + doubt for doubt in channel.doubts]
        parameters = [channel.parameters for channel in restorer.channels]
        used = {
            "method": restorer.name,
            "axes": restorer.axes,
            "variance_stabilise": restorer.stabilise,
            "parameters": parameters,
            "found": [channel.reason for channel in restorer.channels],
        }
        return Prepared(restorer, {"filter": used}, {}, notes, warnings, parameters)


def _options(restorer: FilterRestorer, channel: Channel) -> str:
    """The options that repeat what was done to a channel."""
    words = [option("method", restorer.name)]
    if len(restorer.axes) == 3:
        words.append(option("dims", 3))
    if channel.stabiliser is not None:
        gain, floor = channel.stabiliser.gain, channel.stabiliser.floor
        words.append(flag("variance_stabilise"))
        words += [setting("gain", f"{gain:.6g}"), setting("floor", f"{floor:.6g}")]
    return " ".join([*words, channel.settings.options]).rstrip()
