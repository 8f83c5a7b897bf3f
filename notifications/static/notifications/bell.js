/** `<notification-bell>`: what `{% notification_bell %}` has rendered comes to life. All texts are the page's. */

import { Notifications } from "./notifications.js";

const UNDO_MS = 6000;
const TOAST_MS = 6000; // errors stay
const MAX_TOASTS = 3;
const MAX_COUNT = 99;
const LANGUAGE = document.querySelector("notification-bell")?.lang || undefined;
const DAY = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full" });
const TIME = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "short" });

export class NotificationBell extends HTMLElement {
  #parts;
  #items = new Map(); // by id
  #unreadOnly = false;
  #undo = null;
  #end = null;

  connectedCallback() {
    // A copy of the page, as Turbo and htmx keep one, has no shadow.
    if (!this.querySelector("template")) {
      const { content } = this.appendChild(document.createElement("template"));
      for (const part of this.shadowRoot.childNodes) content.append(part.cloneNode(true));
    }
    if (!this.shadowRoot) this.attachShadow({ mode: "open" }).append(this.querySelector("template").content.cloneNode(true));
    const { feed, socket, user, csrf } = this.dataset;
    this.#parts = Object.fromEntries([...this.shadowRoot.querySelectorAll("[id]")].map((part) => [part.id, part]));
    this.#end = new AbortController();
    this.notifications = new Notifications({ feed, socket, user, csrf });
    const { signal } = this.#end;
    this.shadowRoot.addEventListener("click", (event) => this.#click(event), { signal });
    this.shadowRoot.addEventListener("keydown", (event) => event.key === "Escape" && this.close(), { signal });
    document.addEventListener("pointerdown", (event) => event.composedPath().includes(this) || this.close(), { signal });
    this.notifications.addEventListener("notification", ({ detail }) => this.#arrived(detail), { signal });
    this.#parts.desktop.hidden = window.Notification?.permission !== "default";
    this.#onDesktop();
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

  #click({ target }) {
    const id = Number(target.closest("[data-id]")?.dataset.id);
    const act = {
      toggle: () => (this.open ? this.close() : this.show()),
      all: () => this.#filter(false),
      unread: () => this.#filter(true),
      "read-all": () => this.#readAll(),
      undo: () => {
        this.#undo?.();
        this.#settled();
      },
      more: () => this.notifications.loadMore(),
      desktop: () => this.#askForDesktop(),
      read: () => this.notifications.read([id]),
      archive: () => this.notifications.archive([id]),
      dismiss: () => {
        target.closest("[data-id]").remove();
        this.#parts.bell.focus();
      },
    };
    act[target.closest("[data-do]")?.dataset.do]?.();
  }

  #filter(unreadOnly) {
    this.#unreadOnly = unreadOnly;
    for (const button of this.shadowRoot.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", (button.dataset.do === "unread") === unreadOnly);
    }
    this.#show(this.notifications.snapshot);
  }

  #readAll() {
    const undo = (this.#undo = this.notifications.readAll(UNDO_MS));
    this.#parts.done.hidden = false;
    setTimeout(() => this.#undo === undo && this.#settled(), UNDO_MS);
  }

  #settled() {
    if (this.#parts.done.contains(this.shadowRoot.activeElement)) this.#parts.panel.focus();
    this.#parts.done.hidden = true;
    this.#undo = null;
  }

  #show({ items, unread, more, status, loaded }) {
    const { badge, count, list, empty, status: line } = this.#parts;
    const focused = this.shadowRoot.activeElement;
    const row = focused === this.#parts.more ? list.lastElementChild : focused?.closest("li");
    const next = row?.nextElementSibling ?? row?.previousElementSibling;
    if (loaded) {
      badge.textContent = unread > MAX_COUNT ? `${MAX_COUNT}+` : unread;
      badge.hidden = unread === 0;
      count.textContent = unread;
    }
    const shown = this.#unreadOnly ? items.filter((item) => item.read_at === null) : items;
    this.#render(list, shown);
    this.#renew(items);
    empty.hidden = !loaded || shown.length + unread > 0;
    this.#parts.more.hidden = !more;
    line.textContent = line.dataset[status] ?? "";
    line.hidden = !line.textContent;
    this.shadowRoot.querySelector('[data-do="read-all"]').disabled = unread === 0;
    // The focus goes on from what is no more.
    if (focused?.disabled || focused?.checkVisibility() === false) {
      const place = row?.isConnected ? row : next;
      (place?.querySelector('[data-do="archive"]') ?? this.#parts.panel).focus();
    }
    if (this.open && !document.hidden) queueMicrotask(() => this.#lookAgain());
  }

  #lookAgain() {
    const unseen = this.notifications.snapshot.items.some((item) => item.seen_at === null);
    if (this.open && unseen) this.#looked();
  }

  /** Each item keeps its element, and the focus in it. */
  #render(list, items) {
    const before = this.#items;
    const template = this.#parts.item.content.firstElementChild;
    this.#items = new Map(items.map(({ id }) => [id, before.get(id) ?? document.importNode(template, true)]));
    for (const [id, element] of before) if (!this.#items.has(id)) element.remove();
    let day = "";
    let place = list.firstElementChild;
    for (const item of items) {
      const element = this.#items.get(item.id);
      if (element.dataset.version !== item.created_at + item.edited_at) fill(element, item);
      element.toggleAttribute("data-unread", item.read_at === null);
      element.querySelector('button[data-do="read"]').hidden = item.read_at !== null;
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

  #arrived(item) {
    this.#parts.live.textContent = item.title;
    this.#onDesktop(item);
    if (this.open || document.hidden || this.dataset.toasts === "off") return;
    const toast = document.importNode(this.#parts.toast.content.firstElementChild, true);
    fill(toast, item);
    const { toasts } = this.#parts;
    toasts.append(toast);
    toasts.togglePopover?.(true);
    while (toasts.children.length > MAX_TOASTS) toasts.firstElementChild.remove();
    if (item.level !== "error") setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), TOAST_MS);
  }

  async #askForDesktop() {
    await Notification.requestPermission();
    this.#parts.desktop.hidden = true;
    this.#parts.panel.focus();
    this.#onDesktop();
  }

  /** Each tab, as the one that rings has to know which are looked at. */
  async #onDesktop(item) {
    if (window.Notification?.permission !== "granted") return;
    const { ring } = await import("./desktop.js");
    if (item) ring(item);
  }
}

/** All is text; only the address of a page becomes a link. */
function fill(element, { id, level, title, body, url, created_at, edited_at }) {
  element.dataset.id = id;
  element.dataset.version = created_at + edited_at;
  element.dataset.level = level;
  const link = element.querySelector("[part=title]");
  link.textContent = title;
  const time = element.querySelector("time");
  if (time) {
    time.dateTime = created_at;
    time.textContent = TIME.format(new Date(created_at));
  }
  element.querySelector("[part=body]").textContent = body;
  for (const name of element.querySelectorAll(".of")) name.textContent = title;
  link.href = url;
  if (!url || !["http:", "https:"].includes(link.protocol)) link.removeAttribute("href");
}

customElements.define("notification-bell", NotificationBell);
