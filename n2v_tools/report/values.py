"""Values that stand on the page: the template knows nothing else.

Tests: ``tests/report/test_render.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..preview.scalebar import Bar


@dataclass(frozen=True)
class Answer:
    """One of the questions at the top."""

    question: str
    short: str = ""  # the answer in a few words
    level: str = ""  # one of `trust.LEVELS`, or empty: then no mark is shown
    sentences: tuple[str, ...] = ()  # what a reader must know beside it
    items: tuple[str, ...] = ()  # the same as a list


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    title: str
    level: str  # one of `trust.LEVELS`
    sentence: str
    value: str = ""  # with its unit; empty where there is none


@dataclass(frozen=True)
class Chart:
    """A drawing with what it shows in words."""

    title: str
    svg: str  # from `draw_chart`
    caption: str = ""  # how to read it, and what to see


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading; the first cell of a row names it."""

    caption: str
    head: tuple[str, ...]  # empty for a list of names and values
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Pane:
    """One picture of a view."""

    role: str  # {"noisy", "restored", "residual", "clean", "uncertainty"}
    label: str  # over the picture
    uri: str  # ``data:`` with the picture in it
    alt: str  # the picture in words
    caption: str  # which counts are black and white


@dataclass(frozen=True)
class Map:
    """The whole plane, small, with a frame around what the panes show."""

    uri: str
    width: int  # of the small picture in pixels
    height: int  # of the small picture in pixels
    box: tuple[float, float, float, float]  # left, top, width and height of the frame in its pixels


@dataclass(frozen=True)
class View:
    """One plane, or a window of it, before and after."""

    label: str  # where it is, such as ``T 0, Z 3``
    width: int  # of every picture in pixels
    height: int  # of every picture in pixels
    panes: tuple[Pane, ...]  # noisy and restored first
    note: str = ""  # what part of the plane this is
    line_y: float | None = None  # row of the line profile, in pixels from the top
    bar: Bar | None = None
    profile: Chart | None = None
    map: Map | None = None  # None where the whole plane is shown


@dataclass(frozen=True)
class Command:
    """A command that repeats a step."""

    title: str  # what it does
    text: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str  # name of the restored file
    answers: tuple[Answer, ...] = ()
    views: tuple[View, ...] = ()
    findings: tuple[Finding, ...] = ()
    charts: tuple[Chart, ...] = ()  # the evidence behind the findings
    scores: Table | None = None  # measures against the truth
    scores_notes: tuple[str, ...] = ()  # how to read them
    facts: tuple[Table, ...] = ()  # how it was made
    training: tuple[Chart, ...] = ()
    commands: tuple[Command, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader should know about this page
    version: str = ""  # of n2v_tools
