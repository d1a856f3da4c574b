// Shows the items that hold all words and are of the chosen type and outcome. A short run's items are elements of the page;
// a long run's are packed in chunks, of which only those are unpacked that are shown or searched.
(() => {
  "use strict";
  const PAGE = 50; // items of a long run shown at a time
  const KEPT = 4; // chunks kept unpacked
  const [words, type, outcome, shown] = ["words", "type", "outcome", "shown"].map((id) => document.getElementById(id));
  const chosen = (one) => (!type.value || one.type === type.value) && (!outcome.value || one.outcome === outcome.value);
  const wanted = () => words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = (parts, text) => parts.every((part) => text.includes(part));

  function short() {
    const items = [...document.querySelectorAll(".item")].map((element) => ({
      element, type: element.dataset.type, outcome: element.dataset.outcome, text: element.textContent.toLowerCase(),
    }));
    return () => {
      const parts = wanted();
      let count = 0;
      for (const one of items) {
        const fits = chosen(one) && all(parts, one.text);
        one.element.hidden = !fits;
        count += fits;
      }
      shown.textContent = `${count} of ${items.length} items`;
    };
  }

  function long(parts) {
    const [list, back, next] = ["list", "back", "next"].map((id) => document.getElementById(id));
    const packed = document.querySelectorAll(".packed");
    const heads = [...parts].flatMap((part, chunk) => JSON.parse(part.textContent).map(([id, type, outcome, question], at) => (
      { id, type, outcome, chunk, at, text: `${id} ${type} ${question}`.toLowerCase() }
    )));
    const kept = new Map();
    let found = heads, first = 0, turn = 0;

    async function unpack(chunk) {
      if (!kept.has(chunk)) {
        const bytes = Uint8Array.from(atob(packed[chunk].textContent), (letter) => letter.charCodeAt(0));
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
        kept.set(chunk, await new Response(stream).json());
        if (kept.size > KEPT) kept.delete(kept.keys().next().value);
      }
      return kept.get(chunk);
    }

    async function show(mine) {
      const page = found.slice(first, first + PAGE);
      const pieces = [];
      for (const one of page) pieces.push((await unpack(one.chunk))[one.at]);
      if (mine !== turn) return;
      list.innerHTML = pieces.join(""); // escaped where the report was written
      const range = page.length ? `, ${first + 1} to ${first + page.length} shown` : "";
      shown.textContent = `${found.length} of ${heads.length} items${range}`;
      back.disabled = first === 0;
      next.disabled = first + PAGE >= found.length;
    }

    async function filter() {
      const mine = ++turn;
      const escaped = wanted().map((part) => part.replace(/[&<>"']/g, (one) => (
        { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" }[one]
      )));
      const fits = [];
      let said = 0;
      for (const one of heads) {
        if (!chosen(one)) continue;
        if (!escaped.length || all(wanted(), one.text)) { fits.push(one); continue; }
        const text = (await unpack(one.chunk))[one.at].replace(/<[^>]*>/g, " ").toLowerCase();
        if (mine !== turn) return;
        if (all(escaped, text)) fits.push(one);
        if (one.chunk > said) shown.textContent = `searching, ${(said = one.chunk) * PAGE} of ${heads.length} items`;
      }
      [found, first] = [fits, 0];
      await show(mine);
    }

    const turnTo = (to) => { first = to; show(++turn).then(() => list.scrollIntoView()); };
    back.addEventListener("click", () => turnTo(Math.max(0, first - PAGE)));
    next.addEventListener("click", () => turnTo(first + PAGE));
    return filter;
  }

  const parts = document.querySelectorAll(".heads");
  const filter = parts.length ? long(parts) : short();
  for (const control of [words, type, outcome]) control.addEventListener("input", filter);
  document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeprint", () => document.querySelectorAll(".item:not([hidden])").forEach((one) => { one.open = true; }));
  filter();
})();
