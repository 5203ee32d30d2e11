"use strict";
// What Bokeh's widgets leave without a name for who hears the page: handles of sliders, number boxes, the buttons beside
// them. Each takes the name that stands above it, or that its model was given.
(() => {
  const seen = new WeakSet(), signs = { "bk-spin-btn-up": "+", "bk-spin-btn-down": "−" };
  let due = 0;
  const set = (element, name) => { if (name && element.getAttribute("aria-label") !== name) element.setAttribute("aria-label", name); };
  const heading = root => [...root.querySelectorAll("label, .bk-slider-title")].map(each => each.textContent.trim()).find(Boolean) ?? "";
  function name(root, host) {
    const said = heading(root) || host?.getAttribute("aria-label") || "";
    for (const element of root.querySelectorAll(".noUi-handle, input, select")) set(element, said);
    for (const kind in signs) for (const button of root.querySelectorAll("." + kind)) set(button, `${said} ${signs[kind]}`.trim());
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) visit(element.shadowRoot, element);
  }
  function visit(root, host) {
    if (!seen.has(root)) {
      seen.add(root);
      new MutationObserver(later).observe(root, { childList: true, subtree: true, characterData: true });
    }
    name(root, host);
  }
  function later() {
    clearTimeout(due);
    due = setTimeout(() => visit(document.body, null), 100);
  }
  addEventListener("DOMContentLoaded", later);
})();
