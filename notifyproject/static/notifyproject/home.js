/** The page of a signed-in user: the list the server rendered, kept up to date. */

import { NotificationClient } from "../notifications/client.js";

const RETRY_LOADING_MS = 5000;

const STATUS_TEXTS = {
  connecting: "Connecting…",
  open: "Live",
  waiting: "Connection lost, trying again…",
  closed: "Not connected",
};
const STOPPED_TEXTS = {
  4401: "Signed out: reload this page to sign in",
  4403: "Signed out: reload this page to sign in",
  4429: "Too many tabs are open: this one waits until you come back to it",
};

const [status, unread, readAll, news, list, form] = [
  "status",
  "unread",
  "read-all",
  "news",
  "notifications",
  "send",
].map((id) => document.getElementById(id));
const template = document.getElementById("notification-template").content.firstElementChild;
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const heading = document.title;
const client = new NotificationClient();

client.addEventListener("status", ({ detail }) => {
  status.dataset.status = detail.status;
  status.textContent =
    STATUS_TEXTS[detail.status] ??
    STOPPED_TEXTS[detail.code] ??
    `Disconnected (${detail.code}): reload this page`;
});

client.addEventListener("notification", ({ detail }) => {
  if (find(detail.id)) return;
  insert(rendered(detail));
  news.textContent = `New: ${detail.title}`;
});

client.addEventListener("state", ({ detail }) => {
  unread.textContent = detail.unread;
  readAll.disabled = detail.unread === 0;
  document.title = detail.unread ? `(${detail.unread}) ${heading}` : heading;
  for (const id of detail.read) markRead(find(id));
  for (const id of detail.archived) find(id)?.remove();
  // A list that is on its way may be older than this change.
  if (loading && detail.read.length + detail.archived.length) load();
});

client.addEventListener("resync", load);

list.addEventListener("click", ({ target }) => {
  if (target.closest(".mark-read")) client.read([idOf(target.closest("[data-id]"))]);
});

readAll.addEventListener("click", () => {
  const newest = list.firstElementChild;
  if (newest) client.readAll(idOf(newest));
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new FormData(form);
  try {
    const response = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (response.type !== "opaqueredirect") form.submit(); // the server's answer explains
  } catch {
    form.submit(); // the browser's own page says that there is no network
  }
});

let loading = false;
let loadAgain = false;

/** Bring the list up to date; a call while it loads makes it load once more. */
async function load() {
  loadAgain = loading;
  if (loading) return;
  loading = true;
  list.setAttribute("aria-busy", "true");
  try {
    await merge();
  } catch {
    setTimeout(load, RETRY_LOADING_MS);
  } finally {
    loading = false;
    list.removeAttribute("aria-busy");
  }
  if (loadAgain) load();
}

/** What stood here before and is not in the server's list has been put away elsewhere. */
async function merge() {
  const gone = new Set(list.children);
  const response = await fetch(list.dataset.url, { redirect: "error" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const loaded = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const item of loaded.querySelectorAll("[data-id]")) {
    const here = find(item.dataset.id);
    gone.delete(here);
    if (!here) insert(document.adoptNode(item));
    else if (!("unread" in item.dataset)) markRead(here);
  }
  for (const item of gone) item.remove();
}

function find(id) {
  return list.querySelector(`[data-id="${id}"]`);
}

function idOf(item) {
  return Number(item.dataset.id);
}

/** Newest first; one that was committed late stands where its id belongs. */
function insert(item) {
  localize(item);
  const older = [...list.children].find((other) => idOf(other) < idOf(item));
  list.insertBefore(item, older ?? null);
}

/** All of it is text; only the address of a page becomes a link. */
function rendered({ id, level, title, body, url, created_at }) {
  const item = template.cloneNode(true);
  item.dataset.id = id;
  item.dataset.level = item.querySelector(".level").textContent = level;
  item.querySelector(".title").textContent = title;
  item.querySelector(".title-again").textContent = title;
  item.querySelector(".body").textContent = body;
  item.querySelector("time").dateTime = created_at;
  if (leadsToPage(url)) {
    Object.assign(item.querySelector(".title"), { href: url, rel: "noreferrer" });
  }
  return item;
}

function leadsToPage(url) {
  const address = url && URL.canParse(url, location.href) && new URL(url, location.href);
  return address && ["http:", "https:"].includes(address.protocol);
}

function markRead(item) {
  if (!item) return;
  // The button goes away; a keyboard user goes on from where it was.
  if (document.activeElement === item.querySelector(".mark-read")) item.focus();
  delete item.dataset.unread;
}

function localize(item) {
  const time = item.querySelector("time");
  time.textContent = timeFormat.format(new Date(time.dateTime));
}

for (const item of list.children) localize(item);
client.connect();
