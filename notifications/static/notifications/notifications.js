/**
 * Notifications of the user of this page, the same in all tabs of the browser.
 *
 *     import { Notifications } from "…/notifications.js";
 *     const notifications = new Notifications({ user: "17" }); // the primary key
 *     notifications.subscribe(({ items, unread }) => show(items, unread));
 *     notifications.connect();
 *
 * One tab, the *leader*, has the socket, or polls the feed where WebSockets are blocked; the others
 * hear from it. What the user does goes to the feed over HTTP, and waits while there is no network.
 * Types are in notifications.d.ts; docs/reference/client.md says what it promises.
 */

import { NotificationClient } from "./client.js";
import { Feed, parts } from "./feed.js";
import { Tabs } from "./tabs.js";

const POLL_AFTER_MS = 6000; // without a socket
const PAUSE_MS = 10_000;
const MAX_KNOWN = 10_000;

const LOCAL = {
  seen: (item, now) => ({ ...item, seen_at: item.seen_at ?? now }),
  read: (item, now) => ({ ...item, seen_at: item.seen_at ?? now, read_at: item.read_at ?? now }),
  marked_unread: (item) => ({ ...item, read_at: null }),
};
const GONE = ["archived", "deleted"];

/** @typedef {import("./notifications").Item} Item */
/** @typedef {import("./notifications").Snapshot} Snapshot */

export class Notifications extends EventTarget {
  #feed;
  #tabs;
  #client;
  #limit;
  #subscribers = new Set();
  #telling = false;
  /** @type {Snapshot} */
  #snapshot = { items: [], unread: 0, more: false, status: "closed", code: null, loaded: false };
  #known = new Map(); // ids that were shown, with what tells one from another of the same id
  #next = null; // the cursor of what follows the items
  #etag = "";
  #loading = null;
  #again = false;
  /** What the socket brought in this moment, for one look at all of it. */
  #incoming = [];
  /** What the socket brought while a list was on its way, which may be older. */
  #meanwhile = [];
  #polling = null;
  #pollTimer = null;
  #wanted = false;
  #delayed = null;

  /** @param {import("./notifications").Options} [options] */
  constructor({ feed = "/notifications/", socket = "/ws/notifications/", user = "", csrf, limit = 20 } = {}) {
    super();
    const name = `notifications ${feed} ${user}`;
    this.#limit = limit;
    this.#feed = new Feed({ url: feed, csrf, user, name });
    this.#feed.addEventListener("refused", () => this.#tabs.tell("resync"));
    const address = new URL(socket, window.location.href);
    if (user) address.searchParams.set("user", user);
    this.#client = new NotificationClient(address);
    this.#tabs = new Tabs(name, {
      lead: () => this.#lead(),
      follow: () => this.#unlead(),
      heard: (kind, detail) => this.#heard(kind, detail),
      snapshot: () => ({ snapshot: this.#snapshot, next: this.#next }),
    });
    this.#listen();
  }

  /** What is there now; another object after each change. */
  get snapshot() {
    return this.#snapshot;
  }

  /** Whether this tab has the connection. */
  get leads() {
    return this.#tabs.leads;
  }

  /** Call `run` with the snapshot now, and once after all that changes in one moment; returns what ends it. */
  subscribe(run) {
    this.#subscribers.add(run);
    run(this.#snapshot);
    return () => this.#subscribers.delete(run);
  }

  /** Connect, and stay connected until `close()`. */
  connect() {
    this.#wanted = true;
    this.#tabs.join();
    this.#feed.flush();
  }

  /** Leave; another tab takes over. */
  close() {
    this.#wanted = false;
    this.#tabs.leave();
    this.#unlead();
    this.#set({ status: "closed" });
  }

  /** These were on the user's screen. */
  seen(ids) {
    return this.#change("seen", "seen", ids);
  }

  /** The user has read these. */
  read(ids) {
    return this.#change("read", "read", ids);
  }

  /** These are unread again. */
  markUnread(ids) {
    return this.#change("unread", "marked_unread", ids);
  }

  /** The user has put these away. */
  archive(ids) {
    return this.#change("archive", "archived", ids);
  }

  /** These are back in the list. */
  unarchive(ids) {
    return this.#change("unarchive", "unarchived", ids);
  }

  /** These are deleted for this user. */
  delete(ids) {
    return this.#change("delete", "deleted", ids);
  }

  /**
   * All that is in the list is read, in all tabs at once; the server is told after `undoMs`, or
   * when the page goes. Returns what takes it back until then.
   */
  readAll(undoMs = 0) {
    const { items, unread } = this.#snapshot;
    const newest = items[0]?.id;
    if (newest === undefined) return () => {};
    const ids = items.filter((item) => item.read_at === null).map(({ id }) => id);
    const finish = (leaving = false) => {
      if (this.#delayed !== finish) return;
      this.#delayed = null;
      const post = (body) => (leaving ? this.#feed.send("read", body) : this.#feed.post("read", body));
      // Up to an id counts what is acknowledged; by their ids those are read that may not be yet.
      if (leaving) for (const part of parts(ids)) post({ ids: part });
      post({ upto: newest });
    };
    // What has arrived may not be acknowledged yet, and only what is counts as read.
    for (const part of parts(ids)) this.#feed.post("ack", { ids: part });
    this.#delayed?.();
    this.#delayed = finish;
    this.#tabs.tell("changed", { read: ids, unread: 0 });
    if (undoMs) setTimeout(() => finish(), undoMs);
    else finish();
    return () => {
      if (this.#delayed !== finish) return;
      this.#delayed = null;
      this.#tabs.tell("changed", { marked_unread: ids, unread });
    };
  }

  /** Load what follows; false when nothing does. */
  async loadMore() {
    if (this.#next === null) return false;
    const page = await this.#feed.get("", { limit: this.#limit, cursor: this.#next });
    if (page === null) return false;
    this.#next = page.next;
    this.#merge(page.items, { replaceFrom: null });
    return true;
  }

  #change(verb, kind, ids) {
    ids = [...ids];
    if (!ids.length) return;
    for (const part of parts(ids)) this.#feed.post(verb, { ids: part });
    this.#tabs.tell("changed", { [kind]: ids });
  }

  #listen() {
    const client = this.#client;
    client.addEventListener("notification", ({ detail }) => this.#gather(detail));
    client.addEventListener("state", ({ detail }) => this.#tabs.tell("changed", detail));
    client.addEventListener("edited", ({ detail }) => this.#tabs.tell("edited", detail));
    client.addEventListener("status", ({ detail }) => this.#statusOf(detail));
    client.addEventListener("resync", () => this.#load());
    window.addEventListener("online", () => this.#feed.flush());
    window.addEventListener("pagehide", () => this.#delayed?.(true));
  }

  #lead() {
    this.#client.connect();
    this.#pollSoon();
  }

  #unlead() {
    this.#client.close();
    this.#stopPolling();
  }

  #statusOf({ status, code }) {
    if (!this.#tabs.leads || !this.#wanted) return;
    if (status === "open") this.#stopPolling();
    else if (status === "stopped") this.#stopPolling();
    else this.#pollSoon();
    if (this.#polling && status !== "open" && status !== "stopped") status = "polling";
    this.#tabs.tell("status", { status, code });
    if (status === "open") this.#feed.flush();
  }

  #heard(kind, detail) {
    if (kind === "arrived") this.#arrived(detail);
    else if (kind === "changed") this.#changed(detail);
    else if (kind === "edited") this.#edited(detail);
    else if (kind === "status") this.#set(detail);
    else if (kind === "latest") this.#latest(detail);
    else if (kind === "resync" && this.#tabs.leads) this.#load();
    else if (kind === "snapshot" && !this.#tabs.leads) this.#take(detail);
  }

  #gather(item) {
    if (this.#incoming.push(item) === 1) queueMicrotask(() => this.#tabs.tell("arrived", this.#incoming.splice(0)));
  }

  /** A tab that came later has what the leader has. */
  #take({ snapshot, next }) {
    if (this.#snapshot.loaded) {
      this.#set({ status: snapshot.status, code: snapshot.code });
      return;
    }
    for (const item of snapshot.items) this.#remember(item);
    this.#next = next;
    this.#set(snapshot);
  }

  /** From the socket or a poll: each once, whichever way it came. */
  #arrived(frames) {
    const fresh = frames.filter((item) => this.#isNew(item));
    if (!fresh.length) return;
    const waiting = { edited_at: null, delivered_at: null, seen_at: null, read_at: null, archived_at: null };
    const items = fresh.map(({ type, ...item }) => ({ ...waiting, ...item }));
    if (this.#loading) this.#meanwhile.push(...items);
    this.#merge(items, { replaceFrom: null });
    for (const item of items) this.#emit("notification", item);
  }

  #changed({ unread, ...lists }) {
    const now = new Date().toISOString();
    let items = this.#snapshot.items;
    let count = this.#snapshot.unread;
    for (const [kind, ids] of Object.entries(lists)) {
      if (!ids?.length) continue;
      const named = new Set(ids);
      const before = items.filter((item) => item.read_at === null).length;
      if (GONE.includes(kind)) items = items.filter(({ id }) => !named.has(id));
      else if (LOCAL[kind]) items = items.map((item) => (named.has(item.id) ? LOCAL[kind](item, now) : item));
      else if (kind === "unarchived" && this.#tabs.leads) this.#load();
      count += items.filter((item) => item.read_at === null).length - before;
      // A list that is on its way may be older than this.
      if (this.#loading) this.#again = true;
    }
    this.#set({ items, unread: unread ?? Math.max(0, count) });
    this.#emit("state", { unread: this.#snapshot.unread, ...lists });
  }

  /** New words; what the user did to it stays. */
  #edited({ type, ...item }) {
    if (this.#loading) this.#again = true;
    const isIt = ({ id, created_at }) => id === item.id && created_at === item.created_at;
    this.#set({ items: this.#snapshot.items.map((one) => (isIt(one) ? { ...one, ...item } : one)) });
  }

  #latest({ counts, items, next }) {
    const first = !this.#snapshot.loaded;
    const fresh = items.filter((item) => this.#isNew(item));
    if (this.#next === null || !items.length) this.#next = next;
    this.#merge(items, { replaceFrom: next === null ? 0 : (items.at(-1)?.id ?? 0), unread: counts.unread });
    if (!first) for (const item of fresh.reverse()) this.#emit("notification", item);
  }

  /** Put in by id; of what is not older than `replaceFrom`, only these stay. */
  #merge(items, { replaceFrom, unread = this.#snapshot.unread }) {
    const byId = new Map(this.#snapshot.items.map((item) => [item.id, item]));
    if (replaceFrom !== null) {
      for (const id of byId.keys()) if (id >= replaceFrom) byId.delete(id);
    }
    for (const item of items) {
      this.#remember(item);
      byId.set(item.id, item);
    }
    const sorted = [...byId.values()].sort((one, other) => other.id - one.id);
    this.#set({ items: sorted, unread, more: this.#next !== null, loaded: this.#snapshot.loaded || replaceFrom !== null });
  }

  #isNew({ id, created_at }) {
    return this.#known.get(id) !== created_at;
  }

  #remember({ id, created_at }) {
    this.#known.set(id, created_at);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value);
  }

  /** The leader brings all tabs up to date; a call while it loads makes it load once more. */
  async #load() {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    do {
      this.#again = false;
      this.#meanwhile = [];
      this.#loading = this.#feed.get("poll/", { limit: this.#limit, wait: 0 });
      const latest = await this.#loading;
      this.#loading = null;
      if (latest === null) setTimeout(() => this.#tabs.leads && this.#snapshot.status !== "stopped" && this.#load(), PAUSE_MS);
      else if (!this.#again) this.#tabs.tell("latest", this.#completed(latest));
    } while (this.#again);
  }

  #completed({ counts, items, next }) {
    const listed = new Set(items.map(({ id }) => id));
    const missing = this.#meanwhile.filter(({ id }) => !listed.has(id) && id > (items.at(-1)?.id ?? 0));
    return { counts: { ...counts, unread: counts.unread + missing.length }, items: [...missing.reverse(), ...items], next };
  }

  #pollSoon() {
    if (this.#polling || this.#pollTimer !== null) return;
    this.#pollTimer = setTimeout(() => this.#poll(), POLL_AFTER_MS);
  }

  #stopPolling() {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = null;
    this.#polling?.abort();
    this.#polling = null;
  }

  async #poll() {
    this.#pollTimer = null;
    const { signal } = (this.#polling = new AbortController());
    const module = await import("./polling.js").catch(() => null);
    if (signal.aborted) return;
    if (module === null) {
      this.#polling = null;
      this.#pollSoon(); // there is no network at all
      return;
    }
    this.#tabs.tell("status", { status: "polling", code: null });
    this.#feed.flush();
    const isNew = (item) => this.#isNew(item);
    const tell = (kind, detail) => this.#tabs.tell(kind, detail);
    await module.poll({ feed: this.#feed, limit: this.#limit, isNew, tell, signal });
    if (signal.aborted) return;
    this.#unlead();
    this.#tabs.tell("status", { status: "stopped", code: 4401 });
  }

  #set(changes) {
    this.#snapshot = { ...this.#snapshot, ...changes };
    if (!this.#telling) {
      this.#telling = true;
      queueMicrotask(() => this.#tellSubscribers());
    }
    if ("status" in changes) this.#emit("status", { status: changes.status, code: changes.code ?? null });
  }

  #tellSubscribers() {
    this.#telling = false;
    for (const run of [...this.#subscribers]) run(this.#snapshot);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
