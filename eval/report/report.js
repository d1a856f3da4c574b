// Shows the items that hold all words and are of the chosen type and outcome.
(() => {
  "use strict";
  const items = [...document.querySelectorAll(".item")].map((element) => ({ element, words: element.textContent.toLowerCase() }));
  const [words, type, outcome, shown] = ["words", "type", "outcome", "shown"].map((id) => document.getElementById(id));
  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of items) {
      const fits = wanted.every((word) => one.words.includes(word))
        && (!type.value || one.element.dataset.type === type.value)
        && (!outcome.value || one.element.dataset.outcome === outcome.value);
      one.element.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${items.length} items`;
  }
  for (const control of [words, type, outcome]) control.addEventListener("input", filter);
  document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeprint", () => items.forEach((one) => { if (!one.element.hidden) one.element.open = true; }));
  filter();
})();
