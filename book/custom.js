// What a style sheet cannot do: names for screen readers, boxes that keys can scroll, and paper that is light and whole.

const BOXES = ".bd-article :is(.scroll, table, pre, .math, .cell_output)";

// A box that scrolls can be reached with the keyboard; one that does not is passed over.
function letKeysScroll() {
  for (const box of document.querySelectorAll(BOXES)) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

// The theme names some buttons with other words than they show, and its folding arrows not at all.
function nameControls() {
  const shown = ".search-button-field, summary[aria-label='Toggle hidden content']";
  for (const control of document.querySelectorAll(shown)) control.removeAttribute("aria-label");
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    button.setAttribute("aria-label", "Color mode: Light, Dark, System Settings");
  }
  for (const arrow of document.querySelectorAll(".bd-links summary")) {
    const section = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", `Pages of ${section.textContent.trim()}`);
  }
  for (const list of document.querySelectorAll(".citation-list")) list.removeAttribute("role");
}

// Paper is light, and what is folded on the screen is open on it; the code that a reader may unfold stays away.
let theme;
let opened = [];
addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  opened = [...document.querySelectorAll(".bd-article details:not(.hide, [open]), .tag_hide-cell details.hide:not([open])")];
  for (const fold of opened) fold.open = true;
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
  for (const fold of opened) fold.open = false;
});

addEventListener("DOMContentLoaded", () => {
  nameControls();
  const article = document.querySelector(".bd-article");
  if (article) new ResizeObserver(letKeysScroll).observe(article);
});
