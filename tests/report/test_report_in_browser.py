"""The page as a reader uses it, in Debian's chromium: by mouse, by keyboard, in the dark."""

import itertools
import re

import pytest

CONTROLS = "a[href], button, select, input, [tabindex='0']"
TRANSFORMS = "[...document.querySelectorAll('.layer')].map((layer) => layer.style.transform)"
SCHEMES = ("light", "dark")


def divider(tab):
    return tab.locator(".divider:visible")


def wipe(tab):
    return int(divider(tab).get_attribute("aria-valuenow"))


def clip(tab):
    """Left edge of the restored picture on the stage, in percent."""
    style = tab.locator(".after:visible").evaluate("(one) => getComputedStyle(one).clipPath")
    return float(re.search(r"([\d.]+)(?:%|px)\)", style)[1])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1400, 400])
def test_no_complaints_no_requests_and_nothing_beside_the_screen(open_page, scheme, width):
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.tab.wait_for_timeout(50)
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [page.address]
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_divider_follows_the_keys(open_page):
    tab = open_page().tab
    divider(tab).focus()
    assert wipe(tab) == 50 and clip(tab) == 50
    for key, expected in [("ArrowLeft", 48), ("ArrowRight", 50), ("PageUp", 60), ("Home", 0)]:
        tab.keyboard.press(key)
        assert wipe(tab) == expected == clip(tab)
    tab.keyboard.press("End")
    assert clip(tab) == 100
    assert divider(tab).get_attribute("aria-valuetext") == "100 % noisy, 0 % restored"


def test_the_divider_follows_the_mouse_and_stops_at_the_edges(open_page):
    tab = open_page().tab
    stage = tab.locator("[data-stage]:visible")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 4, middle)
    assert wipe(tab) == pytest.approx(25, abs=1)
    tab.mouse.move(box["x"] - 200, middle)
    tab.mouse.up()
    assert wipe(tab) == 0
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    assert wipe(tab) == 0  # let go


@pytest.mark.parametrize("way", ["key", "button", "wheel", "double click"])
def test_zooming_one_picture_zooms_them_all(open_page, way):
    tab = open_page().tab
    before = set(tab.evaluate(TRANSFORMS))
    pane = tab.locator("[data-pane]:visible").nth(2)
    pane.scroll_into_view_if_needed()
    if way == "key":
        divider(tab).focus()
        tab.keyboard.press("+")
    elif way == "button":
        tab.get_by_role("button", name="Zoom in").click()
    elif way == "wheel":
        pane.hover()
        tab.keyboard.down("Control")
        tab.mouse.wheel(0, -100)
        tab.wait_for_function("document.getElementById('zoom').textContent === '1.5×'")
    else:
        pane.dblclick()
    after = set(tab.evaluate(TRANSFORMS))
    assert len(before) == len(after) == 1 and before != after
    assert "scale(1.5)" in after.pop()
    assert tab.locator("#zoom").text_content() == "1.5×"


def test_dragging_a_zoomed_picture_moves_them_all_and_never_past_an_edge(open_page):
    tab = open_page().tab
    divider(tab).focus()
    for _ in range(3):
        tab.keyboard.press("+")
    before = tab.evaluate(TRANSFORMS)
    pane = tab.locator("[data-pane]:visible").first
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    tab.mouse.move(box["x"] + 60, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 50, box["y"] + 60)
    after = tab.evaluate(TRANSFORMS)
    assert len(set(after)) == 1 and after != before
    tab.mouse.move(box["x"] + 5000, box["y"] + 5000)
    tab.mouse.up()
    assert set(tab.evaluate(TRANSFORMS)) == {"scale(3) translate(0%, 0%)"}
    tab.keyboard.press("Shift+ArrowRight")
    assert set(tab.evaluate(TRANSFORMS)) != {"scale(3) translate(0%, 0%)"}
    tab.keyboard.press("0")
    assert set(tab.evaluate(TRANSFORMS)) == {"scale(1) translate(0%, 0%)"}


def test_what_lies_under_the_pointer_stays_there(open_page):
    tab = open_page().tab
    pane = tab.locator("[data-pane]:visible").first
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    pane.dblclick(position={"x": box["width"] * 0.25, "y": box["height"] * 0.5})
    left, top = re.findall(r"-?[\d.]+(?=%)", tab.evaluate(TRANSFORMS)[0])
    # 1.5 times: the point at a quarter of the width hides a twelfth to its left.
    assert float(left) == pytest.approx(-100 / 12, abs=0.6)
    assert float(top) == pytest.approx(-100 / 6, abs=0.6)


def test_one_plane_is_shown_and_another_can_be_chosen(open_page):
    tab = open_page().tab
    shown = tab.locator("[data-view]:visible")
    assert shown.count() == 1 and shown.get_attribute("aria-label") == "T 1"
    tab.get_by_label("Plane").select_option("T 2")
    assert shown.count() == 1 and shown.get_attribute("aria-label") == "T 2"
    tab.get_by_label("Plane").press("ArrowUp")
    assert shown.get_attribute("aria-label") == "T 1"
    line = tab.locator(".row").first
    assert line.evaluate("(one) => getComputedStyle(one).display") != "none"
    tab.get_by_label("Profile line").uncheck()
    assert line.evaluate("(one) => getComputedStyle(one).display") == "none"


def test_everything_that_can_be_reached_has_a_name_and_shows_the_focus(open_page):
    tab = open_page().tab
    seen = []
    for _ in range(80):
        tab.keyboard.press("Tab")
        found = tab.evaluate(
            """() => {
              const one = document.activeElement;
              const style = getComputedStyle(one);
              const knob = one.querySelector(".knob");
              const ring = knob ? getComputedStyle(knob).outlineWidth : style.outlineWidth;
              return [one.tagName, one.className, parseFloat(ring), one.id];
            }"""
        )
        if found[0] == "BODY":
            break
        seen.append(found)
    assert seen[0][1] == "skip"
    assert all(ring >= 2 for _, _, ring, _ in seen), seen
    order = [name for _, name, _, _ in seen]
    tools = [n for n, (tag, *_rest) in enumerate(seen) if tag == "SELECT"]
    assert tools[0] < order.index("divider") < order.index("copy needs-script")
    assert (
        len(seen)
        == tab.locator(CONTROLS).filter(visible=True).count()
        - tab.locator(":disabled:visible").count()
    )


def test_names_roles_and_headings_for_who_does_not_see(open_page):
    tab = open_page().tab
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll("button, select, input, [role=slider], pre")]
          .filter((one) => !/[a-z]{2}/i.test(one.getAttribute("aria-label")
            || (one.labels && [...one.labels].map((label) => label.textContent).join())
            || one.textContent))
          .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    assert tab.locator("img:not([src])").count() == 0
    assert tab.locator("img:not([alt]), img[alt='']").count() == 0
    assert tab.locator("svg:not([aria-hidden=true])").count() == 0  # captions say what they show
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    for target in tab.evaluate("[...document.querySelectorAll('a')].map((a) => a.hash.slice(1))"):
        assert target in ids
    levels = [
        int(tag[1])
        for tag in tab.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => h.tagName)"
        )
    ]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert tab.locator("html[lang=en]").count() == tab.locator("main").count() == 1
    slider = divider(tab)
    for name in ("valuemin", "valuemax", "valuenow", "valuetext", "label"):
        assert slider.get_attribute(f"aria-{name}")
    assert tab.locator("th:not([scope])").count() == 0
    assert tab.get_by_role("slider", name="Divider").count() == 1
    assert tab.get_by_role("heading", name="Is it better?").count() == 1


CONTRASTS = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const parts = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => {
      const share = v / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "white";
  };
  const ratio = (a, b) => {
    const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  const texts = [...document.querySelectorAll("main *, header *, footer *")].filter((one) =>
    one.checkVisibility() && !one.closest("svg, :disabled, .frame, [aria-hidden=true]")
    && [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  const lines = [...document.querySelectorAll(".chart path[class*=stroke], .chart text")].filter(
    (one) => one.checkVisibility() && !one.classList.contains("stroke-grid"));
  return {
    texts: texts.map((one) => [ratio(getComputedStyle(one).color, ground(one)), one.outerHTML]),
    lines: lines.map((one) => {
      const style = getComputedStyle(one);
      const colour = one.tagName === "text" ? style.fill : style.stroke;
      return [ratio(colour, ground(one)), one.outerHTML];
    }),
  };
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_and_lines_stand_out_from_what_is_behind_them(open_page, scheme):
    tab = open_page(color_scheme=scheme).tab
    found = tab.evaluate(CONTRASTS)  # WCAG 2.2, 1.4.3 and 1.4.11
    assert len(found["texts"]) > 40 and len(found["lines"]) > 10
    assert [text for ratio, text in found["texts"] if ratio < 4.5] == []
    assert [line for ratio, line in found["lines"] if ratio < 3] == []


def test_light_and_dark_are_two_pages(open_page):
    grounds = {
        open_page(color_scheme=scheme).tab.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in SCHEMES
    }
    assert len(grounds) == 2


def test_pictures_stand_beside_each_other_only_where_there_is_room(open_page):
    def left_edges(width):
        tab = open_page(viewport={"width": width, "height": 900}).tab
        stage = tab.locator("[data-stage]:visible").bounding_box()
        panes = tab.locator("[data-pane]:visible").first.bounding_box()
        return stage["x"] + stage["width"], panes["x"]

    right_of_stage, pane = left_edges(1400)
    assert pane >= right_of_stage
    right_of_stage, pane = left_edges(400)
    assert pane < right_of_stage


def test_buttons_are_large_enough_for_a_finger(open_page):
    tab = open_page(viewport={"width": 400, "height": 900}).tab
    for button in tab.locator("button:visible, select:visible, .divider:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 36


def test_nothing_moves_by_itself_where_that_is_not_wanted(open_page):
    script = """() => [getComputedStyle(document.documentElement).scrollBehavior,
      getComputedStyle(document.querySelector("button")).transitionDuration]"""
    assert open_page(reduced_motion="reduce").tab.evaluate(script) == ["auto", "0s"]
    assert open_page(reduced_motion="no-preference").tab.evaluate(script) == ["smooth", "0.15s"]


def test_without_scripts_all_planes_are_there_and_no_dead_buttons(open_page):
    tab = open_page(java_script_enabled=False).tab
    assert tab.locator("[data-view]:visible").count() == 3
    assert tab.locator("img:visible").count() == 3 * 5 + 1  # and the map
    assert tab.locator("button:visible, select:visible").count() == 0


def test_a_hostile_name_is_text(open_page):
    name = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>.tif'
    page = open_page({"title": name})
    page.tab.wait_for_timeout(50)
    assert page.tab.evaluate("window.hacked") is None
    assert page.tab.locator("h1").text_content() == name
    assert page.complaints == []


def test_a_command_can_be_copied(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.tab.get_by_role("button", name="Copy the command").click()
    page.tab.wait_for_function("document.getElementById('copied').textContent === 'Copied.'")
    text = page.tab.evaluate("navigator.clipboard.readText()")
    assert text == "n2v-denoise cells.tif --model m"
