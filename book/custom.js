// What a style sheet cannot do: names for screen readers, boxes that keys can scroll, and paper that is light and whole.

const BOXES = ".bd-article :is(.scroll, table, pre, .math, .cell_output, .output, figure)";

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

// A click in the picture of a clip plays it from there, and a line shows where its player is.
function joinPlayersToPictures() {
  for (const box of document.querySelectorAll("[data-clip]")) {
    const titles = [...document.querySelectorAll(".cell_output svg g > title")];
    const title = titles.find((each) => each.textContent === box.dataset.clip);
    const picture = title?.parentElement.querySelector("path");
    if (picture) joinToPicture(box.querySelector("audio"), picture);
  }
}

function joinToPicture(player, picture) {
  const line = document.createElementNS(picture.namespaceURI, "line");
  line.classList.add("place");
  picture.classList.add("clip");
  const move = () => {
    const { x, y, width, height } = picture.getBBox(); // known once the fold around it is open
    const place = x + (width * player.currentTime) / player.duration;
    for (const [name, value] of [["x1", place], ["x2", place], ["y1", y], ["y2", y + height]]) line.setAttribute(name, value);
    picture.after(line);
    if (!player.paused) requestAnimationFrame(move);
  };
  for (const event of ["play", "seeked"]) player.addEventListener(event, move);
  picture.addEventListener("click", ({ clientX }) => {
    const { left, width } = picture.getBoundingClientRect();
    player.currentTime = ((clientX - left) / width) * player.duration;
    player.play();
  });
}

addEventListener("DOMContentLoaded", () => {
  nameControls();
  joinPlayersToPictures();
  const article = document.querySelector(".bd-article");
  if (article) new ResizeObserver(letKeysScroll).observe(article);
});
