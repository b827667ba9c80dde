"""The page as text: nothing in it that a file could smuggle in."""

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

from n2v_tools.report.charts import Plot, Series, draw_chart
from n2v_tools.report.render import render_page
from n2v_tools.report.values import Answer, Page

HOSTILE = (
    "<script>hacked=1</script>\"><img src=x onerror=hacked=1>'--><svg onload=hacked=1> & {{7*7}}"
)


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1] if self.tags else "", []).append(data)


def hostile(value):
    """The same value with every text in it replaced, pictures and drawings left alone."""
    if isinstance(value, str):
        return HOSTILE if value else ""
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if dataclasses.is_dataclass(value):
        kept = {"uri", "svg", "level"}
        names = [f.name for f in dataclasses.fields(value) if f.name not in kept]
        return dataclasses.replace(value, **{n: hostile(getattr(value, n)) for n in names})
    return value


def test_no_text_becomes_an_element_or_an_attribute(full_page):
    tame = Elements(render_page(full_page))
    wild = Elements(render_page(hostile(full_page)))
    assert wild.tags == tame.tags
    names = [(tag, sorted(attributes)) for tag, attributes in wild.attributes]
    assert names == [(tag, sorted(attributes)) for tag, attributes in tame.attributes]
    assert not any(name.startswith("on") for _, names in names for name in names)
    assert "{{7*7}}" in "".join(wild.texts["h1"])


def test_only_the_style_and_the_script_of_the_page_are_allowed(full_page):
    text = render_page(hostile(full_page))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:"
    assert rules["base-uri"] == "'none'" and rules["form-action"] == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_nothing_is_loaded_from_anywhere(full_page):
    page = Elements(render_page(full_page))
    for tag, attributes in page.attributes:
        assert not set(attributes) & {"style", "srcset", "background", "xlink:href"}
        for name in ("src", "href", "data", "poster", "action"):
            assert re.match(r"data:image/png;base64,|#", attributes.get(name) or "#"), (tag, name)
    assert not {"link", "iframe", "object", "embed"} & set(page.tags) - {"link"}
    assert page.tags.count("link") == 1  # the icon


def test_hidden_and_endless_text_is_shown_as_such():
    name = "a\u202egnp.tif\x00\ud800" + "x" * 100_000
    text = render_page(Page(name))
    assert "\\u202e" in text and "\\x00" in text and "\\ud800" in text
    assert "\u202e" not in text and len(text) < 100_000
    text.encode("utf-8")


def test_a_picture_must_be_one(full_page):
    view = full_page.views[0]
    bad = dataclasses.replace(view.panes[0], uri='https://example.org/x" onerror="hacked=1')
    page = dataclasses.replace(
        full_page, views=(dataclasses.replace(view, panes=(bad, *view.panes[1:])),)
    )
    assert "example.org" not in render_page(page)


def test_the_same_values_give_the_same_page(full_page):
    assert render_page(full_page) == render_page(full_page)
    plot = Plot((Series("a", [0, 1], [1, 2], "noisy"),), "x", "y")
    assert draw_chart(plot, "k") == draw_chart(plot, "k")


def test_a_page_of_the_least_has_no_empty_sections():
    text = render_page(Page("a.tif", answers=(Answer("What?", "This"),)))
    assert 'id="look"' not in text and 'id="truth"' not in text and "<select" not in text


def test_every_part_of_a_page_is_on_it(full_page):
    text = render_page(full_page)
    for said in (
        "Denoised by a model",
        "No widths.",
        "Check 2",
        "27.3",
        "n2v-denoise cells.tif",
        "Beware.",
    ):
        assert said in text
