"""Publishing: an output gets its final name when it is complete, and never before.

Work goes into ``NAME.<random>.partial`` beside the target, locked while its writer
lives: a leftover of a killed run is one whose lock can be had.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import OutputError, system_words
from ..words import flag, option

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted: that is the lock
    fcntl = None  # type: ignore[assignment]

GIGABYTE = 1e9
LONGEST_NAME_BYTES = 220  # most file systems take 255, of which endings of guards take 21
WRITING = ".writing"  # after a dot and the name of a file that is about to be replaced
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


@contextmanager
def publishing(path: Path, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write into; on a clean exit it becomes `path`, else it vanishes.

    The folder of `path` is made if missing. OutputError if `path` exists, unless `overwrite` lets
    it be replaced, appears meanwhile, or cannot be written.
    """
    require_free_name(path, overwrite=overwrite)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(path)
        partial, file = _create_partial(path)
    try:
        yield file
        with disk_errors(path):
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()  # Windows renames only closed files
            _rename(partial, path, overwrite=overwrite)
    finally:
        if fcntl is None:
            file.close()
        with suppress(OSError):  # published already, or its folder is gone
            partial.unlink(missing_ok=True)
        with suppress(OSError):
            file.close()


@contextmanager
def replacing(path: Path, *, place: str = "output") -> Iterator[Path]:
    """Give the name of a file to write; on a clean exit it takes the place of `path`, whole.

    On an error it vanishes, and `path` stays what it was. OutputError if it cannot be written,
    which names `place`, the option that decides where it stands.
    """
    temporary = path.with_name(f".{_short(path.name)}{WRITING}")
    try:
        with disk_errors(path, place=place):
            yield temporary
            with temporary.open("rb+") as written:  # a power cut must not leave an empty file
                os.fsync(written.fileno())
            os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def require_free_name(path: Path, *, overwrite: bool = False) -> None:
    """Raise OutputError, with the remedy, if that name is taken and may not be replaced."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, not a file. Choose another output name.")
    if not overwrite and os.path.lexists(path):
        raise OutputError(
            f"{path}: exists already. Pass {flag('overwrite')} to replace it, or choose another "
            "name."
        )


def require_space(folder: Path, n_bytes: int) -> None:
    """Raise OutputError unless the disk of `folder` has room for `n_bytes`."""
    there = Path(os.path.abspath(folder))
    while not there.exists() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < n_bytes:
        raise OutputError(
            f"{folder}: the output needs {n_bytes / GIGABYTE:.3g} GB, but its disk has only "
            f"{free / GIGABYTE:.3g} GB free. Free some space or choose another "
            f"{option('output')}."
        )


def remove_stale(path: Path) -> list[Path]:
    """Delete and return what killed runs left of `path`; files still being written stay."""
    pattern = re.compile(re.escape(_short(path.name)) + r"\.[0-9a-f]{12}\.partial")
    if not path.parent.is_dir():
        return []
    left = [p for p in path.parent.iterdir() if pattern.fullmatch(p.name)]
    return [p for p in left if _remove_if_abandoned(p)]


@contextmanager
def disk_errors(path: Path, *, place: str = "output") -> Iterator[None]:
    """Turn a refusal by the file system into one line about `path`; `place` as in `replacing`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise OutputError(
                f"{path}: the disk is full, and what was being written there was removed. Free "
                "some space and run again."
            ) from error
        raise OutputError(
            f"{path}: cannot be written ({system_words(error)}). Check the folder's rights, or "
            f"choose another {option(place)}."
        ) from error


def _short(name: str) -> str:
    """A name, or what stands for it alone where an ending would make it too long for a disk."""
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST_NAME_BYTES:
        return name
    start = encoded[: LONGEST_NAME_BYTES // 2].decode(errors="ignore")
    return f"{start}~{hashlib.sha256(encoded).hexdigest()[:12]}"


def _create_partial(path: Path) -> tuple[Path, IO[bytes]]:
    while True:
        partial = path.with_name(f"{_short(path.name)}.{secrets.token_hex(6)}.partial")
        file = open(partial, "x+b")
        if fcntl is None:
            return partial, file
        with suppress(OSError):  # some network disks know no locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between creation and lock another run may have taken it for a leftover.
        if partial.exists():
            return partial, file
        file.close()


def _remove_if_abandoned(partial: Path) -> bool:
    try:
        if fcntl is not None:
            with open(partial, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                partial.unlink()
        else:
            partial.unlink()
    except OSError:  # locked: its writer lives; or gone already
        return False
    return True


def _rename(partial: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(partial, path)
    elif os.name == "nt":
        _refuse_taken(path, os.rename, partial)  # on Windows a rename never replaces
    else:
        try:
            _refuse_taken(path, os.link, partial)
            partial.unlink()
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            # A disk without hard links: the check and the rename are two steps there.
            require_free_name(path)
            os.rename(partial, path)
    if fcntl is not None:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name itself must survive a power cut
        finally:
            os.close(folder)


def _refuse_taken(path: Path, act: Callable[[Path, Path], None], partial: Path) -> None:
    try:
        act(partial, path)
    except FileExistsError:
        raise OutputError(
            f"{path}: appeared while this was being made, and was left as it is. Another run may "
            f"be writing the same output; pass {flag('overwrite')} to replace it."
        ) from None
