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
    """One of the questions at the top.

    Parameters
    ----------
    question : str
    short : str
        The answer in a few words.
    level : str
        One of `trust.LEVELS`, or empty: then no mark is shown.
    sentences : tuple of str
        What a reader must know beside it.
    items : tuple of str
        The same as a list.
    """

    question: str
    short: str = ""
    level: str = ""
    sentences: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    title, sentence : str
    level : str
        One of `trust.LEVELS`.
    value : str
        With its unit; empty where there is none.
    """

    title: str
    level: str
    sentence: str
    value: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with what it shows in words.

    Parameters
    ----------
    title : str
    svg : str
        From `draw_chart`.
    caption : str
        How to read it, and what to see.
    """

    title: str
    svg: str
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading; the first cell of a row names it.

    Parameters
    ----------
    caption : str
    head : tuple of str
        Empty for a list of names and values.
    rows : tuple of tuple of str
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Pane:
    """One picture of a view.

    Parameters
    ----------
    role : {"noisy", "restored", "residual", "clean", "uncertainty"}
    label : str
        Over the picture.
    uri : str
        ``data:`` with the picture in it.
    alt : str
        The picture in words.
    caption : str
        Which counts are black and white.
    """

    role: str
    label: str
    uri: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Map:
    """The whole plane, small, with a frame around what the panes show.

    Parameters
    ----------
    uri : str
    width, height : int
        Of the small picture in pixels.
    box : tuple of float
        Left, top, width and height of the frame in its pixels.
    """

    uri: str
    width: int
    height: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """One plane, or a window of it, before and after.

    Parameters
    ----------
    label : str
        Where it is, such as ``T 0, Z 3``.
    width, height : int
        Of every picture in pixels.
    panes : tuple of Pane
        Noisy and restored first.
    note : str
        What part of the plane this is.
    line_y : float or None
        Row of the line profile, in pixels from the top.
    bar : preview.scalebar.Bar or None
    profile : Chart or None
    map : Map or None
        None where the whole plane is shown.
    """

    label: str
    width: int
    height: int
    panes: tuple[Pane, ...]
    note: str = ""
    line_y: float | None = None
    bar: Bar | None = None
    profile: Chart | None = None
    map: Map | None = None


@dataclass(frozen=True)
class Command:
    """A command that repeats a step.

    Parameters
    ----------
    title : str
        What it does.
    text : str
    note : str
    """

    title: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The whole report.

    Parameters
    ----------
    title : str
        Name of the restored file.
    answers : tuple of Answer
    views : tuple of View
    findings : tuple of Finding
    charts : tuple of Chart
        The evidence behind the findings.
    scores : Table or None
        Measures against the truth.
    scores_notes : tuple of str
        How to read them.
    facts : tuple of Table
        How it was made.
    training : tuple of Chart
    commands : tuple of Command
    notes : tuple of str
        What a reader should know about this page.
    version : str
        Of n2v_tools.
    """

    title: str
    answers: tuple[Answer, ...] = ()
    views: tuple[View, ...] = ()
    findings: tuple[Finding, ...] = ()
    charts: tuple[Chart, ...] = ()
    scores: Table | None = None
    scores_notes: tuple[str, ...] = ()
    facts: tuple[Table, ...] = ()
    training: tuple[Chart, ...] = ()
    commands: tuple[Command, ...] = ()
    notes: tuple[str, ...] = ()
    version: str = ""
