// The keys: `?` lists them in a dialog, which Escape closes and which gives the focus back. Single letters can be turned
// off there, for those who speak to their computer; that is remembered in this browser.
(() => {
  "use strict";

  const STORED = "onrecord-keys-off";
  const element = (id) => document.getElementById(id);
  const keysOff = () => { try { return localStorage.getItem(STORED) === "1"; } catch { return false; } };
  const typing = (event) => event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

  function tabs() {
    return [...document.querySelectorAll('#tabs > .tab-wrapper [role="tab"]')];
  }

  function showKeys() {
    const dialog = element("keys");
    if (!dialog || dialog.open) return;
    element("keys-on").checked = !keysOff();
    dialog.showModal();
  }

  // Gradio moves tabs that have no room into a menu, whose entries are hidden until it is opened: those are clicked there.
  function openTab(number) {
    const tab = document.querySelectorAll('#tabs [role="tab"]')[number - 1];
    tab?.click();
    tab?.focus();
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
