"""Models that learned from pairs of noisy and clean images: restored here, trained elsewhere."""

from ..row import Row

_PAIRS = "It learned from pairs of noisy and clean images"

ROWS = (
    Row(name="supervised", title="pairs of noisy and clean images", learned=_PAIRS, data="pairs"),
    Row(name="care", title="CSBDeep's CARE", learned=f"{_PAIRS} (CARE)", data="pairs"),
)
