"""A page with everything on it, and a browser to open it in."""

import dataclasses
import shutil

import numpy as np
import pytest

from n2v_tools.preview.scalebar import Bar
from n2v_tools.report.charts import Plot, Series, draw_chart
from n2v_tools.report.pictures import png_uri
from n2v_tools.report.render import render_page
from n2v_tools.report.values import (
    Answer,
    Chart,
    Command,
    Finding,
    Map,
    Page,
    Pane,
    Table,
    View,
)

ROLES = ("noisy", "restored", "clean", "residual", "uncertainty")


def picture(seed, height=48, width=64):
    return png_uri(np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8))


def chart(key, title="A chart", wide=False):
    x = np.arange(20.0)
    series = tuple(Series(role, x, x * n + 1, role) for n, role in enumerate(ROLES[:3]))
    return Chart(title, draw_chart(Plot(series, "x", "y", wide=wide), key), "How to read it.")


def view(number, whole=True):
    panes = tuple(
        Pane(role, role, picture(number * 10 + n), f"{role}, T {number}", f"what is {role}")
        for n, role in enumerate(ROLES)
    )
    box = None if whole else Map(picture(99), 64, 48, (10.0, 5.0, 20.0, 15.0))
    profile = chart(f"profile{number}", "Line profile", wide=True)
    return View(f"T {number}", 64, 48, panes, "All of it.", 20.5, Bar(10, "5 µm"), profile, box)


@pytest.fixture(scope="session")
def full_page():
    levels = ("good", "note", "worry", "cannot tell")
    return Page(
        title="cells_denoised.tif",
        answers=(
            Answer("What was done?", "Denoised by a model", "", ("One sentence.",)),
            Answer("Is it better?", "Yes", "good", ("Another sentence.",)),
            Answer("What should I not measure on it?", items=("No widths.", "No noise.")),
        ),
        views=(view(0), view(1), view(2, whole=False)),
        findings=tuple(
            Finding(f"Check {n}", level, "What it means.", "1.2 %")
            for n, level in enumerate(levels)
        ),
        charts=(chart("one"), chart("two")),
        scores=Table("Measures", ("", "noisy", "restored"), (("PSNR, dB", "20.1", "27.3"),)),
        scores_notes=("Mean of planes.",),
        facts=(Table("The files", (), (("restored", "cells_denoised.tif"), ("hash", "ab" * 32))),),
        training=(chart("loss"),),
        commands=(Command("Denoise the file", "n2v-denoise cells.tif --model m", "As given."),),
        notes=("Beware.",),
        version="0",
    )


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium; a machine without it leaves these tests out.

    Of one module: while playwright is open, no other test can run an event loop.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    with api.sync_playwright() as playwright:
        there = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield there
        there.close()


class Opened:
    """A page in the browser, with what it complained of and asked for."""

    def __init__(self, tab, path):
        self.tab = tab
        self.complaints = []
        self.requests = []
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()
        tab.goto(self.address)


@pytest.fixture
def open_page(browser, tmp_path, full_page):
    """Return a function that shows the page, with values replaced, in a new window."""
    contexts = []

    def open_(changes=None, **options):
        options = {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"} | options
        path = tmp_path / f"report{len(contexts)}.html"
        page = dataclasses.replace(full_page, **(changes or {}))
        path.write_text(render_page(page), encoding="utf-8")
        contexts.append(browser.new_context(**options))
        return Opened(contexts[-1].new_page(), path)

    yield open_
    for context in contexts:
        context.close()
