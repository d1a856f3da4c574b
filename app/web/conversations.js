// The panel of kept conversations, the buttons under an answer, and their dialogs. A button says what it is for
// (data-act); what is pressed goes to the server as one event, and everything shown comes from there.
(() => {
  "use strict";

  const NARROW = "(max-width: 820px)";
  const element = (id) => document.getElementById(id);
  // `turn`: the conversation that is open is left, so an answer that is still written is stopped.
  const send = (detail) => document.dispatchEvent(new CustomEvent("onrecord", { detail }));
  const asked = () => new URLSearchParams(location.search).get("c") || "";
  const opened = () => document.querySelector("#shelf-list nav")?.dataset.current || "";

  function go(id, push) {
    if (push && asked() !== id) history.pushState(null, "", id ? `?c=${encodeURIComponent(id)}` : location.pathname);
    send(id ? { act: "open", id, turn: true } : { act: "new", turn: true });
    if (matchMedia(NARROW).matches) element("talk")?.scrollIntoView({ block: "start" });
  }

  // The address follows the conversation: one that begins gets its own, one that is left or deleted takes it along. Only
  // when it changes, for while another is being opened by the browser's way back, the address is ahead of it.
  let followed = null;
  function follow() {
    const nav = document.querySelector("#shelf-list nav");
    if (!nav || nav.dataset.current === followed) return;
    followed = nav.dataset.current;
    if (followed === asked()) return;
    const query = nav.dataset.current ? `?c=${encodeURIComponent(nav.dataset.current)}` : "";
    const address = `${location.pathname}${query}${query ? location.hash : ""}`;
    if (asked()) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  addEventListener("popstate", () => {
    if (asked() !== opened()) go(asked(), false);
  });

  // -- dialogs: the browser keeps the focus inside and gives it back --------------------------------------------------

  let saving = null; // what a dialog that is saved sends

  function ask(dialog, save) {
    saving = save;
    dialog.showModal();
  }

  document.addEventListener("submit", (event) => {
    const dialog = event.target.closest("dialog");
    if (!dialog || !saving) return;
    const detail = saving();
    saving = null;
    if (detail) send(detail);
  });

  function rename(entry) {
    const field = element("rename-to");
    field.value = entry.dataset.title;
    ask(element("rename-dialog"), () => ({ act: "rename", id: entry.dataset.id, title: field.value }));
    field.select();
  }

  function remove(entry) {
    element("delete-what").textContent = `“${entry.dataset.title}”`;
    const id = entry.dataset.id;
    ask(element("delete-dialog"), () => ({ act: "delete", id, turn: id === opened() }));
  }

  // A box for each citation of each statement, named by its source and what was said.
  function remark(button, at) {
    const field = element("remark-wrong");
    const marked = button.dataset.wrong.split(" ");
    const boxes = [];
    button.closest(".turn").querySelectorAll(".statement").forEach((statement, place) => {
      for (const marker of statement.querySelectorAll(".said .marker")) {
        const number = marker.textContent.replace(/\D/g, "");
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.value = `${place + 1}.${number}`;
        box.checked = marked.includes(box.value);
        const said = [...statement.querySelector(".said").childNodes]
          .filter((node) => !node.classList?.contains("marker")).map((node) => node.textContent).join("").trim();
        const words = document.createElement("span");
        words.textContent = `[${number}] ${marker.title}: “${said.length > 90 ? `${said.slice(0, 90)}…` : said}”`;
        label.append(box, words);
        boxes.push(label);
      }
    });
    field.hidden = !boxes.length;
    field.replaceChildren(field.firstElementChild, ...boxes);
    element("remark-note").value = button.dataset.note;
    ask(element("remark-dialog"), () => ({
      act: "remark",
      at,
      note: element("remark-note").value,
      wrong: [...field.querySelectorAll("input:checked")].map((box) => box.value),
    }));
  }

  async function copyAddress(button, entry) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(new URL(`?c=${encodeURIComponent(entry.dataset.id)}`, document.baseURI).href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "This browser does not let pages copy";
    }
    setTimeout(() => { button.textContent = before; }, 2000);
  }

  // -- what is pressed ------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("#shelf-list details[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-close]")) {
      saving = null;
      event.target.closest("dialog").close();
      return;
    }
    if (event.target.closest("#shelf-toggle")) {
      unfold(document.body.dataset.shelf === "closed", true);
      return;
    }
    const link = event.target.closest("a.talk");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      go(new URLSearchParams(link.search).get("c"), true);
      return;
    }
    const packet = event.target.closest("#shelf-list .acts a");
    if (packet) {
      packet.closest("details").open = false;
      packet.closest("details").querySelector("summary").focus();
    }
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const act = button.dataset.act;
    const entry = button.closest("li[data-id]");
    const at = Number(button.closest("[data-at]")?.dataset.at || 0);
    if (act === "link") {
      copyAddress(button, entry);
      return;
    }
    if (entry) button.closest("details").open = false;
    if (act === "rename") rename(entry);
    else if (act === "delete") remove(entry);
    else if (act === "remark") remark(button, at);
    else {
      send({ act, at });
      if (act === "edit" || act === "leave") element("question")?.querySelector("textarea")?.focus();
    }
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("#shelf-list details[open]")) {
      event.target.querySelector(".acts").scrollIntoView({ block: "nearest" });
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("#shelf-list details[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    }
  }, true);

  // -- the panel: open where there is room, or as the reader left it --------------------------------------------------

  function unfold(open, remember) {
    document.body.dataset.shelf = open ? "open" : "closed";
    element("shelf-toggle")?.setAttribute("aria-expanded", String(open));
    if (remember && !matchMedia(NARROW).matches) {
      try {
        localStorage.setItem("onrecord-shelf", open ? "open" : "closed");
      } catch { /* a browser that keeps nothing */ }
    }
  }

  function remembered() {
    if (matchMedia(NARROW).matches) return false;
    try {
      const left = localStorage.getItem("onrecord-shelf");
      if (left) return left === "open";
    } catch { /* a browser that keeps nothing */ }
    return innerWidth >= 1100;
  }

  // Gradio builds the page after this script has run.
  function begin() {
    if (!element("shelf-list") || !element("shelf-toggle")) {
      setTimeout(begin, 50);
      return;
    }
    unfold(remembered(), false);
    new MutationObserver(follow).observe(element("shelf-list"), {
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-current"],
    });
  }

  begin();
})();
