/** The feed over HTTP, and a queue of what the user did, which waits while there is no network. */

const RETRY_MS = [2000, 60_000]; // the shortest pause, and the longest, as for an answer
const LATER = /408|425|429|5../; // the same may be taken then
const MAX_IDS = 500; // of one request
const MAX_QUEUED = 1000;

export class Feed extends EventTarget {
  #url;
  #csrf;
  #user;
  #name;
  #memory = {}; // where storage is blocked or full
  #count = 1e6; // as many digits each time, as keys are put in order
  #flushing = false;
  #retry;
  #pause = RETRY_MS[0];

  constructor({ url, csrf, user, name }) {
    super();
    this.#url = url;
    this.#csrf = csrf;
    this.#user = user;
    this.#name = `${encodeURIComponent(name)} `;
  }

  /** What is at a path; null where there is no answer to use. */
  async get(path, query) {
    return bodyOf(await this.fetch(path, { query }));
  }

  /** In order, also if this tab is closed before. Of one list, two tabs would lose some. */
  post(verb, body) {
    const key = `${this.#name}${Date.now()} ${(this.#count += 1)} ${Math.random()}`;
    const request = JSON.stringify([verb, body]);
    try {
      localStorage.setItem(key, request);
    } catch {
      this.#memory[key] = request;
    }
    for (const old of this.#keys().slice(0, -MAX_QUEUED)) this.#remove(old);
    this.flush();
  }

  /** Of any number of ids. */
  postIds(verb, ids) {
    for (const part of parts(ids)) this.post(verb, { ids: part });
  }

  /** Do it at once and only once: the page goes. */
  send(verb, body) {
    return this.fetch(`${verb}/`, { body });
  }

  /** Send what waits; one tab at a time, where the browser knows how. */
  async flush() {
    if (this.#flushing || !this.#keys().length) return;
    this.#flushing = true;
    const send = () => this.#sendAll();
    await (navigator.locks?.request(`${this.#name}queue`, send).catch(send) ?? send());
  }

  async #sendAll() {
    try {
      for (let key; (key = this.#keys()[0]); ) {
        const [verb, body] = JSON.parse(this.#memory[key] ?? storage()[key]);
        const response = await this.send(verb, body);
        // Until its user is back, or a page whose token is good.
        if (/401|403/.test(response?.status)) return;
        if (!response || LATER.test(response.status)) {
          const wait = 1000 * response?.headers.get("Retry-After") || 0; // a date is no number
          clearTimeout(this.#retry);
          this.#retry = setTimeout(() => this.flush(), Math.max(wait, this.#pause));
          this.#pause = Math.min(2 * this.#pause, RETRY_MS[1]);
          return;
        }
        this.#pause = RETRY_MS[0];
        this.#remove(key);
        if (!response.ok && verb !== "ack") this.dispatchEvent(new Event("refused"));
      }
    } finally {
      this.#flushing = false; // before the lock is given back
    }
  }

  /** A response, or null where none came. */
  async fetch(path, { query = {}, headers = {}, body, signal = AbortSignal.timeout(RETRY_MS[1]) } = {}) {
    const url = new URL(this.#url + path, location);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const options = { headers, signal, redirect: "error", cache: "no-store" };
    if (body) {
      options.headers = { "Content-Type": "application/json", "X-CSRFToken": this.#token() };
      // A click that leads to another page is sent, too.
      Object.assign(options, { method: "POST", keepalive: true, body: JSON.stringify(body) });
    }
    // Somebody else may have signed in meanwhile with this browser.
    if (this.#user) options.headers["Notifications-User"] = encodeURIComponent(this.#user);
    try {
      return await fetch(url, options);
    } catch {
      return null; // no network, or aborted
    }
  }

  /** As given, or out of Django's cookie, which changes when the user signs in. */
  #token() {
    return this.#csrf ?? /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  }

  /** Oldest first. */
  #keys() {
    const keys = Object.keys({ ...this.#memory, ...storage() });
    return keys.filter((key) => key.startsWith(this.#name)).sort();
  }

  #remove(key) {
    delete this.#memory[key];
    delete storage()[key];
  }
}

function storage() {
  try {
    return localStorage ?? {};
  } catch {
    return {}; // blocked
  }
}

/** Null where there is none, or the connection broke in the middle of it. */
export async function bodyOf(response) {
  return response?.ok ? response.json().catch(() => null) : null;
}

/** As many as one request takes. */
export function* parts(ids) {
  for (let start = 0; start < ids.length; start += MAX_IDS) yield ids.slice(start, start + MAX_IDS);
}
