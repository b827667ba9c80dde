"""From matplotlib's SVG to one that may stand in a page of a strict security policy.

Style attributes and elements are forbidden there; what they say becomes attributes, and
colours become classes, so that one drawing fits a light and a dark page.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
# Stand for roles while matplotlib draws; the page's style sheet says what they look like.
COLOURS = {
    "text": "#010101",
    "grid": "#020202",
    "noisy": "#030303",
    "restored": "#040404",
    "clean": "#050505",
    "noise": "#060606",
    "residual": "#070707",
}
ROLES = {colour: role for role, colour in COLOURS.items()}
KEPT = {"version", "xmlns"}
FONT_SIZE = re.compile(r"([\d.]+)px")
DROPPED = ("metadata", "style", "title")


def inline(text: str, key: str) -> str:
    """Return the ``<svg>`` element as text, of a document drawn by matplotlib in `COLOURS`.

    `key` is put before every identifier, so that several drawings fit into one page.
    """
    root = ElementTree.fromstring(text)  # noqa: S314  drawn here, not from a stranger
    for parent in root.iter():
        for child in list(parent):
            if child.tag.removeprefix(SVG) in DROPPED:
                parent.remove(child)
    used = set(re.findall(r"#([\w-]+)", text))
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        _name(element, key, used)
        _unstyle(element)
    width, height = root.get("viewBox", "").split()[2:]
    root.attrib.clear()
    root.attrib.update(viewBox=f"0 0 {width} {height}", focusable="false")
    root.set("aria-hidden", "true")
    return ElementTree.tostring(root, encoding="unicode")


def _name(element: ElementTree.Element, key: str, used: set[str]) -> None:
    """Keep only identifiers that something refers to, made unique."""
    name = element.attrib.pop("id", "")
    if name in used:
        element.set("id", f"{key}-{name}")
    target = element.attrib.pop(XLINK_HREF, "")
    if target.startswith("#"):
        element.set("href", f"#{key}-{target[1:]}")
    clip = element.get("clip-path", "")
    if clip:
        element.set("clip-path", clip.replace("url(#", f"url(#{key}-"))


def _unstyle(element: ElementTree.Element) -> None:
    """Turn ``style="a: b"`` into attributes and classes."""
    classes = []
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        role = ROLES.get(value)
        if role and name in ("fill", "stroke"):
            classes.append(f"{name}-{role}")
        elif name in ("font", "font-size"):
            size = FONT_SIZE.search(value)
            if size:
                element.set("font-size", size[1])
        elif name and not name.startswith("font"):
            element.set(name, value)
    for name in ("fill", "stroke"):
        role = ROLES.get(element.get(name, ""))
        if role:
            del element.attrib[name]
            classes.append(f"{name}-{role}")
    if classes:
        element.set("class", " ".join(classes))
