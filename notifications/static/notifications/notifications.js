/** The same notifications in all tabs: one, the leader, has the socket or polls, and tells the others. */

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

export class Notifications extends EventTarget {
  #feed;
  #tabs;
  #client;
  #limit;
  #subscribers = new Set();
  #telling = false;
  #snapshot = { items: [], unread: 0, more: false, status: "closed", code: null, loaded: false };
  #known = new Map(); // ids that were shown, with what tells one from another of the same id
  #next = null; // the cursor of what follows the items, or of what may be missing between them
  #top; // the newest id of the page that was loaded last
  #current = false; // whether it has heard all since it was loaded
  #retry;
  #version = 0; // a list asked for in another one may be older than what has changed
  #incoming = []; // by the socket in this moment, for one look at all of it
  #meanwhile = null; // what comes while a list is on its way, which may be older
  #polling = null;
  #pollTimer = null;
  #delayed = null;
  #held = {}; // up to which id all looks read that the server still counts

  constructor({ feed = "/notifications/", socket = "/ws/notifications/", user = "", csrf, limit = 20 } = {}) {
    super();
    const name = `notifications ${feed} ${user}`;
    this.#limit = Math.min(limit, 100);
    this.#feed = new Feed({ url: feed, csrf, user, name });
    this.#feed.addEventListener("refused", () => this.#tabs.tell("resync"));
    const address = new URL(socket, location);
    if (user) address.searchParams.set("user", user);
    this.#client = new NotificationClient(address);
    this.#tabs = new Tabs(name, {
      lead: () => this.#lead(),
      follow: () => this.#unlead(),
      heard: (kind, detail) => this.#heard(kind, detail),
      snapshot: () => ({ snapshot: this.#snapshot, next: this.#next, top: this.#top, held: this.#held }),
    });
    this.#listen();
  }

  get snapshot() {
    return this.#snapshot;
  }

  get leads() {
    return this.#tabs.leads;
  }

  subscribe(run) {
    this.#subscribers.add(run);
    run(this.#snapshot);
    return () => this.#subscribers.delete(run);
  }

  connect() {
    this.#tabs.join();
    this.#feed.flush();
  }

  close() {
    this.#current = false;
    this.#tabs.leave();
    this.#unlead();
    this.#set({ status: "closed" });
  }

  seen(ids) {
    return this.#change("seen", "seen", ids);
  }

  read(ids) {
    return this.#change("read", "read", ids);
  }

  markUnread(ids) {
    return this.#change("unread", "marked_unread", ids);
  }

  archive(ids) {
    return this.#change("archive", "archived", ids);
  }

  unarchive(ids) {
    return this.#change("unarchive", "unarchived", ids);
  }

  delete(ids) {
    return this.#change("delete", "deleted", ids);
  }

  readAll(undoMs = 0) {
    const { items, unread } = this.#snapshot;
    const newest = items[0]?.id;
    if (newest === undefined) return () => {};
    const ids = this.#unread();
    const finish = (leaving) => {
      if (!this.#release(finish)) return;
      const post = (body) => this.#feed[leaving && navigator.onLine ? "send" : "post"]("read", body);
      const kept = this.#unread().filter((id) => ids.includes(id)); // marked meanwhile
      // Up to an id counts what is acknowledged; by their ids those are read that may not be yet.
      for (const part of parts(ids.filter((id) => !kept.includes(id)))) post({ ids: part });
      post({ upto: Math.min(newest, ...kept.map((id) => id - 1)) });
    };
    this.#delayed?.();
    this.#delayed = finish;
    this.#tabs.tell("held", { upto: newest, unread, ms: undoMs });
    this.#tabs.tell("changed", { read: ids, unread });
    if (undoMs) setTimeout(finish, undoMs);
    else finish();
    return () => {
      if (!this.#release(finish)) return;
      this.#tabs.tell("changed", { marked_unread: ids, unread: unread + this.#snapshot.unread });
      this.#tabs.tell("resync"); // some may be archived by now
    };
  }

  async loadMore() {
    for (let cursor; (cursor = this.#next) !== null; ) {
      const version = this.#version;
      const page = await this.#feed.get("", { limit: this.#limit, cursor });
      if (page === null) return false;
      if (version !== this.#version) continue;
      const before = this.#snapshot.items.length;
      if (this.#next === cursor) this.#next = page.next;
      this.#merge(page.items);
      if (this.#snapshot.items.length > before) return true;
    }
    return false;
  }

  #unread() {
    return this.#snapshot.items.filter((item) => item.read_at === null).map(({ id }) => id);
  }

  #change(verb, kind, ids) {
    ids = [...ids];
    if (!ids.length) return;
    this.#feed.postIds(verb, ids);
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
    window.addEventListener("pagehide", () => {
      this.#delayed?.(true);
      this.#current = false;
    });
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
    if (!this.#tabs.leads) return;
    if (status === "open" || status === "stopped") this.#stopPolling();
    else this.#pollSoon(status === "waiting" && !this.#snapshot.loaded);
    if (this.#polling) return;
    this.#tabs.tell("status", { status, code });
    if (status === "open") this.#feed.flush();
  }

  #heard(kind, detail) {
    if (kind === "arrived") this.#arrived(detail);
    else if (kind === "changed") this.#changed(detail);
    else if (kind === "edited") this.#edited(detail);
    else if (kind === "held") this.#hold(detail);
    else if (kind === "status") this.#set(detail);
    else if (kind === "latest") this.#latest(detail);
    else if (kind === "resync") this.#load();
    else if (kind === "snapshot" && !this.#tabs.leads) this.#take(detail);
  }

  #gather(item) {
    if (this.#incoming.push(item) === 1) queueMicrotask(() => this.#tabs.tell("arrived", this.#incoming.splice(0)));
  }

  /** A tab that comes or comes back has what the leader has, and the lead where that has stopped. */
  #take({ snapshot, next, top, held }) {
    const { status, code, items, loaded } = snapshot;
    if (!this.#current && status === "stopped") this.#tabs.take();
    if (this.#current || !loaded) return this.#set({ status, code });
    this.#current = true;
    for (const item of items) this.#remember(item);
    this.#next = next;
    this.#top = top;
    this.#hold(held);
    this.#set(snapshot);
  }

  /** Should its tab be gone, it ends by itself, and what looked read is not. */
  #hold(held) {
    this.#held = held;
    if (held.ms) setTimeout(() => this.#held === held && this.#load(this.#hold({})), held.ms + PAUSE_MS);
  }

  #release(delayed) {
    if (this.#delayed !== delayed) return false;
    this.#delayed = null;
    this.#tabs.tell("held", {});
    return true;
  }

  #withoutHeld(unread) {
    return Math.max(0, unread - (this.#held.unread ?? 0));
  }

  /** Each once, by socket or poll. */
  #arrived(frames) {
    const fresh = frames.filter((item) => this.#isNew(item));
    if (!fresh.length) return;
    const waiting = { edited_at: null, delivered_at: null, seen_at: null, read_at: null, archived_at: null };
    const items = fresh.map(({ type, ...item }) => ({ ...waiting, ...item }));
    this.#meanwhile?.push(...items);
    this.#merge(items);
    for (const item of items) this.#emit("notification", item);
  }

  #changed({ unread, ...lists }) {
    const now = new Date().toISOString();
    let items = this.#snapshot.items;
    let count = this.#snapshot.unread;
    for (const [kind, ids] of Object.entries(lists)) {
      if (!ids?.length) continue;
      this.#version += 1;
      const named = new Set(ids);
      const before = items.filter((item) => item.read_at === null).length;
      if (GONE.includes(kind)) items = items.filter(({ id }) => !named.has(id));
      else if (LOCAL[kind]) items = items.map((item) => (named.has(item.id) ? LOCAL[kind](item, now) : item));
      else if (kind === "unarchived") this.#load();
      count += items.filter((item) => item.read_at === null).length - before;
    }
    this.#set({ items, unread: unread === undefined ? Math.max(0, count) : this.#withoutHeld(unread) });
    this.#emit("state", { unread: this.#snapshot.unread, ...lists });
  }

  /** New words; what the user did to it stays. */
  #edited({ type, ...item }) {
    this.#version += 1;
    const isIt = ({ id, created_at }) => id === item.id && created_at === item.created_at;
    this.#set({ items: this.#snapshot.items.map((one) => (isIt(one) ? { ...one, ...item } : one)) });
  }

  #latest({ counts, items, next }) {
    const first = !this.#snapshot.loaded;
    const now = new Date().toISOString();
    const unread = this.#unread();
    items = items.map((item) => (item.id <= this.#held.upto && !unread.includes(item.id) ? LOCAL.read(item, now) : item));
    // What only moves up, or comes back, is no news.
    const fresh = items.filter((item) => this.#isNew(item) && !(item.id <= this.#top && item.delivered_at));
    // Between what was loaded before and this some may be missing.
    if (!(items.at(-1)?.id <= this.#top)) this.#next = next;
    this.#top = items[0]?.id;
    this.#current = true;
    this.#merge(items, { replaceFrom: next === null ? 0 : (items.at(-1)?.id ?? 0), unread: this.#withoutHeld(counts.unread) });
    if (!first) for (const item of fresh.reverse()) this.#emit("notification", item);
  }

  /** Put in by id; of what is not older than `replaceFrom`, only these stay. */
  #merge(items, { replaceFrom = Infinity, unread = this.#snapshot.unread } = {}) {
    const older = this.#snapshot.items.filter(({ id }) => id < replaceFrom);
    const byId = new Map(older.map((item) => [item.id, item]));
    for (const item of items) {
      this.#remember(item);
      byId.set(item.id, item);
    }
    const sorted = [...byId.values()].sort((one, other) => other.id - one.id);
    this.#set({ items: sorted, unread, more: this.#next !== null, loaded: this.#snapshot.loaded || replaceFrom < Infinity });
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
    this.#version += 1;
    if (this.#meanwhile) return;
    for (let version; this.#tabs.leads && version !== this.#version; ) {
      version = this.#version;
      this.#meanwhile = [];
      const latest = await this.#feed.get("poll/", { limit: this.#limit, wait: 0 });
      clearTimeout(this.#retry);
      if (latest === null) this.#retry = setTimeout(() => this.#snapshot.status === "stopped" || this.#load(), PAUSE_MS);
      else if (this.#tabs.leads && version === this.#version) this.#tabs.tell("latest", this.#completed(latest));
    }
    this.#meanwhile = null;
  }

  #completed({ counts, items, next }) {
    const listed = new Set(items.map(({ id }) => id));
    const missing = this.#meanwhile.filter(({ id }) => !listed.has(id) && id > (items.at(-1)?.id ?? 0));
    return { counts: { unread: counts.unread + missing.length }, items: [...missing.reverse(), ...items], next };
  }

  /** At once where there is nothing to show yet. */
  #pollSoon(now) {
    if (this.#polling || (this.#pollTimer !== null && !now)) return;
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => this.#poll(), now ? 0 : POLL_AFTER_MS);
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
      return this.#pollSoon(); // there is no network at all
    }
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
      queueMicrotask(() => {
        this.#telling = false;
        for (const run of [...this.#subscribers]) run(this.#snapshot);
      });
    }
    if ("status" in changes) this.#emit("status", { status: changes.status, code: changes.code ?? null });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
