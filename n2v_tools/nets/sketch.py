"""A network as a list of steps, without TensorFlow.

Drawn by the same code that lays out the Keras network. What needs only the shape of a
net reads it here: how far a pixel acts (`reach`), which weights a file must hold
(`weights`), how much memory it takes, and the same net for another engine.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .builder import Builder
from .unet import NetSettings


@dataclass(frozen=True, eq=False)
class Step:
    """One layer and the tensor it makes, with Keras' names for what it is."""

    kind: str  # class name of the Keras layer, such as ``Conv2D``
    name: str  # as in weight files of n2v
    sources: tuple[Step, ...]  # what it reads
    channels: int  # of its tensor
    scale: int = 1  # input pixels per pixel of its tensor, along each axis
    # from here to `size`: as in Keras; empty where the kind has none
    kernel_size: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    dilation_rate: tuple[int, ...] = ()
    pool_size: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    activation: str = "linear"  # ``linear`` or ``relu``
    channel: int = 0  # of a ``ChannelSlice``

    padding = "same"
    axis = -1

    @property
    def weight_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of its weights in Keras' order; none for most kinds."""
        if self.kind.startswith("Conv"):
            kernel = (*self.kernel_size, self.sources[0].channels, self.channels)
            if self.kind.endswith("Transpose"):
                kernel = (*self.kernel_size, self.channels, self.sources[0].channels)
            return [kernel, (self.channels,)]
        if self.kind == "BatchNormalization":
            return [(self.channels,)] * 4
        if self.kind == "MaxBlurPool":
            return [(*(3 for _ in self.strides), self.channels, 1)]
        return []


@dataclass(frozen=True, eq=False)
class Sketch:
    """All steps of a net, sources before results."""

    settings: NetSettings
    input: Step
    output: Step
    steps: tuple[Step, ...]  # without `input`

    @property
    def weighted(self) -> list[Step]:
        """The steps that have weights, in the order of Keras' ``model.layers``.

        Keras lists layers by depth: of nets per channel, the first layer of each, then
        the second of each.
        """
        steps = [step for step in self.steps if step.weight_shapes]
        n_nets = self.settings.n_channels if self.settings.single_net_per_channel else 1
        nets = [steps[i * len(steps) // n_nets :][: len(steps) // n_nets] for i in range(n_nets)]
        return list(itertools.chain.from_iterable(zip(*nets, strict=True)))


def sketch_net(settings: NetSettings) -> Sketch:
    """Draw the net that `NetSettings.build` builds."""
    build = _SketchBuilder(settings)
    inputs = Step("InputLayer", "input", (), settings.channels_in)
    output = settings.lay_out(build, inputs)
    return Sketch(settings, inputs, output, tuple(build.steps))


class _SketchBuilder(Builder):
    """Writes down what it is asked to build."""

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        self.steps: list[Step] = []

    def conv(
        self,
        x: Step,
        filters: int,
        name: str,
        kernel: int,
        activation: str = "linear",
        dtype: str | None = None,
    ) -> Step:
        return self._step(
            self._nd("Conv"),
            name,
            [x],
            channels=filters,
            kernel_size=self._each(kernel),
            strides=self._each(1),
            dilation_rate=self._each(1),
            activation=activation,
        )

    def batch_norm(self, x: Step) -> Step:
        return self._step("BatchNormalization", self.name("batch_normalization"), [x])

    def activation(self, x: Step, kind: str, dtype: str | None = None) -> Step:
        return self._step("Activation", self.name("activation"), [x], activation=kind)

    def add(self, x: Step, y: Step) -> Step:
        return self._step("Add", self.name("add"), [x, y])

    def pool(self, x: Step, name: str) -> Step:
        kind = "MaxBlurPool" if self.settings.blurpool else self._nd("MaxPooling")
        two = self._each(2)
        return self._step(kind, name, [x], scale=2 * x.scale, pool_size=two, strides=two)

    def upsample(self, x: Step, like: Step | None = None) -> Step:
        kind = self._nd("UpSampling")
        return self._step(kind, kind, [x], scale=x.scale // 2, size=self._each(2))

    def up_conv(self, x: Step, filters: int, name: str) -> Step:
        two = self._each(2)
        return self._step(
            f"{self._nd('Conv')}Transpose",
            name,
            [x],
            channels=filters,
            scale=x.scale // 2,
            kernel_size=two,
            strides=two,
            dilation_rate=self._each(1),
        )

    def concatenate(self, parts: list[Step], dtype: str | None = None) -> Step:
        channels = sum(part.channels for part in parts)
        return self._step("Concatenate", self.name("concatenate"), parts, channels=channels)

    def channel(self, x: Step, number: int) -> Step:
        return self._step("ChannelSlice", self.name("lambda"), [x], channels=1, channel=number)

    def _step(self, kind: str, name: str, sources: Sequence[Step], **options: Any) -> Step:
        first = sources[0]
        options = {"channels": first.channels, "scale": first.scale, **options}
        self.steps.append(Step(kind, name, tuple(sources), **options))
        return self.steps[-1]

    def _nd(self, kind: str) -> str:
        return f"{kind}{self.settings.n_dim}D"

    def _each(self, value: int) -> tuple[int, ...]:
        return (value,) * self.settings.n_dim
