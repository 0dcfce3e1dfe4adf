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
