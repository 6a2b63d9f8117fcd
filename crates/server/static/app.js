// What the pages do beyond plain links and forms. Everything works without it; nothing here decides anything.
"use strict";

(function () {
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  // Ctrl-K or Cmd-K: to the search box, from anywhere.
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      const box = one("#search");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    }
    if (event.key === "Escape") {
      all("details.me[open], details.nav-sheet[open]").forEach((sheet) => {
        sheet.open = false;
        one("summary", sheet).focus();
      });
    }
  });

  // Open sheets close on a click elsewhere.
  document.addEventListener("click", (event) => {
    all("details.me[open]").forEach((sheet) => {
      if (!sheet.contains(event.target)) sheet.open = false;
    });
    const copy = event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) {
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        copy.classList.add("copied");
        copy.setAttribute("aria-label", "Copied");
      });
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  // Dangerous acts: the button waits until the name is typed. The server asks for it too.
  function checkName(input) {
    const button = one("button[type=submit]", input.form);
    const plain = (text) => text.trim().split(/\s+/).join(" ").toLowerCase();
    if (button) button.disabled = plain(input.value) !== plain(input.dataset.confirm);
  }
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-confirm]")) checkName(event.target);
  });

  // Reading to the end: the signing form opens once the end of the text was seen.
  function watchReading(text) {
    const form = document.getElementById(text.dataset.readToEnd);
    const fields = form && one("fieldset[data-after-reading]", form);
    const note = form && one("[data-reading-note]", form);
    if (!fields || fields.dataset.read === "yes") return;
    fields.disabled = true;
    if (note) note.hidden = false;
    const look = () => {
      if (text.scrollTop + text.clientHeight < text.scrollHeight - 8) return;
      fields.disabled = false;
      fields.dataset.read = "yes";
      if (note) note.hidden = true;
      text.removeEventListener("scroll", look);
    };
    text.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look, { passive: true });
    look();
  }

  // Uploads: the form goes by XMLHttpRequest (htmx), which tells how far it is.
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = one("progress.upload", event.target);
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = Math.floor((100 * event.detail.loaded) / event.detail.total);
    bar.textContent = bar.value + " %";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("form[data-upload]")) all("button[type=submit]", event.target).forEach((b) => (b.disabled = true));
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!event.target.matches("form")) return;
    all("button[type=submit]", event.target).forEach((b) => (b.disabled = false));
    const bar = one("progress.upload", event.target);
    if (bar) bar.hidden = true;
    if (one(".send-error", event.target)) return;
    const note = document.createElement("p");
    note.className = "error send-error";
    note.setAttribute("role", "alert");
    note.textContent = "The connection was lost and nothing was recorded. Try again.";
    event.target.prepend(note);
  });

  // Long lists of fields: leaving with unsaved words asks first, where the form wants that.
  // Whoever writes is here: the session does not idle out under their hands, and what they wrote is not lost with it.
  let unsaved = false;
  let seen = Date.now();
  document.addEventListener("input", (event) => {
    if (!event.target.closest("form[data-guard]")) return;
    unsaved = true;
    if (Date.now() - seen < 5 * 60 * 1000) return;
    seen = Date.now();
    fetch("/me", { method: "HEAD", redirect: "manual" }).catch(() => {});
  });
  document.addEventListener("submit", () => (unsaved = false));
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });

  function start(root) {
    all("[data-confirm]", root).forEach(checkName);
    all("[data-read-to-end]", root).forEach(watchReading);
    all("[data-print]", root).forEach((button) => (button.hidden = false));
    if (navigator.clipboard) all("[data-copy]", root).forEach((button) => (button.hidden = false));
    const summary = one("[data-focus]", root);
    if (summary) summary.focus();
  }
  document.addEventListener("DOMContentLoaded", () => start(document));

  // A page swapped in: its start, and the keyboard goes to it unless something in it took the focus.
  document.addEventListener("htmx:afterSettle", (event) => {
    start(event.target);
    const main = one("#main");
    if (event.detail.boosted && main && !one("[data-focus]") && (!document.activeElement || document.activeElement === document.body)) {
      main.focus({ preventScroll: true });
    }
  });
})();
