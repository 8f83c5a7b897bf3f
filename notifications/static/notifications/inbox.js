/** `<notification-inbox>`: the inbox that the server has rendered stays up to date. All texts are the page's. */

import { Notifications } from "./notifications.js";

const UNDO_MS = 6000;
const PAUSE_MS = 500; // between two looks for what is new
const RETRY_MS = 10_000; // after a page that could not be loaded
const ANSWER_MS = 60_000; // the network may be gone without a word
const VERBS = { read: "read", unread: "markUnread", archive: "archive", unarchive: "unarchive", delete: "delete" };
const GONE = { "": ["archived", "deleted"], unread: ["archived", "deleted", "read"], archive: ["unarchived", "deleted"] };
const BACK = { "": ["unarchived"], unread: ["unarchived", "marked_unread"], archive: ["archived"] };

export class NotificationInbox extends HTMLElement {
  #form;
  #list;
  #all;
  #status;
  #undo;
  #takeBack = null;
  #held = null; // items that look read, and up to which id all do, before the server is told
  #stored = new Map(); // the items of the store, by id
  #known = null; // ids of the store that the list was asked for
  #gone = new Set(); // ids that a page may still have, which is older
  #away = false;
  #looking = false;
  #again = false;
  #loading = false;
  #end = null;
  #bottom = null;

  connectedCallback() {
    const { feed, socket, user, csrf } = this.dataset;
    this.#form = this.querySelector("form.list");
    this.#list = this.#form.querySelector("ol");
    this.#status = this.querySelector("[data-status]");
    this.#undo = this.querySelector("[data-undo]");
    this.#all = this.querySelector("[data-all] input");
    this.#all?.parentElement.removeAttribute("hidden");
    this.#end = new AbortController();
    this.#bottom = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.#older(), { rootMargin: "400px" });
    /** The store behind it, for the page. */
    this.notifications = new Notifications({ feed, socket, user, csrf });
    this.#listen(this.#end.signal);
    this.#watchBottom();
    this.notifications.subscribe((snapshot) => this.#follow(snapshot));
    this.notifications.connect();
    // The bell of another tab rings only while nobody looks at this one.
    if (window.Notification?.permission === "granted") import("./desktop.js").catch(() => {});
  }

  disconnectedCallback() {
    this.#end.abort();
    this.#bottom.disconnect();
    this.notifications.close();
  }

  #listen(signal) {
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.#undo?.addEventListener("submit", (event) => this.#undone(event), { signal });
    this.#form.addEventListener("change", (event) => this.#selected(event), { signal });
    this.#list.addEventListener("click", (event) => this.#opened(event), { signal });
    this.addEventListener("click", (event) => this.#moreClicked(event), { signal });
    this.notifications.addEventListener("status", ({ detail }) => this.#statusOf(detail.status), { signal });
    this.notifications.addEventListener("state", ({ detail }) => this.#changed(detail), { signal });
    document.addEventListener("visibilitychange", () => this.#again && this.#look(), { signal });
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#look(), { signal });
  }

  /** A button does the same as without JavaScript, and nothing is loaded anew. */
  #submit(event) {
    const [verb, one] = (event.submitter?.value ?? "").split(" ");
    if (!(verb in VERBS) || !this.notifications.snapshot.loaded) return;
    event.preventDefault();
    if (one === "upto") this.#readAll();
    else if (one) this.#doToOne(verb, Number(one), event.submitter);
    else this.#doToSelected(verb);
  }

  #readAll() {
    const held = { upto: this.notifications.snapshot.items[0]?.id ?? 0, items: [] };
    showAsRead(held, this.#list.children);
    const takeBack = this.notifications.readAll(this.#undo ? UNDO_MS : 0);
    if (!this.#undo) return;
    this.#held = held;
    this.#undo.hidden = false;
    this.#takeBack = () => {
      takeBack();
      for (const item of held.items) item.setAttribute("data-unread", "");
    };
    const mine = this.#takeBack;
    setTimeout(() => this.#takeBack === mine && this.#settled(), UNDO_MS);
  }

  /** What the page itself brought to take back goes the way of a form. */
  #undone(event) {
    if (!this.#takeBack) return;
    event.preventDefault();
    this.#takeBack();
    this.#settled();
  }

  /** It is too late, or done. */
  #settled() {
    if (this.#undo.contains(document.activeElement)) this.querySelector("nav a").focus();
    this.#undo.hidden = true;
    this.#takeBack = this.#held = null;
  }

  #doToSelected(verb) {
    const boxes = this.#checked();
    this.#status.textContent = boxes.length ? "" : this.#status.dataset.none;
    for (const box of boxes) box.checked = false;
    this.notifications[VERBS[verb]](boxes.map((box) => Number(box.value)));
    this.#selected({});
  }

  /** The focus goes to the same button of the next one, or to what takes the button's place. */
  #doToOne(verb, id, button) {
    const item = button.closest("li");
    const next = item.nextElementSibling ?? item.previousElementSibling;
    this.notifications[VERBS[verb]]([id]);
    if (button.checkVisibility()) return;
    const other = { read: "unread", unread: "read" }[verb];
    const heir = item.isConnected ? item.querySelector(`[value^="${other} "]`) : next?.querySelector(`[value^="${verb} "]`);
    const row = item.isConnected ? item : next;
    (heir?.checkVisibility() ? heir : (row?.querySelector("input") ?? this.querySelector("nav a"))).focus();
  }

  #checked() {
    return [...this.#list.querySelectorAll("[name=ids]:checked")];
  }

  #selected({ target }) {
    const boxes = [...this.#list.querySelectorAll("[name=ids]")];
    if (target && target === this.#all) for (const box of boxes) box.checked = target.checked;
    if (!this.#all) return;
    const number = this.#checked().length;
    this.#all.checked = number > 0 && number === boxes.length;
    this.#all.indeterminate = number > 0 && number < boxes.length;
  }

  #opened({ target }) {
    const item = target.closest("h2 a")?.closest("[data-unread]");
    if (item) this.notifications.read([Number(item.dataset.id)]);
  }

  #changed({ unread, ...lists }) {
    const gone = GONE[this.dataset.view];
    for (const [kind, ids] of Object.entries(lists)) {
      if (!ids?.length) continue;
      if (gone.includes(kind)) this.#remove(ids);
      else this.#bring(kind, ids);
    }
    this.#settle();
  }

  #remove(ids) {
    for (const id of ids) {
      this.#gone.add(id);
      this.#drop(this.#item(id));
    }
  }

  /** The focus goes on from what is no more. */
  #drop(item) {
    const next = item?.nextElementSibling ?? item?.previousElementSibling;
    const focused = item?.contains(document.activeElement);
    item?.remove();
    if (focused) (next?.querySelector("input") ?? this.querySelector("nav a")).focus();
  }

  /** What comes back is asked for; what is there only looks different. */
  #bring(kind, ids) {
    if (kind === "read" || kind === "marked_unread") {
      for (const id of ids) this.#item(id)?.toggleAttribute("data-unread", kind !== "read");
    }
    if (!BACK[this.dataset.view].includes(kind)) return;
    for (const id of ids) this.#gone.delete(id);
    if (ids.some((id) => !this.#item(id))) this.#look();
  }

  #item(id) {
    return this.#list.querySelector(`:scope > [data-id="${Number(id)}"]`);
  }

  #settle() {
    this.querySelector("[data-empty]").hidden = this.#list.children.length > 0;
    this.#selected({});
  }

  /** The store knows states before the page does, and has caught up with what was missed. */
  #follow({ items, unread, status, loaded }) {
    const { dataset } = this.#status;
    if (dataset[status] || Object.values(dataset).includes(this.#status.textContent)) this.#status.textContent = dataset[status] ?? "";
    if (!loaded) return;
    for (const count of this.querySelectorAll("[data-count]")) count.textContent = unread;
    const listed = new Map([...this.#list.children].map((item) => [Number(item.dataset.id), item]));
    for (const { id, read_at } of items) listed.get(id)?.toggleAttribute("data-unread", read_at === null);
    const before = this.#stored;
    this.#stored = new Map(items.map((item) => [item.id, item]));
    const edited = items.some(({ id, edited_at }) => before.has(id) && before.get(id).edited_at !== edited_at);
    const stored = [...this.#stored.keys()];
    this.#known ??= new Set(stored.filter((id) => id <= Number(this.dataset.newest)));
    const fresh = stored.filter((id) => !this.#known.has(id));
    for (const id of fresh) this.#known.add(id);
    const back = items.filter((item) => this.#isBack(item));
    for (const { id } of back) this.#gone.delete(id);
    if (fresh.length || back.length || edited) this.#look();
  }

  /** Whether the server has refused what made it go. */
  #isBack({ id, read_at }) {
    const { view } = this.dataset;
    return this.#gone.has(id) && (view === "" || (view === "unread" && read_at === null));
  }

  /** After a pause others may have changed anything. */
  #statusOf(status) {
    if (status === "waiting") this.#away = true;
    else if (this.#away && (status === "open" || status === "polling")) {
      this.#away = false;
      this.#gone.clear();
      this.#look();
    }
  }

  /** Ask for the first page again, once for all that came meanwhile, and only while it is looked at. */
  async #look() {
    this.#again = true;
    if (this.#looking || document.hidden || new URLSearchParams(location.search).has("cursor")) return;
    this.#looking = true;
    while (this.#again && !document.hidden && this.isConnected) {
      this.#again = false;
      const page = await this.#fetch(location.href);
      if (page) this.#compare(page);
      else this.#again = this.#tries;
      await new Promise((resolve) => setTimeout(resolve, page ? PAUSE_MS : RETRY_MS));
    }
    this.#looking = false;
  }

  /** What is as new as this page is in it, or is no more. Where it does not reach what is there, that is loaded anew. */
  #compare({ items, newest, more, link }) {
    const ids = new Map(items.map((item) => [Number(item.dataset.id), item]));
    const oldest = more ? Math.min(...ids.keys()) : 0;
    const apart = items.length > 0 && oldest > Number(this.#list.firstElementChild?.dataset.id ?? 0);
    const from = apart ? 0 : oldest;
    for (const item of [...this.#list.children]) {
      const id = Number(item.dataset.id);
      const now = ids.get(id);
      if (!now && id >= from) this.#drop(item);
      if (now) reworded(item, now);
      if (now && !this.#stored.has(id)) item.toggleAttribute("data-unread", now.hasAttribute("data-unread"));
    }
    for (const item of items) this.#insert(item);
    this.#form.elements.upto.value = newest;
    if (apart) this.#goOnFrom(link);
    this.#settle();
  }

  #goOnFrom(link) {
    this.querySelector("[data-more]")?.remove();
    this.append(link);
    this.#watchBottom();
  }

  #insert(item) {
    const id = Number(item.dataset.id);
    if (this.#item(id) || this.#gone.has(id)) return;
    const stored = this.#stored.get(id); // which may be newer
    if (stored) item.toggleAttribute("data-unread", stored.read_at === null);
    const after = [...this.#list.children].find((other) => Number(other.dataset.id) < id);
    this.#list.insertBefore(item, after ?? null);
  }

  #moreClicked(event) {
    const link = event.target.closest("[data-more] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#older();
  }

  async #older() {
    const more = this.querySelector("[data-more]");
    if (!more || this.#loading) return;
    this.#loading = true;
    const page = await this.#fetch(more.querySelector("a").href);
    this.#loading = false;
    if (!page) {
      if (this.#tries) setTimeout(() => this.isConnected && this.#watchBottom(), RETRY_MS);
      return;
    }
    for (const item of page.items) this.#insert(item);
    this.#settle();
    if (page.more) more.querySelector("a").href = page.more;
    else {
      if (more.contains(document.activeElement)) this.#list.lastElementChild?.querySelector("input").focus();
      more.remove();
    }
    // A search that found nothing here goes on by a click, not by itself.
    if (page.more && page.items.length) this.#watchBottom();
    else this.#bottom.disconnect();
  }

  /** Told again where it is, also if it has not moved. */
  #watchBottom() {
    this.#bottom.disconnect();
    const more = this.querySelector("[data-more]");
    if (more) this.#bottom.observe(more);
  }

  /** Whether a page that could not be loaded may be there later. */
  get #tries() {
    return this.notifications.snapshot.status !== "stopped";
  }

  /** A page of the server's; null where there is none, as for who has signed out. */
  async #fetch(address) {
    try {
      const response = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!response.ok) return null;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const inbox = page.querySelector("notification-inbox");
      if (inbox?.dataset.user !== this.dataset.user) return null; // nobody, or somebody else by now
      const items = [...inbox.querySelectorAll("form.list > ol > li")].map((item) => document.importNode(item, true));
      if (this.#held) showAsRead(this.#held, items);
      const link = inbox.querySelector("[data-more]");
      return { items, newest: inbox.dataset.newest, link, more: link?.querySelector("a").getAttribute("href") };
    } catch {
      return null; // no network
    }
  }
}

/** Let those look read that are held as read. */
function showAsRead({ upto, items }, rows) {
  for (const row of rows) {
    if (!row.hasAttribute("data-unread") || Number(row.dataset.id) > upto) continue;
    row.removeAttribute("data-unread");
    items.push(row);
  }
}

/** The words of `now` in the place of those of `item`, which stays with what is selected in it. */
function reworded(item, now) {
  const [old, its] = [item, now].map((one) => one.querySelector(".texts"));
  if (old.innerHTML === its.innerHTML) return;
  old.replaceWith(its.cloneNode(true));
  item.dataset.level = now.dataset.level;
  const title = now.querySelector("h2 a, h2")?.lastChild.textContent ?? "";
  for (const name of item.querySelectorAll(".actions .visually-hidden")) name.textContent = title;
}

customElements.define("notification-inbox", NotificationInbox);
