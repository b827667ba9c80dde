"""Claims on model folders: one training alone may write ``DIR/NAME`` until it is done.

A training works in ``DIR/NAME.partial`` and holds a lock of the operating system while
it lives, so that a second one is refused, and a killed one is not taken for a running
one. The lock file ``DIR/.NAME.lock`` stands beside the folders, not in them: the final
rename then happens under the lock, on every system, and no finished model carries one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import filelock

from .errors import OutputError, UsageError
from .words import flag, option

PARTIAL = ".partial"
LONGEST_NAME_BYTES = 200  # of a model; its lock and what stands aside have longer ones
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10)}


class PartialFolder:
    """A folder that this process alone may write, until it is finished or released.

    Made by `claim_folder`. As a context manager it is released at the end, finished or
    not; an unfinished folder stays for ``--resume`` unless it is empty.

    Attributes
    ----------
    path : Path
        ``DIR/NAME.partial``: write here.
    target : Path
        ``DIR/NAME``: appears with `finish`.
    resumed : bool
        True if the folder holds what an interrupted training left.
    """

    def __init__(
        self, target: Path, lock: filelock.BaseFileLock, *, resumed: bool, overwrite: bool
    ) -> None:
        self.target = target
        self.path = _partial(target)
        self.resumed = resumed
        self._lock = lock
        self._overwrite = overwrite

    def finish(self) -> Path:
        """Give the folder its final name, in one step, and return it.

        A replaced model goes after that. OutputError if the system refuses; the folder then
        still has its partial name.
        """
        with _refusals(self.target):
            aside = _aside(self.target)
            if os.path.lexists(self.target):
                if not self._overwrite:  # it came while this training ran
                    raise OutputError(
                        f"{self.target} exists by now, so the finished model stays in {self.path}. "
                        "Rename one of the two folders."
                    )
                os.rename(self.target, aside)
            os.rename(self.path, self.target)
            _delete(aside)
        self.release()
        return self.target

    def release(self) -> None:
        """Let others have the name; an unfinished folder stays, unless it is empty."""
        if not self._lock.is_locked:
            return
        with contextlib.suppress(OSError):  # gone, or not empty: then it is kept
            self.path.rmdir()
        _unlock(self._lock)

    def __enter__(self) -> PartialFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


@contextlib.contextmanager
def hold_name(folder: Path) -> Iterator[None]:
    """Keep every other process and training from a model's name for a while.

    For those who write into the folder ``DIR/NAME`` itself, which need not exist; nothing is made
    but the lock, which goes at the end. OutputError if a training has the name now, or the folder's
    parent cannot be written.
    """
    lock = _lock(
        folder,
        f"{folder}: this model is being trained now, by another process or thread. Wait until that "
        "is done, or choose another name.",
    )
    try:
        yield
    finally:
        _unlock(lock)


def claim_folder(
    models_dir: Path | str, name: str, overwrite: bool = False, resume: bool = False
) -> PartialFolder:
    """Take the name of a model for this process alone, before any work.

    Parameters
    ----------
    models_dir : path
        Created if missing.
    name : str
        A plain name.
    overwrite : bool
        Replace a finished model when this training is done, and throw away what an
        interrupted one left, at once.
    resume : bool
        Continue what an interrupted training left; together with `overwrite` the
        finished model of that name is replaced at the end.

    Raises
    ------
    UsageError
        If `name` is no plain name.
    OutputError
        If the name is taken: by a finished model, by a training that runs now, or by
        an interrupted one and neither option is given; if there is nothing to resume;
        or if the folder cannot be written.
    """
    require_plain_name(name)
    target = Path(models_dir) / name
    lock = _lock(
        target,
        f"{_partial(target)}: another n2v-train is training this model now. Wait until it is done, "
        f"or choose another name with {option('model')}.",
    )
    folder = PartialFolder(target, lock, resumed=resume, overwrite=overwrite)
    try:
        with _refusals(target):
            _prepare(target, overwrite, resume)
    except BaseException:
        folder.release()
        raise
    return folder


def wrong_in_name(name: str) -> str:
    """Say what keeps `name` from being a folder's name on every system; empty if nothing."""
    if not name or name.startswith(".") or name.endswith((".", " ")):
        return "must not be empty, begin with a dot, or end with a dot or a space"
    if any(letter in '/\\<>:"|?*' or ord(letter) < 32 for letter in name):
        return 'is a plain name without / \\ < > : " | ? * and control characters'
    if name.lower().endswith(PARTIAL):
        return f"must not end with {PARTIAL}, which marks an unfinished training"
    if name.split(".")[0].upper() in DEVICES:
        return "must not be the name of a device on Windows"
    if len(name.encode("utf-8", "replace")) > LONGEST_NAME_BYTES:
        return f"must not be longer than {LONGEST_NAME_BYTES} bytes"
    return ""


def require_plain_name(name: str) -> None:
    """Raise UsageError unless `name` can be a folder's name on every system."""
    if wrong := wrong_in_name(name):
        raise UsageError(
            f"{option('model')} {name!r}: a model's name {wrong}. Choose another, such as "
            f"kidney_n2v; the folder it goes into is given with {option('models')}."
        )


def require_free(models_dir: Path | str, name: str, overwrite: bool, resume: bool) -> None:
    """Raise as `claim_folder` would, as far as can be seen without claiming; change nothing.

    For a word before long work; only the claim itself keeps others out.
    """
    require_plain_name(name)
    require_writable(models_dir)
    target = Path(models_dir) / name
    with _refusals(target):
        _refuse_taken(target, overwrite, resume)


def require_writable(models_dir: Path | str) -> None:
    """Raise OutputError unless models can go into a folder, as far as can be seen."""
    folder = Path(models_dir).absolute()
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not there.is_dir():
        found = "is a file" if there.is_file() else "is a link that leads nowhere"
        problem = f"{there} {found}. Move it, or choose another folder with {option('models')}."
    elif not os.access(there, os.W_OK | os.X_OK):
        another = f"choose another {option('models')}"
        problem = f"{there} may not be written. Change its rights, or {another}."
    else:
        return
    raise OutputError(f"{models_dir}: no model can be put there: {problem}")


def _prepare(target: Path, overwrite: bool, resume: bool) -> None:
    """Under the lock: refuse what must not be touched, and make the partial folder."""
    partial = _partial(target)
    _mend(target)
    _refuse_taken(target, overwrite, resume)
    if resume:
        return
    if os.path.lexists(partial):
        _delete(partial)
    os.mkdir(partial)  # exclusive: whatever stands there now stops it


def _refuse_taken(target: Path, overwrite: bool, resume: bool) -> None:
    partial = _partial(target)
    if os.path.lexists(target):
        if not overwrite:
            raise OutputError(
                f"{target} exists already. Choose another name with {option('model')}, or replace "
                f"it with {flag('overwrite')}."
            )
        if not (target / "config.json").is_file() and (target.is_file() or any(target.iterdir())):
            raise OutputError(
                f"{target} is no model folder (it has no config.json), so it is not replaced. "
                f"Choose another name with {option('model')}."
            )
    if resume:
        if not partial.is_dir():
            raise OutputError(
                f"{partial} does not exist, so there is nothing to resume. Leave {flag('resume')} "
                "out to train from the start."
            )
    elif os.path.lexists(partial) and not overwrite:
        raise OutputError(
            f"{partial} was left by an interrupted training. Continue it with {flag('resume')}, or "
            f"start anew with {flag('overwrite')}."
        )


def _mend(target: Path) -> None:
    """Undo or complete a replacement that was killed between its two renames."""
    aside = _aside(target)
    if os.path.lexists(aside):
        if os.path.lexists(target):
            _delete(aside)
        else:
            os.rename(aside, target)


def _lock(folder: Path, taken: str) -> filelock.BaseFileLock:
    """Take the name of a model; raise OutputError, with the message `taken`, if others have it."""
    with _refusals(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder.parent / f".{folder.name}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise OutputError(taken) from None
    return lock


def _unlock(lock: filelock.BaseFileLock) -> None:
    with contextlib.suppress(OSError):  # Windows deletes no open file; it may stay
        os.unlink(lock.lock_file)
    lock.release()


def _partial(target: Path) -> Path:
    return target.with_name(target.name + PARTIAL)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.replaced")


def _delete(path: Path) -> None:
    """Delete a folder and all in it; of a link only the link."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """Turn what the system refuses into one line."""
    try:
        yield
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"{target}: the model folder cannot be made here ({error}). Choose a folder that you "
            f"can write with {option('models')}."
        ) from None
