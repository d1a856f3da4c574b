// The keys: `?` lists them in a dialog, which Escape closes and which gives the focus back. Single letters can be turned
// off there, for those who speak to their computer; that is remembered in this browser.
(() => {
  "use strict";

  const STORED = "onrecord-keys-off";
  const SLOW = 2_000; // milliseconds that a tab may take to come into the line
  const element = (id) => document.getElementById(id);
  const keysOff = () => { try { return localStorage.getItem(STORED) === "1"; } catch { return false; } };
  const typing = (event) => event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

  // Gradio moves tabs that have no room into a menu, as buttons that are hidden until it is opened; they can be clicked.
  // One that is chosen there takes a place in the line, so that only the names that it measures keep their order.
  const name = (tab) => tab.textContent.trim();
  const inTabs = (selector) => [...document.querySelectorAll(`#tabs > .tab-wrapper ${selector}`)];
  const tabs = () => inTabs("[aria-hidden] > button").map(name);

  function showKeys() {
    const dialog = element("keys");
    if (!dialog || dialog.open) return;
    element("keys-on").checked = !keysOff();
    dialog.showModal();
  }

  function openTab(number) {
    const wanted = tabs()[number - 1];
    [...inTabs('[role="tab"]'), ...inTabs(".overflow-dropdown button")].find((tab) => name(tab) === wanted)?.click();
    focusTab(wanted, performance.now() + SLOW);
  }

  // From the menu it comes into the line some frames later, as another button.
  function focusTab(wanted, until) {
    const chosen = inTabs('[role="tab"][aria-selected="true"]')[0];
    if (chosen && name(chosen) === wanted) chosen.focus();
    else if (performance.now() < until) requestAnimationFrame(() => focusTab(wanted, until));
  }

  // At once where the box is in view: what is typed right after the key must not be lost.
  function toQuestion() {
    const box = document.querySelector("#question textarea");
    if (box?.offsetParent) {
      box.focus();
      return;
    }
    openTab(1);
    requestAnimationFrame(() => document.querySelector("#question textarea")?.focus());
  }

  const DOES = {
    "?": showKeys,
    "/": toQuestion,
    c: () => document.querySelector("#current a.marker")?.focus(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || keysOff() || document.querySelector("dialog[open]")) return;
    const act = DOES[event.key] || (/^[1-9]$/.test(event.key) && event.key <= tabs().length ? () => openTab(Number(event.key)) : null);
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#show-keys")) showKeys();
    if (event.target.closest("#keys .close") || event.target === element("keys")) element("keys").close();
  });

  document.addEventListener("change", (event) => {
    if (event.target.id !== "keys-on") return;
    try {
      if (event.target.checked) localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, "1");
    } catch { /* this browser keeps nothing; the keys stay on */ }
  });

  window.onrecord = { ...window.onrecord, keysOff };
})();
