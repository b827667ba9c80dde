"""Meaning of a page's numbers: whether zero is white, a colour table, losses of compression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

# TIFF 6.0, tag 262.
WHITE_IS_ZERO = 0
PALETTE = 3
# TIFF 6.0 and its extensions, tag 259; those in the second table can be without loss as well.
LOSSY = {6: "JPEG", 7: "JPEG", 34892: "JPEG", 33007: "JPEG"}
MAY_BE_LOSSY = {
    33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000",
    22610: "JPEG XR", 34934: "JPEG XR", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
MOST_LOSSY_BITS = 12  # JPEG of more bits is its kind without loss
COLOUR_TABLE = 320
LOST = (
    "the noise is smoothed and shared within blocks, which no method here expects, and what is "
    "lost does not come back. Use the raw recording if there is one"
)


def top_if_white_is_zero(page: Any, luts_travel: bool) -> int | None:
    """Return the value of black where zero is white; None where zero is black.

    With `luts_travel` the tables that turn grey levels over go with the pixels into an output,
    so that these stay as they are.
    """
    if luts_travel or np.dtype(page.dtype).kind != "u":
        return None
    if page.photometric == WHITE_IS_ZERO or _table_falls(page):
        return 2 ** int(page.bitspersample) - 1
    return None


def say_turned_over(top: int) -> str:
    """Say that values are not those that the file stores."""
    return (
        f"zero is white in this file: its values are turned over ({top} minus what is stored), "
        "here and in the output, so that bright is high"
    )


def find_doubts(page: Any, table_is_display: bool) -> Iterator[str]:
    """Yield what may make the pixels other than what a user takes them for.

    `table_is_display`: a colour table only says how grey levels are shown, as in files of ImageJ.
    """
    if page.photometric == WHITE_IS_ZERO and np.dtype(page.dtype).kind != "u":
        yield (
            f"its header says that zero is white, but its values are {page.dtype} without a "
            "darkest one: they are taken as they are, high as bright. If it looks inverted, use "
            "Edit > Invert in ImageJ first"
        )
    is_grey = _table_falls(page) or _table_rises(page)
    if page.photometric == PALETTE and not table_is_display and not is_grey:
        yield (
            "holds a colour table, and its numbers are taken as grey levels. If they stand for "
            "colours instead, convert it to grey in ImageJ first (Image > Type > RGB, then 8-bit)"
        )
    if page.compression in LOSSY and int(page.bitspersample) <= MOST_LOSSY_BITS:
        yield f"is compressed as {LOSSY[page.compression]}, with losses: {LOST}"
    if page.compression in MAY_BE_LOSSY:
        yield f"is compressed as {MAY_BE_LOSSY[page.compression]}; if with losses: {LOST}"


def _table_falls(page: Any) -> bool:
    """Whether a colour table is grey and turns grey levels over."""
    table = _grey_table(page)
    return table is not None and bool(np.all(np.diff(table) <= 0) and table[0] > table[-1])


def _table_rises(page: Any) -> bool:
    table = _grey_table(page)
    return table is not None and bool(np.all(np.diff(table) >= 0) and table[0] < table[-1])


def _grey_table(page: Any) -> np.ndarray | None:
    """The levels that a colour table of grey alone shows, int64; None if it has colours."""
    table = page.tags.valueof(COLOUR_TABLE) if page.photometric == PALETTE else None
    if table is None or np.ndim(table) != 2 or len(table) != 3:
        return None
    table = np.asarray(table, np.int64)
    return table[0] if (table == table[0]).all() else None
