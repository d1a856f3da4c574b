// Opens a source beside the conversation when a marker is followed, and keeps the newest question in view.
// It only ever inserts what the server has escaped (/source/...), and reads places from links of the form
// #source/DOCUMENT/VERSION/START-END,START-END
(() => {
  "use strict";

  const PLACE = /^#source\/([^/]+)\/([^/]+)\/((?:\d+-\d+)(?:,\d+-\d+)*)$/;
  let opener = null; // what had the focus before the source was opened
  let depth = 0; // how far the panel was scrolled then
  let latest = 0; // the newest request: an older answer that comes later is dropped

  const element = (id) => document.getElementById(id);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // The other places of the same source that the same answer cites: one can then turn from each to the next.
  function beside(found, link) {
    const same = `#source/${found[1]}/${found[2]}/`;
    const alike = document.querySelector(`.exchange a.marker[href="${CSS.escape(found[0])}"]`);
    const marker = [link, alike].find((one) => one?.getAttribute("href") === found[0] && one.closest(".exchange"));
    const markers = marker?.closest(".exchange").querySelectorAll("a.marker") || [];
    return [...markers].map((one) => one.getAttribute("href")).filter((href) => href.startsWith(same))
      .map((href) => href.slice(same.length));
  }

  function address(hash) {
    const found = PLACE.exec(hash);
    if (!found) return null;
    const query = new URLSearchParams({ fragment: "1" });
    for (const span of new Set([...found[3].split(","), ...beside(found, opener)].slice(0, 100))) {
      const [start, end] = span.split("-");
      query.append("start", start);
      query.append("end", end);
    }
    // The two parts are still encoded as they stand in the link.
    return new URL(`source/${found[1]}/${found[2]}?${query}`, document.baseURI);
  }

  async function showSource(hash) {
    const url = address(hash);
    const reader = element("reader");
    if (!url || !reader) return;
    const mine = ++latest;
    let content;
    try {
      const response = await fetch(url);
      content = response.headers.get("content-type")?.startsWith("text/html") ? await response.text() : null;
    } catch {
      content = null;
    }
    if (mine !== latest) return;
    if (content === null) {
      const note = document.createElement("p");
      note.className = "error";
      note.setAttribute("role", "alert");
      note.textContent = "This source cannot be shown: Onrecord does not answer. Is it still running?";
      reader.replaceChildren(note);
    } else {
      reader.innerHTML = content;
    }
    if (document.body.dataset.panel !== "reader") depth = element("panel").scrollTop;
    document.body.dataset.panel = "reader";
    (reader.querySelector("h3") || element("back")).focus({ preventScroll: true });
    const behavior = calm() ? "auto" : "smooth";
    if (getComputedStyle(element("desk")).flexDirection === "column") {
      element("panel").scrollIntoView({ block: "start" });
    }
    const inside = reader.querySelector(".reader");
    if (inside?.querySelector("mark")) {
      const start = Number(PLACE.exec(hash)[3].split("-")[0]);
      onrecordReading.turnTo(inside, onrecordReading.holding(inside, start), behavior);
    } else reader.scrollIntoView({ block: "start", behavior });
  }

  function showSources() {
    latest += 1;
    if (document.body.dataset.panel !== "reader") return;
    delete document.body.dataset.panel;
    element("reader").replaceChildren();
    element("panel").scrollTop = depth;
    if (location.hash) history.pushState(null, "", location.pathname + location.search);
    if (opener?.isConnected) opener.focus();
    opener = null;
  }

  function follow() {
    if (PLACE.test(location.hash)) showSource(location.hash);
    else showSources();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#back")) {
      showSources();
      return;
    }
    const link = event.target.closest('a[href^="#source/"], #reader a.source[href*="/source/"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const href = link.getAttribute("href");
    // A link inside the reader names no place; the way back leads to what opened the reader.
    const hash = href.startsWith("#") ? href : `#${href.slice(href.indexOf("/source/") + 1)}/0-0`;
    if (hash === href) opener = link;
    if (hash !== location.hash) history.pushState(null, "", location.pathname + location.search + hash);
    showSource(hash);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (document.body.dataset.panel === "reader") showSources();
  });

  addEventListener("popstate", follow);

  // Quotes: a mark in the draft leads to its card, n and p to the next and previous one to look at.
  function turnTo(card) {
    for (const one of document.querySelectorAll("#verdicts .current")) one.classList.remove("current");
    card.classList.add("current");
    const mark = document.querySelector(`#verdicts a.quote[href="#${card.id}"]`);
    if (mark) {
      mark.classList.add("current");
      mark.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    }
    card.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
    card.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const mark = event.target.closest('#verdicts a.quote[href^="#verdict-"]');
    if (mark) {
      event.preventDefault();
      const card = element(mark.getAttribute("href").slice(1));
      if (card) turnTo(card);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (!["n", "p"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (window.onrecord.keysOff() || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const problems = [...document.querySelectorAll("#verdicts .verdict.problem")];
    if (!problems.length || !problems[0].offsetParent) return;
    const at = problems.findIndex((card) => card.classList.contains("current"));
    const next = event.key === "n" ? at + 1 : at < 0 ? problems.length - 1 : at - 1;
    turnTo(problems[(next + problems.length) % problems.length]);
  });

  // A bar of the timeline leads to the first of its documents in the table.
  document.addEventListener("click", (event) => {
    const bar = event.target.closest("#timeline-shown .bar");
    const row = bar && element(`entry-${bar.dataset.entry}`);
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    row.focus({ preventScroll: true });
  });

  // The question goes to the top of the conversation and its answer grows under it. In one column the page itself
  // scrolls: there it is moved when a question is asked and when its sources give it room, and then left to the reader.
  let asked = null; // up to which of the two
  let settled = null; // the question whose ended answer is in view
  function keepInView() {
    const column = element("conversation");
    const question = document.querySelector("#current .question");
    if (!column || !question) return;
    // Once it has ended, what changes is the reader's opinion of it: that moves nothing.
    const ended = document.querySelector("#current .exchange:is(.asked, .found)") ? null : question.textContent;
    if (ended !== null && ended === settled) return;
    settled = ended;
    if (ended !== null) asked = null;
    if (column.scrollHeight > column.clientHeight && getComputedStyle(column).overflowY !== "visible") {
      const top = question.getBoundingClientRect().top - column.getBoundingClientRect().top + column.scrollTop;
      column.scrollTop = Math.min(top - 8, column.scrollHeight - column.clientHeight);
    } else if (ended === null) {
      const stage = document.querySelector("#current .exchange.asked") ? "asked" : "found";
      if (asked !== stage) question.scrollIntoView({ block: "start" });
      asked = stage;
    }
  }

  // Gradio builds the page after this script has run.
  function begin() {
    const current = element("current");
    if (!current || !element("reader")) {
      setTimeout(begin, 50);
      return;
    }
    new MutationObserver(keepInView).observe(current, { childList: true, subtree: true, characterData: true });
    if (location.hash) follow();
  }

  // A limit that is taken away goes with its button; one then goes on writing.
  let dropped = {};
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("#limit-chips button");
    if (!chip) return;
    dropped = { ...chip.dataset };
    document.querySelector("#question textarea")?.focus();
  }, true);

  // The values of the controls (from, until, sources, authors) without it.
  function withoutLimit([since, until, sources, authors]) {
    const others = (names, key) => (names || []).filter((one) => dropped.limit !== key || one !== dropped.name);
    return [
      dropped.limit === "since" ? "" : since,
      dropped.limit === "until" ? "" : until,
      others(sources, "sources"),
      others(authors, "authors"),
    ];
  }

  // Where files can be dropped shows that they are over it.
  function dragged(event) {
    const over = event.type === "dragover" && event.target.closest?.("#library-add, #quote-file");
    for (const place of document.querySelectorAll("#library-add, #quote-file")) place.classList.toggle("dragged", place === over);
  }
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, dragged, true);

  // A new question: its sources, from the top.
  function startOver() {
    depth = 0;
    opener = null;
    showSources();
    element("panel").scrollTop = 0;
  }

  window.onrecord = { ...window.onrecord, startOver, withoutLimit };
  begin();
})();
