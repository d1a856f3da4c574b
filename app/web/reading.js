// Reading a source: from one marked place to the next, the citation that belongs to it, and copying.
// It works in the panel of the page and on a source's own page, and changes nothing but classes and `hidden`.
(() => {
  "use strict";

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Make one mark of a reader the current one; `number` counts from 1. Its citation is the one that is offered.
  function turnTo(reader, number, behavior = calm() ? "auto" : "smooth") {
    const marks = [...reader.querySelectorAll("mark[data-start]")];
    const mark = marks[number - 1];
    if (!mark) return;
    for (const one of marks) one.classList.toggle("current", one === mark);
    const place = reader.querySelector(".places b");
    if (place) place.textContent = String(number);
    const cites = [...reader.querySelectorAll(".cite")];
    for (const [at, one] of cites.entries()) one.hidden = at !== Math.min(number, cites.length) - 1;
    mark.scrollIntoView({ block: "center", behavior });
  }

  function step(reader, by) {
    const marks = [...reader.querySelectorAll("mark[data-start]")];
    const at = marks.findIndex((one) => one.classList.contains("current"));
    if (marks.length) turnTo(reader, ((at + by + marks.length) % marks.length) + 1);
  }

  // The mark in which a place of the text lies, from 1; the first where none does.
  function holding(reader, start) {
    const marks = [...reader.querySelectorAll("mark[data-start]")];
    const found = marks.findIndex((one) => Number(one.dataset.start) <= start && start < Number(one.dataset.end));
    return found < 0 ? 1 : found + 1;
  }

  async function copy(button) {
    const label = button.firstChild; // what follows it is read out only
    const before = label.data;
    const text = button.dataset.address ? new URL(button.dataset.address, document.baseURI).href : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
      label.data = "Copied";
    } catch {
      label.data = "This browser does not let pages copy";
    }
    setTimeout(() => { label.data = before; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const turn = event.target.closest("button[data-turn]");
    if (turn) step(turn.closest(".reader"), Number(turn.dataset.turn));
    const cite = event.target.closest("button[data-cite]")?.closest(".reader").querySelector(".cite:not([hidden])");
    if (cite) {
      cite.open = true;
      cite.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
      cite.querySelector("summary").focus({ preventScroll: true });
    }
    const copied = event.target.closest("button.copy");
    if (copied) copy(copied);
  });

  document.addEventListener("keydown", (event) => {
    if (!["n", "p"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (window.onrecord?.keysOff?.() || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const reader = [...document.querySelectorAll(".reader")].find((one) => one.offsetParent);
    if (reader) step(reader, event.key === "n" ? 1 : -1);
  });

  window.onrecordReading = { turnTo, holding };
  const alone = document.querySelector("body.plain .reader");
  if (alone) turnTo(alone, 1, "auto");
})();
