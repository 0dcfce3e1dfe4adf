// The one script of every page in the house. Each part wakes only where its data attribute stands, and every page works without it.

// <form data-once>: a second press while the first is under way does nothing.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (submit) => {
    if (form.dataset.sent) {
      submit.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
// A page taken from the back-forward cache may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// <time datetime="…" data-local>: shown in the reader's own zone and language.
for (const moment of document.querySelectorAll("time[data-local]")) {
  const at = new Date(moment.dateTime);
  if (!Number.isNaN(at.valueOf())) {
    moment.title = moment.textContent;
    moment.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

// <button data-copy="…">: copies, and says so to everyone.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.textContent = button.dataset.copied ?? "Copied";
    setTimeout(() => { button.textContent = before; }, 2000);
  });
}

// <main data-refresh="5">: looks again after so many seconds while the page is in view.
const refreshed = document.querySelector("[data-refresh]");
if (refreshed) {
  setInterval(() => {
    if (document.visibilityState === "visible") location.reload();
  }, Number(refreshed.dataset.refresh) * 1000);
}

// <input data-filter="#list">: shows only those parts of the list whose data-words hold every word typed, and says how many.
for (const field of document.querySelectorAll("input[data-filter]")) {
  const list = document.querySelector(field.dataset.filter);
  const parts = [...list.querySelectorAll("[data-words]")];
  const said = document.getElementById(field.getAttribute("aria-describedby"));
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const part of parts) {
      part.hidden = !words.every((word) => part.dataset.words.includes(word));
      if (!part.hidden) shown += 1;
    }
    for (const section of list.querySelectorAll("section")) section.hidden = !section.querySelector("[data-words]:not([hidden])");
    said.textContent = words.length ? `${shown} of ${parts.length}` : `${parts.length}, press / to search`;
  };
  field.addEventListener("input", show);
  // "/" goes to the search from anywhere, save where one is typing; Escape empties it.
  document.addEventListener("keydown", (key) => {
    const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement?.tagName);
    if (key.key === "/" && !typing && !key.ctrlKey && !key.metaKey && !key.altKey) {
      key.preventDefault();
      field.focus();
    } else if (key.key === "Escape" && document.activeElement === field) {
      field.value = "";
      show();
    }
  });
  field.closest("[hidden]")?.removeAttribute("hidden");
  show();
}

// <details id="…">: opens when the address names it, also when a filter had hidden it.
const openNamed = () => {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) {
    named.hidden = false;
    named.closest("section")?.removeAttribute("hidden");
    named.open = true;
    named.scrollIntoView();
  }
};
window.addEventListener("hashchange", openNamed);
openNamed();

// <main data-fresh="5">: fetches its own page again after so many seconds while in view, and takes over the data-part elements
// that differ; focus stays where it was. [data-stale] is shown while that does not work.
const kept = document.querySelector("[data-fresh]");
if (kept) {
  const stale = kept.querySelector("[data-stale]");
  // What was served, not what is shown: other parts of this script may have added to that.
  const served = new Map([...kept.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part.innerHTML]));
  const renew = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of page.querySelectorAll("[data-part]")) {
        const shown = kept.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
        if (shown && served.get(part.dataset.part) !== part.innerHTML) {
          served.set(part.dataset.part, part.innerHTML);
          const focused = shown.contains(document.activeElement) && document.activeElement.id;
          shown.innerHTML = part.innerHTML;
          if (focused) document.getElementById(focused)?.focus();
        }
      }
      document.title = page.title;
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    }
  };
  setInterval(renew, Number(kept.dataset.fresh) * 1000);
  document.addEventListener("visibilitychange", renew);
}

// <time datetime="…" data-left>: how long is left until then, beside the moment itself; told to eyes only, so that nobody is
// interrupted every second. Looked up anew each time, for parts that were fetched meanwhile.
const countDown = () => {
  for (const moment of document.querySelectorAll("time[data-left]")) {
    const seconds = Math.floor((new Date(moment.dateTime) - Date.now()) / 1000);
    if (Number.isNaN(seconds)) continue;
    let left = moment.nextElementSibling;
    if (!left?.classList.contains("left")) {
      left = document.createElement("span");
      left.className = "left";
      left.setAttribute("aria-hidden", "true");
      moment.after(left);
    }
    const parts = [
      [Math.floor(seconds / 86400), "d"],
      [Math.floor(seconds / 3600) % 24, "h"],
      [Math.floor(seconds / 60) % 60, "min"],
      [seconds % 60, "s"],
    ];
    const first = Math.min(3, parts.findIndex(([count]) => count > 0) >>> 0);
    const shown = parts.slice(first, first + 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
    left.textContent = seconds < 0 ? "" : `${shown} left`;
  }
};
if (document.querySelector("time[data-left]")) {
  setInterval(countDown, 1000);
  countDown();
}

// <button data-save-url="/v1/…">: asks there for a link and follows it. Without this script the button is hidden.
// Bound to the document, so that it works for parts that were fetched anew.
const unhide = () => {
  for (const button of document.querySelectorAll("button[data-save-url][hidden]")) button.hidden = false;
};
document.addEventListener("click", async (click) => {
  const button = click.target.closest?.("button[data-save-url]");
  if (!button || button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(button.dataset.saveUrl, { method: "POST" });
    if (!answer.ok) throw new Error(answer.statusText);
    location.assign((await answer.json()).saveUrl);
  } catch {
    button.textContent = "Not possible right now; try again";
  }
  button.removeAttribute("aria-disabled");
});
new MutationObserver(unhide).observe(document.body, { childList: true, subtree: true });
unhide();
