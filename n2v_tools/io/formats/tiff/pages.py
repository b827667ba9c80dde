"""Pages of TIFF files, read one at a time: compressed, tiled, scattered over files.

All use of tifffile's reading side passes through here: what it only logs (missing and
truncated data) becomes an error, and nothing reaches the user's terminal.

Tests: ``tests/io/test_arrays.py``.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import N2VToolsError, StackError
from ...arrays import TabledArray, read_values
from .codecs import require_believable_size

if TYPE_CHECKING:
    import tifffile

# What tifffile logs and goes on from, although pixels are lost.
LOSS = re.compile(
    r"missing|truncat|corrupt|zeroed|failed to|index out of range|invalid (page )?offset"
    r"|invalid next page|incompletely|incorrect Strip|discontiguous|does not match"
)
ABOUT_TAGS = "<tifffile.read_"  # readers of makers' own tags, where no pixels are
CONTIGUOUS = 1  # TIFF 6.0, tag 284: the colours of a pixel stand together
FIRST_PAGE = 4  # TIFF 6.0: the byte where the place of the first page stands
MOST_COMPRESSED = 2000  # times: more than deflate and LZW can reach
ALWAYS_BELIEVED_BYTES = 256_000_000


class TiffPages(TabledArray):
    """Pages of TIFF files by their numbers, which the table holds; safe to read from threads."""

    def __init__(
        self,
        files: Sequence[Path],
        table: np.ndarray,
        outer: Sequence[int],
        page_shape: Sequence[int],
        dtype: np.dtype,
    ) -> None:
        super().__init__(files, table, outer, page_shape, dtype)
        self._open: dict[int, tifffile.TiffFile] = {}
        self._lock = threading.RLock()

    @classmethod
    def from_table(
        cls, files: Sequence[Path], table: np.ndarray, outer: Sequence[int], where: str
    ) -> TiffPages:
        """Take shape and type from the first page, and check the first and the last one."""
        shapes = []
        for file, number in (table[0], table[-1]):
            with listening(where), open_header(files[file]) as tif:
                page = tif.pages[int(number)]
                require_page(page, tif, files[file])
                shapes.append((tuple(page.shape), np.dtype(page.dtype)))
        return cls(files, table, outer, *shapes[0])

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        with self._lock:
            for number in numbers:
                file, page = (int(n) for n in self._table[number])
                yield self._read_page(file, page, rows)

    def _read_page(self, file: int, number: int, rows: slice) -> np.ndarray:
        path = self.files[file]
        with listening(f"{path}, page {number}"), self._file(file) as tif:
            page = tif.pages[number]
            require_page(page, tif, path)
            if tuple(page.shape) != self._inner or np.dtype(page.dtype) != self.dtype:
                raise StackError(
                    f"{path}: page {number} is {page.dtype} of {tuple(page.shape)}, unlike the "
                    f"others ({self.dtype} of {self._inner}). Save equal pages into one file."
                )
            if not page.is_final:
                require_believable_size(page, tif.filehandle, f"{path}, page {number}")
                return page.asarray()[rows]
            start = page.dataoffsets[0] + rows.start * (page.nbytes // self._inner[0])
            shape = (rows.stop - rows.start, *self._inner[1:])
            dtype = self.dtype.newbyteorder(tif.byteorder)
            return read_values(tif.filehandle, start, shape, dtype, path)

    @contextmanager
    def _file(self, file: int) -> Iterator[tifffile.TiffFile]:
        """Open a file for one page; what is known of its pages is kept, the handle is not."""
        if file not in self._open:
            with open_header(self.files[file]) as tif:
                self._open[file] = tif
                yield tif
            return
        tif = self._open[file]
        tif.filehandle.open()
        try:
            yield tif
        finally:
            tif.filehandle.close()


@contextmanager
def open_header(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF file with tifffile, header only; closed afterwards."""
    import tifffile

    tif = tifffile.TiffFile(path)
    try:
        if tif.is_scanimage and not tif.is_bigtiff:
            # tifffile takes such pages to be equally far apart, and may miss the last one.
            tif.filehandle.seek(FIRST_PAGE)
            tif.pages = tifffile.TiffPages(tif)
        yield tif
    finally:
        tif.close()


@contextmanager
def listening(where: str) -> Iterator[list[str]]:
    """Keep tifffile's log off the terminal, and raise where it reports lost pixels.

    Yields the messages, as they come. StackError is one line about `where`, also in place of
    whatever else goes wrong while an untrusted file is parsed.
    """
    heard: list[str] = []
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        heard.append(record.getMessage())
        return False

    logger = logging.getLogger("tifffile")
    logger.addFilter(keep)
    try:
        yield heard
    except (N2VToolsError, MemoryError):
        raise
    except Exception as error:  # a hostile file can raise anything in the parser
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        raise StackError(
            f"{where}: cannot be read as TIFF ({detail}): it is damaged, or not a TIFF file. Copy "
            "it again from its source, or open it in ImageJ and save it anew."
        ) from error
    finally:
        logger.removeFilter(keep)
    losses = [m for m in heard if LOSS.search(m) and not m.startswith(ABOUT_TAGS)]
    if losses:
        detail = re.sub(r"^<tifffile[^>]*>\s*", "", losses[0])
        raise StackError(
            f"{where}: is incomplete or damaged ({detail[:200]}). Copy it again from its source, "
            "or open it in ImageJ and save what is there."
        )


def require_grey(dtype: Any, what: str) -> None:
    """Raise StackError unless pixels are numbers; tifffile's dtype may be None."""
    if dtype is None or np.dtype(dtype).kind not in "uif":
        raise StackError(
            f"{what} holds {dtype or 'packed bits'}, not grey values. Convert it to 8, 16 or 32 "
            "bit in ImageJ."
        )


def require_page(page: Any, tif: tifffile.TiffFile, path: Path) -> None:
    """Raise StackError unless a page's data lie inside its file, with a believable size."""
    require_grey(page.dtype, f"{path}: page {page.index}")
    length = tif.filehandle.size
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if not segments or any(o <= 0 or n <= 0 or o + n > length for o, n in segments):
        raise StackError(
            f"{path}: the pixels of page {page.index} are missing or lie beyond the end of the "
            f"file ({length} bytes): it is truncated. Copy it again from its source."
        )
    n_bytes = math.prod(page.shape) * np.dtype(page.dtype).itemsize
    stored = sum(n for _, n in segments)
    first = page.keyframe  # knows more, where tifffile reads a page by the pattern of the first
    packed = _packed_bytes(first)
    if first.compression == 1 and not first.is_tiled and stored < packed:
        raise StackError(
            f"{path}: page {page.index} should be {packed} bytes and has {stored}: the header is "
            "wrong. Save it anew in ImageJ."
        )
    if n_bytes > ALWAYS_BELIEVED_BYTES and n_bytes > MOST_COMPRESSED * stored:
        raise StackError(
            f"{path}: page {page.index} claims {n_bytes} bytes of pixels from {stored} bytes of "
            "data, which no compression of images reaches; it was not read."
        )


def _packed_bytes(page: Any) -> int:
    """Bytes of an uncompressed page: of 10, 12 or 14 bits, pixels share bytes, but rows do not."""
    samples = page.samplesperpixel if page.planarconfig == CONTIGUOUS else 1
    in_a_row = page.imagewidth * samples
    n_rows = math.prod(page.shape) // in_a_row
    return int(n_rows * -(-in_a_row * page.bitspersample // 8))
