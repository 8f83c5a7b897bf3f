/** `<notification-bell>`: what `{% notification_bell %}` has rendered comes to life. All texts are the page's. */

import { Notifications } from "./notifications.js";

const UNDO_MS = 6000;
const TOAST_MS = 6000; // what is an error stays until it is closed
const MAX_TOASTS = 3;
const MAX_COUNT = 99;
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export class NotificationBell extends HTMLElement {
  #parts;
  #items = new Map(); // list items by id
  #unreadOnly = false;
  #undo = null;
  #undoTimer = null;
  #end = null;

  connectedCallback() {
    const { feed, socket, user, csrf } = this.dataset;
    const find = (id) => this.shadowRoot.getElementById(id);
    const names = ["bell", "badge", "count", "panel", "status", "done", "list", "empty", "more", "desktop", "toasts", "live", "item", "toast"];
    this.#parts = Object.fromEntries(names.map((name) => [name, find(name)]));
    this.#end = new AbortController();
    /** The store behind it, for the page. */
    this.notifications = new Notifications({ feed, socket, user, csrf });
    const { signal } = this.#end;
    this.shadowRoot.addEventListener("click", (event) => this.#click(event), { signal });
    this.shadowRoot.addEventListener("keydown", (event) => event.key === "Escape" && this.close(), { signal });
    document.addEventListener("pointerdown", (event) => this.#outside(event), { signal });
    this.notifications.addEventListener("notification", ({ detail }) => this.#arrived(detail), { signal });
    this.#parts.desktop.hidden = !("Notification" in window) || Notification.permission !== "default";
    this.notifications.subscribe((snapshot) => this.#show(snapshot));
    this.notifications.connect();
  }

  disconnectedCallback() {
    this.#end.abort();
    this.notifications.close();
  }

  get open() {
    return !this.#parts.panel.hidden;
  }

  /** Show the panel; what it shows is seen. */
  show() {
    const { panel } = this.#parts;
    panel.hidden = false;
    panel.removeAttribute("data-start");
    const { left, right } = panel.getBoundingClientRect();
    panel.toggleAttribute("data-start", left < 0 || right > window.innerWidth);
    this.#parts.bell.setAttribute("aria-expanded", "true");
    this.#parts.toasts.replaceChildren();
    panel.focus();
    this.#looked();
  }

  /** Hide the panel, and give the focus back if it was there. */
  close() {
    if (!this.open) return;
    const focused = this.#parts.panel.contains(this.shadowRoot.activeElement);
    this.#parts.panel.hidden = true;
    this.#parts.bell.setAttribute("aria-expanded", "false");
    if (focused) this.#parts.bell.focus();
  }

  #looked() {
    const verb = this.dataset.readOn === "open" ? "read" : "seen";
    const items = this.notifications.snapshot.items.filter((item) => item[`${verb}_at`] === null);
    this.notifications[verb](items.map(({ id }) => id));
  }

  #outside(event) {
    if (!event.composedPath().includes(this)) this.close();
  }

  #click({ target }) {
    const control = target.closest("[data-do]");
    const id = Number(target.closest("[data-id]")?.dataset.id);
    const act = {
      toggle: () => (this.open ? this.close() : this.show()),
      all: () => this.#filter(false),
      unread: () => this.#filter(true),
      "read-all": () => this.#readAll(),
      undo: () => this.#takeBack(),
      more: () => this.notifications.loadMore(),
      desktop: () => this.#askForDesktop(),
      read: () => this.notifications.read([id]),
      archive: () => this.#archive(id),
      dismiss: () => target.closest("[data-id]").remove(),
    };
    act[control?.dataset.do]?.();
  }

  #filter(unreadOnly) {
    this.#unreadOnly = unreadOnly;
    for (const button of this.shadowRoot.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String((button.dataset.do === "unread") === unreadOnly));
    }
    this.#show(this.notifications.snapshot);
  }

  #readAll() {
    this.#undo = this.notifications.readAll(UNDO_MS);
    this.#parts.done.hidden = false;
    clearTimeout(this.#undoTimer);
    this.#undoTimer = setTimeout(() => this.#settled(), UNDO_MS);
  }

  #takeBack() {
    this.#undo?.();
    this.#settled();
  }

  #settled() {
    if (this.#parts.done.contains(this.shadowRoot.activeElement)) this.#parts.panel.focus();
    this.#parts.done.hidden = true;
    this.#undo = null;
  }

  /** The focus goes on to the next one. */
  #archive(id) {
    const item = this.#items.get(id);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const control = next?.querySelector('[data-do="archive"]') ?? this.#parts.panel;
    if (item.contains(this.shadowRoot.activeElement)) control.focus();
    this.notifications.archive([id]);
  }

  #show({ items, unread, more, status, loaded }) {
    const { badge, count, list, empty, status: line } = this.#parts;
    if (loaded) {
      badge.textContent = unread > MAX_COUNT ? `${MAX_COUNT}+` : unread;
      badge.hidden = unread === 0;
      count.textContent = unread;
    }
    const shown = this.#unreadOnly ? items.filter((item) => item.read_at === null) : items;
    this.#render(list, shown);
    this.#renew(items);
    empty.hidden = !loaded || shown.length > 0;
    this.#parts.more.hidden = !more;
    line.textContent = line.dataset[status] ?? "";
    line.hidden = !line.textContent;
    this.shadowRoot.querySelector('[data-do="read-all"]').disabled = unread === 0;
    if (this.open && !document.hidden) queueMicrotask(() => this.#lookAgain());
  }

  #lookAgain() {
    const unseen = this.notifications.snapshot.items.some((item) => item.seen_at === null);
    if (this.open && unseen) this.#looked();
  }

  /** Each item keeps its element, and the focus in it. */
  #render(list, items) {
    const before = this.#items;
    this.#items = new Map(items.map((item) => [item.id, before.get(item.id) ?? this.#made(item)]));
    for (const [id, element] of before) if (!this.#items.has(id)) element.remove();
    let day = "";
    let place = list.firstElementChild;
    for (const item of items) {
      const element = this.#items.get(item.id);
      if (element.dataset.edited !== String(item.edited_at)) fill(element, item);
      element.toggleAttribute("data-unread", item.read_at === null);
      element.querySelector('[data-do="read"]').hidden = item.read_at !== null;
      const its = DAY.format(new Date(item.created_at));
      element.querySelector("[part=day]").textContent = its === day ? "" : its;
      day = its;
      if (element === place) place = place.nextElementSibling;
      else list.insertBefore(element, place);
    }
  }

  /** A toast says what its notification says now, and goes with it. */
  #renew(items) {
    for (const toast of [...this.#parts.toasts.children]) {
      const item = items.find(({ id }) => String(id) === toast.dataset.id);
      if (item) fill(toast, item);
      else toast.remove();
    }
  }

  #made(item) {
    const element = this.#parts.item.content.firstElementChild.cloneNode(true);
    fill(element, item);
    const time = element.querySelector("time");
    time.dateTime = item.created_at;
    time.textContent = TIME.format(new Date(item.created_at));
    return element;
  }

  #arrived(item) {
    this.#parts.live.textContent = item.title;
    if (this.notifications.leads && document.hidden && window.Notification?.permission === "granted") {
      new Notification(item.title, { body: item.body, tag: `notification-${item.id}` });
    }
    if (this.open || document.hidden || this.dataset.toasts === "off") return;
    const toast = this.#parts.toast.content.firstElementChild.cloneNode(true);
    fill(toast, item);
    const { toasts } = this.#parts;
    toasts.append(toast);
    while (toasts.children.length > MAX_TOASTS) toasts.firstElementChild.remove();
    if (item.level !== "error") setTimeout(() => toast.remove(), TOAST_MS);
  }

  async #askForDesktop() {
    await Notification.requestPermission();
    this.#parts.desktop.hidden = true;
    this.#parts.panel.focus();
  }
}

/** All of it is text; only the address of a page becomes a link. */
function fill(element, { id, level, title, body, url, edited_at }) {
  element.dataset.id = id;
  element.dataset.edited = edited_at;
  element.dataset.level = level;
  const link = element.querySelector("[part=title]");
  link.textContent = title;
  element.querySelector("[part=body]").textContent = body;
  for (const name of element.querySelectorAll(".of")) name.textContent = title;
  const address = url && URL.canParse(url, location.href) && new URL(url, location.href);
  if (address && ["http:", "https:"].includes(address.protocol)) link.href = url;
  else link.removeAttribute("href");
}

customElements.define("notification-bell", NotificationBell);
