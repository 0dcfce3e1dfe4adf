// The mail catcher's page: asks for the list every second and a half and shows the message named in the address after #.
"use strict";

const byId = (id) => document.getElementById(id);
const REFRESH_MS = 1500;
let shown = null; // the whole message on the right
let listed = []; // what the list holds
let lastList = ""; // to leave the page alone when nothing changed

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function person(address) {
  return address.Name ? `${address.Name} <${address.Address}>` : address.Address;
}

function time(stamp) {
  const at = new Date(stamp);
  const today = at.toDateString() === new Date().toDateString();
  const style = today ? { timeStyle: "medium" } : { dateStyle: "short", timeStyle: "short" };
  return element("time", { dateTime: stamp, textContent: new Intl.DateTimeFormat(undefined, style).format(at) });
}

function line(mail) {
  const link = element(
    "a",
    { href: `#${mail.ID}` },
    element("span", { className: "to", textContent: mail.To.concat(mail.Bcc).map((a) => a.Address).join(", ") || "nobody" }),
    time(mail.Created),
    element("span", { className: "subject", textContent: mail.Subject || "(no subject)" }),
    element("span", { className: "snippet", textContent: mail.Snippet }),
  );
  if (shown && shown.ID === mail.ID) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
}

async function refresh() {
  const query = byId("query").value.trim();
  const path = query ? `/api/v1/search?limit=200&query=${encodeURIComponent(query)}` : "/api/v1/messages?limit=200";
  try {
    const text = await (await fetch(path)).text();
    if (text !== lastList) {
      lastList = text;
      const found = JSON.parse(text);
      listed = found.messages;
      drawList();
      byId("none").hidden = found.total > 0;
      byId("state").textContent = query ? `${found.messages_count} of ${found.total}` : `${found.total} caught`;
    }
  } catch {
    lastList = "";
    byId("state").textContent = "The mailbox does not answer. Is the platform up?";
  }
}

function drawList() {
  const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.hash : "";
  byId("list").replaceChildren(...listed.map(line));
  if (focused) byId("list").querySelector(`a[href="${focused}"]`)?.focus();
}

async function open() {
  const id = location.hash.slice(1);
  const answer = id ? await fetch(`/api/v1/message/${encodeURIComponent(id)}`) : null;
  shown = answer && answer.ok ? await answer.json() : null;
  document.body.classList.toggle("reading", shown !== null);
  byId("mail").hidden = shown === null;
  byId("choose").hidden = shown !== null;
  drawList();
  if (shown) drawMail();
}

function drawMail() {
  byId("subject").textContent = shown.Subject || "(no subject)";
  const facts = [["From", [shown.From]], ["To", shown.To], ["Cc", shown.Cc], ["Bcc", shown.Bcc], ["Reply to", shown.ReplyTo]];
  const rows = facts.filter(([, people]) => people.length);
  byId("facts").replaceChildren(
    ...rows.flatMap(([name, people]) => [
      element("dt", { textContent: name }),
      element("dd", { textContent: people.map(person).join(", ") }),
    ]),
    element("dt", { textContent: "Caught" }),
    element("dd", {}, time(shown.Date)),
  );
  byId("files").replaceChildren(
    ...shown.Attachments.map((file) =>
      element("li", {}, element("a", {
        href: `/api/v1/message/${shown.ID}/part/${file.PartID}`,
        download: file.FileName || `part-${file.PartID}`,
        textContent: `${file.FileName || file.ContentType} · ${Math.ceil(file.Size / 1024)} KiB`,
      })),
    ),
  );
  byId("tab-html").hidden = !shown.HTML;
  view(shown.HTML ? "html" : "text");
  byId("mail").focus({ preventScroll: true });
}

async function view(kind) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.view === kind));
  }
  byId("view").setAttribute("aria-labelledby", `tab-${kind}`);
  const of = shown;
  const drawn = await drawing(kind, of);
  if (shown === of) byId("view").replaceChildren(drawn);
}

async function drawing(kind, mail) {
  if (kind === "html") {
    const frame = element("iframe", { title: "The message as HTML" });
    frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
    frame.src = `/view/${mail.ID}.html`;
    return frame;
  }
  if (kind === "raw") return element("pre", { textContent: await (await fetch(`/api/v1/message/${mail.ID}/raw`)).text() });
  if (kind === "text") return element("pre", { textContent: mail.Text || "(no plain text)" });
  const lines = Object.entries(mail.Headers).flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));
  return element("pre", { textContent: lines.join("\n") });
}

function step(by) {
  const at = listed.findIndex((mail) => shown && mail.ID === shown.ID);
  const next = listed[at < 0 ? 0 : Math.min(Math.max(at + by, 0), listed.length - 1)];
  if (next) location.hash = next.ID;
}

async function clearAll() {
  if (!confirm("Delete every message?")) return;
  await fetch("/api/v1/messages", { method: "DELETE" });
  location.hash = "";
  await refresh();
}

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
});
for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => view(tab.dataset.view));
byId("query").addEventListener("input", refresh);
byId("back").addEventListener("click", () => { location.hash = ""; });
byId("clear").addEventListener("click", clearAll);
window.addEventListener("hashchange", open);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
refresh().then(open);
