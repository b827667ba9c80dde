"""Makers of layers: the words in which a network is laid out, whatever it is built of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .unet import NetSettings

BATCH_NORM_EPSILON = 1e-3  # Keras'
BATCH_NORM_MOMENTUM = 0.9  # with Keras' 0.99 the moving statistics of a short training are wrong


class Builder(ABC):
    """Makes layers of one kind, Keras' or only a sketch, with the names that n2v gives them."""

    def __init__(self, settings: NetSettings) -> None:
        self.settings = settings
        self._made: Counter[str] = Counter()

    def name(self, kind: str) -> str:
        """The name Keras gives in a fresh session: ``add``, ``add_1``, ``add_2``."""
        number = self._made[kind]
        self._made[kind] += 1
        return f"{kind}_{number}" if number else kind

    def block(self, x: Any, filters: int, name: str) -> Any:
        """Convolution and ReLU, with batch normalisation between them if so set."""
        kernel = self.settings.kernel
        if not self.settings.batch_norm:
            return self.conv(x, filters, name, kernel, "relu")
        x = self.batch_norm(self.conv(x, filters, name, kernel))
        return self.activation(x, "relu")

    @abstractmethod
    def conv(
        self,
        x: Any,
        filters: int,
        name: str,
        kernel: int,
        activation: str = "linear",
        dtype: str | None = None,
    ) -> Any:
        """Convolve, zeros beyond the border, then apply the activation."""

    @abstractmethod
    def batch_norm(self, x: Any) -> Any:
        """Normalise each channel over the batch."""

    @abstractmethod
    def activation(self, x: Any, kind: str, dtype: str | None = None) -> Any:
        """Apply ``linear`` or ``relu``."""

    @abstractmethod
    def add(self, x: Any, y: Any) -> Any:
        """Add two tensors, in float32."""

    @abstractmethod
    def pool(self, x: Any, name: str) -> Any:
        """Halve the size."""

    @abstractmethod
    def upsample(self, x: Any, like: Any | None = None) -> Any:
        """Double the size by repeating pixels, or bring it to that of `like`, even if odd."""

    @abstractmethod
    def up_conv(self, x: Any, filters: int, name: str) -> Any:
        """Double the size by a transposed convolution: each pixel becomes 2 along each axis."""

    @abstractmethod
    def concatenate(self, parts: list[Any], dtype: str | None = None) -> Any:
        """Join channels."""

    @abstractmethod
    def channel(self, x: Any, number: int) -> Any:
        """One channel, by a layer of the name that n2v's Lambda bears."""


def blur_kernel(n_dim: int, n_channels: int) -> np.ndarray:
    """Binomial kernel as n2v stores it: float32, shape ``(3,) * n_dim + (n_channels, 1)``."""
    kernel = np.ones(())
    for _ in range(n_dim):
        kernel = np.multiply.outer(kernel, [0.25, 0.5, 0.25])
    return np.repeat(kernel[..., None, None], n_channels, axis=-2).astype(np.float32)
