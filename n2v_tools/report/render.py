"""The page as text: one template, one style sheet, one script, nothing from elsewhere.

Names and metadata come from files that anybody may have made, so every value is escaped;
the security policy allows the style sheet and the script of this page by their hashes and
nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .values import Page

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
MARKS = {"good": "✓", "note": "i", "worry": "!", "cannot tell": "?"}
LONGEST_TEXT = 4000
PICTURE = r"data:image/png;base64,[A-Za-z0-9+/=]+"
# Category Cf turns the direction of text or hides it; Cc and Cs are not text at all.
HIDDEN = ("Cc", "Cf", "Cs")


def render_page(page: Page) -> str:
    """Return the HTML document."""
    style, script = _source("report.css"), _source("report.js")
    policy = (
        "default-src 'none'; img-src data:; "
        f"style-src {_hash_source(style)}; script-src {_hash_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("report.html")
    return template.render(page=page, policy=policy, style=style, script=script, marks=MARKS)


def visible(text: str) -> str:
    """Return text as it may be shown: no control, no hidden, no endless characters."""
    shown = "".join(
        c.encode("unicode_escape").decode()
        if unicodedata.category(c) in HIDDEN and c not in "\n\t"
        else c
        for c in text[:LONGEST_TEXT]
    )
    return shown + ("…" if len(text) > LONGEST_TEXT else "")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    def finalize(value: Any) -> Any:
        return value if hasattr(value, "__html__") else visible(str(value))

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["picture"] = lambda uri: re.fullmatch(PICTURE, uri) is not None
    environment.filters["slug"] = lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower())
    return environment


@lru_cache(maxsize=2)
def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash_source(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
