// Says so when the server went away, and when it is back. It asks for /healthz, which tells when the server began.
(() => {
  "use strict";

  const CALM = 10_000; // milliseconds between two looks while all is well
  const ANXIOUS = 2_000; // and while it is away
  const PATIENCE = 5_000;
  const DRAFT = "onrecord-draft";
  let began = null; // the server's beginning, as it told first
  let away = false;
  let broken = false; // whether Gradio lost its connection, after which nothing that is pressed gets through
  let out = false; // whether the session ended: signed out elsewhere, too old, the account removed
  let timer = 0;

  async function ask() {
    try {
      const response = await fetch(new URL("healthz", document.baseURI), { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  function say(html) {
    let banner = document.getElementById("presence");
    if (!banner) {
      banner = document.createElement("div");
      banner.id = "presence";
      banner.setAttribute("role", "alert");
      document.body.prepend(banner);
    }
    banner.replaceChildren();
    banner.hidden = !html;
    if (html) banner.append(...html);
  }

  function words(strong, text, button) {
    const parts = [document.createElement("strong"), document.createTextNode(` ${text}`)];
    parts[0].textContent = strong;
    if (button) {
      const reload = document.createElement("button");
      reload.type = "button";
      reload.textContent = button;
      reload.addEventListener("click", loadAnew);
      parts.push(reload);
    }
    return parts;
  }

  const box = () => document.querySelector("#question textarea");

  // What stands in the box is there again afterwards.
  function loadAnew() {
    try {
      sessionStorage.setItem(DRAFT, box()?.value || "");
    } catch { /* a browser that keeps nothing */ }
    location.reload();
  }

  function restore(draft) {
    if (!draft) return;
    if (!box()) {
      setTimeout(restore, 50, draft);
    } else if (!box().value) {
      box().value = draft;
      box().dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function broke() {
    broken = true;
    look();
  }

  function signedOut() {
    if (out) return;
    out = true;
    say(words("You are signed out.", "Sign in again to go on; what you typed is kept.", "Sign in"));
  }

  async function look() {
    clearTimeout(timer);
    if (out) return;
    const health = await ask();
    if (health === null && !away) {
      away = true;
      document.body.dataset.offline = "";
      say(words("Onrecord does not answer.", "What you see can still be read. Start it again with onrecord chat; this page notices by itself."));
    } else if (health !== null) {
      const restarted = began !== null && health.started !== undefined && health.started !== began;
      began = health.started ?? began;
      if (restarted) say(words("Onrecord was started again.", "Load the page anew to go on; what stands here stays until then.", "Load anew"));
      else if (broken) say(words("The connection was lost, and is back.", "Load the page anew to go on; what stands here stays until then.", "Load anew"));
      else if (away) say(null);
      away = false;
      if (!broken) delete document.body.dataset.offline;
    }
    if (!document.hidden) timer = setTimeout(look, away ? ANXIOUS : CALM);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  addEventListener("online", look);
  addEventListener("offline", look);
  window.onrecord = { ...window.onrecord, look, broke, signedOut };
  try {
    restore(sessionStorage.getItem(DRAFT));
    sessionStorage.removeItem(DRAFT);
  } catch { /* a browser that keeps nothing */ }
  look();
})();
