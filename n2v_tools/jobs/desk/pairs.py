"""Pairs of restored, clean and noisy files: by their names, or by a table.

A name's key is its stem without the suffix of restored files and without ``_noisy`` or
``_clean``: ``a_noisy_denoised.tif``, ``a_clean.ome.tif`` and ``a.tif`` belong together.
Folders of several roles may be one folder: what ends like another role is left alone.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import N2VToolsError, OutputError, StackError, UsageError
from ...settings import nearest
from ...stack import Stack
from ...words import option
from .inputs import Opened, open_inputs
from .output_names import stem_of

ROLES = ("restored", "clean", "noisy")
ENDINGS = {"clean": "_clean", "noisy": "_noisy"}
Find = Callable[[str], str]


@dataclass(frozen=True)
class Trio:
    """One restored file with its truth, and with its input if that is to be compared."""

    names: Mapping[str, str]  # by role; as reported
    # by role; empty if something is wrong
    stacks: Mapping[str, Stack] = field(default_factory=dict)
    error: str = ""  # what is wrong, in one line; else empty


def pair_files(
    specs: Mapping[str, str],
    suffix: str,
    axes: str | None,
    note: Callable[[str], None] = lambda text: None,
) -> list[Trio]:
    """Pair files that are named as such as they are, and those of folders by their keys.

    Parameters
    ----------
    specs : mapping of role to str
        File, folder or glob; "noisy" or "clean" may be missing.
    suffix : str
        Of restored files.
    axes : str or None
        Of every file; ZYX or TYX joins a folder of planes into one stack.
    note : callable
        Told of clean files that nothing was restored for.

    Returns
    -------
    trios : list of Trio
        One for each restored file.

    Raises
    ------
    N2VToolsError
        If a folder has no file for its role, or two of one key.
    """
    found = {role: list(open_inputs([spec], axes)) for role, spec in specs.items()}
    for role, opened in found.items():
        if len(opened) == 1 and opened[0].error and opened[0].name == specs[role]:
            raise StackError(opened[0].error)
    if all(_is_one(role, specs[role], found[role]) for role in specs):
        return [_trio({role: opened[0] for role, opened in found.items()})]
    keyed = {role: _by_key(role, specs[role], found[role], suffix) for role in specs}
    trios = []
    for key, restored in keyed["restored"].items():
        parts = {"restored": restored}
        parts |= {role: keyed[role][key] for role in specs if key in keyed[role]}
        missing = [role for role in specs if role not in parts]
        if missing:
            names = {role: one.name for role, one in parts.items()}
            trios.append(Trio(names, error=_no_partner(restored, key, missing[0], specs, suffix)))
        else:
            trios.append(_trio(parts))
    unused = sorted(set(keyed.get("clean", ())) - set(keyed["restored"]))
    if unused:
        some = ", ".join(unused[:3]) + (", ..." if len(unused) > 3 else "")
        note(f"Note: clean files without a restored one: {len(unused)} ({some}).")
    return trios


def pair_by_table(
    table: Path, specs: Mapping[str, str], axes: str | None, find: Find = lambda name: name
) -> list[Trio]:
    """Pair files as a CSV table says: columns restored, clean and, if wanted, noisy.

    Without a heading the columns have that order. A name that is not there as it stands is
    looked for in the folder of its role, from `specs`, which may be empty, then beside the table;
    `find` gives a name its place.

    Raises
    ------
    StackError
        If the table cannot be read, or a row has no restored and clean name.
    UsageError
        If a folder is named for noisy files and the table has none.
    """
    rows = _read_table(table)
    if "noisy" in specs and not any("noisy" in row for row in rows):
        noisy = option("noisy")
        raise UsageError(f"{noisy}: {table} has no column noisy. Add one, or leave {noisy} out.")
    trios = []
    for row in rows:
        places = {role: _place(name, specs.get(role), table, find) for role, name in row.items()}
        try:
            opened = {role: list(open_inputs([place], axes)) for role, place in places.items()}
            trios.append(_trio({role: _only(places[role], opened[role]) for role in places}))
        except N2VToolsError as error:
            trios.append(Trio(places, error=str(error)))
    return trios


def key_of(stem: str, suffix: str) -> str:
    """Return a stem without the suffix, then without ``_noisy`` or ``_clean``."""
    if suffix and stem.endswith(suffix):
        stem = stem[: -len(suffix)]
    for ending in ENDINGS.values():
        if stem.endswith(ending) and stem != ending:
            return stem[: -len(ending)]
    return stem


def _is_one(role: str, spec: str, found: Sequence[Opened]) -> bool:
    """Whether a role is one file by its name, or planes joined to one stack."""
    if len(found) != 1:
        return False
    source = found[0].source
    joined = found[0].stack is not None and source.is_dir() and source.suffix.lower() != ".zarr"
    return joined or not (os.path.isdir(spec) and Path(spec).suffix.lower() != ".zarr")


def _by_key(role: str, spec: str, found: Sequence[Opened], suffix: str) -> dict[str, Opened]:
    stems = [(stem_of(one.source), one) for one in found]
    foreign = _foreign(role, suffix)
    kept = [(stem, one) for stem, one in stems if not stem.endswith(foreign)]
    if role == "restored" and suffix and any(stem.endswith(suffix) for stem, _ in kept):
        kept = [(stem, one) for stem, one in kept if stem.endswith(suffix)]
    if not kept:
        raise StackError(
            f"{option(role, spec)}: has no {role} file: all {len(found)} end with "
            f"{' or '.join(foreign)}. Name another folder, or pair by "
            f"{option('pairs')}."
        )
    keyed: dict[str, tuple[str, Opened]] = {}
    for stem, one in kept:
        key = key_of(stem, suffix)
        other = keyed.get(key)
        if other is None or _is_better(role, stem, other[0]):
            keyed[key] = stem, one
        elif not _is_better(role, other[0], stem):
            raise OutputError(
                f"{option(role, spec)}: both {other[1].name} and {one.name} would pair with "
                f"{key!r}. Pair them by {option('pairs')}, or name a folder with one of them."
            )
    return {key: one for key, (_, one) in keyed.items()}


def _foreign(role: str, suffix: str) -> tuple[str, ...]:
    """Endings by which a file shows that it is of another role."""
    if role == "restored":
        return (ENDINGS["clean"],)
    others = tuple(ending for other, ending in ENDINGS.items() if other != role)
    return (*others, suffix) if suffix else others


def _is_better(role: str, stem: str, other: str) -> bool:
    """Whether only `stem`, of two of one key, ends as files of this role do."""
    ending = ENDINGS.get(role)
    return ending is not None and stem.endswith(ending) and not other.endswith(ending)


def _no_partner(
    restored: Opened, key: str, role: str, specs: Mapping[str, str], suffix: str
) -> str:
    return (
        f"{restored.name}: there is no {role} file named {key!r} in {specs[role]} (stems are "
        f"compared without {suffix or 'a suffix'}, _noisy and _clean). Name it so, give the "
        f"{option('suffix')} of the restored files, or pair by {option('pairs', 'FILE.csv')}."
    )


def _trio(parts: Mapping[str, Opened]) -> Trio:
    names = {role: one.name for role, one in parts.items()}
    error = next((one.error for one in parts.values() if one.stack is None), "")
    files = {role: os.path.realpath(one.name) for role, one in parts.items()}
    for role in ("clean", "noisy"):
        if not error and files.get(role) == files["restored"]:
            error = (
                f"{names['restored']}: would be the restored and the {role} file. Name two files, "
                f"or give the {option('suffix')} that restored files have."
            )
    if not error and "clean" in files and files.get("noisy") == files["clean"]:
        error = f"{names['clean']}: would be the clean and the noisy file. Name two files."
    stacks = {role: one.stack for role, one in parts.items() if one.stack is not None}
    return Trio(names, {} if error else stacks, error)


def _only(place: str, found: Sequence[Opened]) -> Opened:
    if len(found) != 1:
        raise StackError(f"{place}: holds {len(found)} stacks; a row of the table names one file.")
    return found[0]


def _place(name: str, folder: str | None, table: Path, find: Find) -> str:
    there = [find(name), *([str(Path(folder) / name)] if folder else [])]
    there.append(str(table.parent / name))
    return next((place for place in there if os.path.lexists(place)), there[0])


def _read_table(table: Path) -> list[dict[str, str]]:
    """Rows by role, each with restored and clean; StackError if it is no such table."""
    where = option("pairs", table)
    try:
        text = table.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StackError(f"{where}: not found. Check the path.") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise StackError(f"{where}: is not a text file. Name a CSV table.") from None
    mark = max(",;\t", key=text.split("\n", 1)[0].count)
    lines = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(csv.reader(text.splitlines(), delimiter=mark), 1)
        if any(cell.strip() for cell in cells)
    ]
    if not lines:
        raise StackError(f"{where}: is empty. Write restored,clean or restored,clean,noisy.")
    columns = _columns(where, lines[0][1])
    rows = lines[1:] if columns else lines
    if not rows:
        raise StackError(f"{where}: has a heading and no row. Write one row per file.")
    return [_row(f"{where}, line {number}", cells, columns or ROLES) for number, cells in rows]


def _columns(where: str, cells: Sequence[str]) -> tuple[str, ...]:
    """Roles in the order of the heading; none if there is no heading."""
    names = tuple(cell.lower() for cell in cells)
    if not set(names) & set(ROLES):
        return ()
    for name in names:
        if name not in ROLES:
            raise StackError(
                f"{where}: there is no column {name!r}.{nearest(name, ROLES)} Known: "
                f"{', '.join(ROLES)}."
            )
    if len(set(names)) < len(names) or not {"restored", "clean"} <= set(names):
        raise StackError(
            f"{where}: the columns are {', '.join(names)}; they must be restored, clean and, if "
            "wanted, noisy, each once."
        )
    return names


def _row(where: str, cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    row = {role: cell for role, cell in zip(columns, cells, strict=False) if cell}
    if len(cells) > len(columns) or not {"restored", "clean"} <= set(row):
        raise StackError(
            f"{where}: found {', '.join(cells)!r}; write a restored and a clean file, and a noisy "
            "one if wanted."
        )
    return row
