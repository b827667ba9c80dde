
"use strict";
// One state moves all pictures of the page: zoom, the part that is seen, and the divider.
(() => {
  const viewer = document.querySelector("[data-viewer]");
  document.documentElement.classList.add("scripted");
  listenToCopyButtons();
  if (!viewer) return;

  const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16];
  const PAN_STEP = 0.1; // of what is seen
  const views = [...viewer.querySelectorAll("[data-view]")];
  const frames = [...viewer.querySelectorAll("[data-stage], [data-pane]")];
  const output = document.getElementById("zoom");
  const chooser = document.getElementById("plane");
  const line = document.getElementById("line");
  // left and top: what is seen at the upper left corner, as a share of the picture
  const state = { zoom: 1, left: 0, top: 0, wipe: 50 };

  for (const picture of viewer.querySelectorAll("[data-copy]")) {
    picture.src = document.getElementById(picture.dataset.copy).src;
  }
  for (const stage of viewer.querySelectorAll("[data-stage]")) {
    stage.style.setProperty("--aspect", stage.dataset.width / stage.dataset.height);
  }
  frames.forEach(listenToFrame);
  viewer.addEventListener("keydown", onKey);
  for (const button of viewer.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoomBy(button.dataset.zoom));
  }
  if (chooser) chooser.addEventListener("change", () => showView(Number(chooser.value)));
  if (line) {
    line.addEventListener("change", () => viewer.classList.toggle("no-line", !line.checked));
  }
  new ResizeObserver(draw).observe(viewer);
  showView(Math.floor((views.length - 1) / 2));

  function showView(number) {
    views.forEach((view, n) => { view.hidden = n !== number; });
    if (chooser) chooser.value = String(number);
    draw();
  }

  function draw() {
    const most = 1 - 1 / state.zoom;
    state.left = clamp(state.left, 0, most);
    state.top = clamp(state.top, 0, most);
    viewer.classList.toggle("zoomed", state.zoom > 1);
    for (const frame of frames) {
      const seen = frame.clientWidth * state.zoom * window.devicePixelRatio;
      const picture = frame.querySelector("img");
      frame.classList.toggle("sharp", seen >= naturalWidth(picture));
      for (const layer of frame.querySelectorAll(".layer")) {
        layer.style.transform =
          `scale(${state.zoom}) translate(${-100 * state.left}%, ${-100 * state.top}%)`;
      }
    }
    for (const stage of viewer.querySelectorAll("[data-stage]")) {
      stage.style.setProperty("--wipe", `${state.wipe}%`);
    }
    const noisy = Math.round(state.wipe);
    for (const divider of viewer.querySelectorAll(".divider")) {
      divider.setAttribute("aria-valuenow", String(noisy));
      divider.setAttribute("aria-valuetext", `${noisy} % noisy, ${100 - noisy} % restored`);
    }
    if (output) output.textContent = `${state.zoom}×`;
    for (const button of viewer.querySelectorAll("[data-zoom]")) {
      const out = button.dataset.zoom !== "in";
      button.disabled = state.zoom === (out ? ZOOMS[0] : ZOOMS[ZOOMS.length - 1]);
    }
  }

  function zoomBy(way, x = 0.5, y = 0.5) {
    const now = ZOOMS.indexOf(state.zoom);
    const step = { in: now + 1, out: now - 1, reset: 0 }[way];
    const zoom = ZOOMS[clamp(step, 0, ZOOMS.length - 1)];
    // What lies under (x, y), shares of the frame, stays there.
    state.left += x / state.zoom - x / zoom;
    state.top += y / state.zoom - y / zoom;
    state.zoom = zoom;
    viewer.classList.add("easing");
    draw();
  }

  function moveBy(x, y) {
    state.left += x / state.zoom;
    state.top += y / state.zoom;
    draw();
  }

  function onKey(event) {
    const { key, target, shiftKey } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target === chooser) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const atDivider = target.closest(".divider") !== null;
    if (key === "+" || key === "=") zoomBy("in");
    else if (key === "-" || key === "_" || key === "−") zoomBy("out");
    else if (key === "0") zoomBy("reset");
    else if (shiftKey && key in ways) moveBy(...ways[key].map((way) => way * PAN_STEP));
    else if (atDivider && !shiftKey && wipeByKey(key)) draw();
    else return;
    event.preventDefault();
  }

  function wipeByKey(key) {
    const steps = {
      ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10,
      Home: -100, End: 100,
    };
    if (!(key in steps)) return false;
    state.wipe = clamp(state.wipe + steps[key], 0, 100);
    return true;
  }

  function listenToFrame(frame) {
    let last = null;
    let wiping = false;
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const isStage = frame.hasAttribute("data-stage");
      wiping = isStage && (state.zoom === 1 || event.target.closest(".divider") !== null);
      last = shareOf(frame, event);
      viewer.classList.remove("easing");
      frame.setPointerCapture(event.pointerId);
      // Whoever clicked a picture expects the keys to work on it.
      frame.closest("[data-view]").querySelector(".divider").focus({ preventScroll: true });
      event.preventDefault();
      if (wiping) {
        state.wipe = clamp(100 * last.x, 0, 100);
        draw();
      }
    });
    frame.addEventListener("pointermove", (event) => {
      if (last === null) return;
      const now = shareOf(frame, event);
      if (wiping) {
        state.wipe = clamp(100 * now.x, 0, 100);
        draw();
      } else {
        moveBy(last.x - now.x, last.y - now.y);
      }
      last = now;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      frame.addEventListener(end, () => { last = null; });
    }
    frame.addEventListener("dblclick", (event) => {
      const { x, y } = shareOf(frame, event);
      zoomBy("in", x, y);
    });
    // Without a key the wheel scrolls the page, as everywhere.
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { x, y } = shareOf(frame, event);
      zoomBy(event.deltaY < 0 ? "in" : "out", x, y);
    }, { passive: false });
  }

  function shareOf(frame, event) {
    const box = frame.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  function naturalWidth(picture) {
    return picture.naturalWidth || 1;
  }

  function clamp(value, low, high) {
    return Math.min(Math.max(value, low), high);
  }

  function listenToCopyButtons() {
    const said = document.getElementById("copied");
    for (const button of document.querySelectorAll(".copy")) {
      const text = button.parentElement.querySelector("code");
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(text.textContent);
          said.textContent = "Copied.";
        } catch {
          const range = document.createRange();
          range.selectNodeContents(text);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          said.textContent = "Selected: copy it with Ctrl+C.";
        }
      });
    }
  }
})();
