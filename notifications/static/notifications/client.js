/** Live notifications over one WebSocket, as docs/reference/protocol.md and client.md beside it have them. */

const ACK_DELAY_MS = 1000;
const PING_INTERVAL_MS = 25_000;
const PONG_TIMEOUT_MS = 10_000;
const HELLO_TIMEOUT_MS = 30_000; // many clients that come back at once wait for each other
const MAX_BACKOFF = 16;
const MAX_IDS_PER_FRAME = 500; // even of 19 digits they fit into a frame's 16 kB
const MAX_REMEMBERED_IDS = 10_000;

const ABNORMAL_CLOSURE = 1006;
const MADE_ROOM = 4429;
const RECONNECT_CODES = new Set([1000, 1001, 1006, 1011, 1012, 4408, 4419, 4503]);

export class NotificationClient extends EventTarget {
  #url;
  #socket = null;
  #status = "closed";
  #code = null;
  #unread = 0;
  #epoch = null; // in another one, ids stand for other notifications
  #upto = 0; // the unread count that was told last includes nothing above this id
  #shown = new Map(); // ids, with what tells one notification from another of the same id
  #unacknowledged = [];
  #halfWindow = 1;
  #marks = { seen: new Set(), read: new Set(), archive: new Set() };
  #readUpTo = 0;
  #retrySeconds = [1, 5];
  #attempts = 0;
  #timers = new Map();
  #listeners = null;

  constructor(url = "/ws/notifications/") {
    super();
    this.#url = url;
  }

  get status() {
    return this.#status;
  }

  get unread() {
    return this.#unread;
  }

  connect() {
    this.#listeners?.abort();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const check = () => this.#check();
    window.addEventListener("online", check, { signal });
    window.addEventListener("offline", check, { signal });
    document.addEventListener("visibilitychange", check, { signal });
    const turnTo = () => this.#turnedTo();
    for (const event of ["focus", "pointerdown", "keydown"]) {
      window.addEventListener(event, turnTo, { signal });
    }
    document.addEventListener("visibilitychange", turnTo, { signal });
    // A page with an open socket does not get into the back-forward cache.
    window.addEventListener("pagehide", () => this.#status === "stopped" || this.#hangUp(), { signal });
    window.addEventListener("pageshow", () => this.#status === "closed" && this.#open(), { signal });
    this.#open();
  }

  close() {
    this.#listeners?.abort();
    this.#hangUp();
  }

  /** Without a connection, marks are told to the server on the next one. */
  seen(ids) {
    this.#mark("seen", ids);
  }

  read(ids) {
    this.#mark("read", ids);
  }

  archive(ids) {
    this.#mark("archive", ids);
  }

  readAll(upTo) {
    this.#readUpTo = Math.max(this.#readUpTo, upTo);
    this.#sendMarks();
  }

  #open() {
    this.#drop();
    this.#setStatus("connecting");
    const address = new URL(this.#url, location);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = new WebSocket(address);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#lost(code);
    this.#expectWithin(HELLO_TIMEOUT_MS);
  }

  /** Forget the socket at once: the closing handshake of a dead connection takes long. */
  #drop() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    // The server takes acks for what this connection got, and sends the rest again.
    this.#unacknowledged = [];
    if (this.#socket === null) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #lost(code) {
    this.#drop();
    if (!RECONNECT_CODES.has(code)) return this.#setStatus("stopped", code);
    const [shortest, longest] = this.#retrySeconds;
    const seconds = shortest + Math.random() * (longest - shortest);
    const factor = Math.min(2 ** this.#attempts, MAX_BACKOFF);
    this.#attempts += 1;
    this.#after("retry", 1000 * seconds * factor, () => this.#open());
    this.#setStatus("waiting", code);
  }

  #hangUp() {
    this.#acknowledge();
    this.#drop();
    this.#setStatus("closed");
  }

  /** Network or tab are back, or gone: do not wait for a timer. */
  #check() {
    if (this.#status === "open") this.#ping();
    else if (this.#status === "waiting" && navigator.onLine && !document.hidden) this.#open();
  }

  /** Somebody looks at this tab: now another one is the least wanted. */
  #turnedTo() {
    if (this.#code === MADE_ROOM && !document.hidden) this.#open();
  }

  #receive(frame) {
    this.#cancel("silence");
    switch (frame.type) {
      case "hello":
        return this.#greet(frame);
      case "notification":
        return this.#take([frame]);
      case "batch":
        return this.#take(frame.items);
      case "state":
        return this.#setState(frame);
      case "edited":
        return this.#emit("edited", frame.item);
      case "resync":
        return this.#emit("resync");
      case "error":
        return console.error(`notifications: ${frame.code}: ${frame.detail}`);
    }
  }

  #greet({ epoch, unread, upto, window, retry }) {
    if (this.#epoch !== null && epoch !== this.#epoch) this.#forget();
    this.#epoch = epoch;
    this.#attempts = 0;
    this.#retrySeconds = retry;
    this.#halfWindow = Math.max(1, Math.floor(window / 2));
    this.#after("ping", PING_INTERVAL_MS, () => this.#ping());
    this.#setStatus("open");
    this.#setState({ unread, upto });
    this.#sendMarks();
    this.#emit("resync");
  }

  #take(items) {
    const fresh = items.filter((item) => this.#isFresh(item));
    // Duplicates as well: the server sent them because an ack did not reach it.
    this.#unacknowledged.push(...items.map(({ id }) => id));
    if (this.#unacknowledged.length >= this.#halfWindow) this.#acknowledge();
    else if (!this.#timers.has("ack")) {
      // At random: else a broadcast is answered by everybody in the same moment.
      const delay = ACK_DELAY_MS * (0.5 + Math.random() / 2);
      this.#after("ack", delay, () => this.#acknowledge());
    }
    for (const item of fresh) this.#emit("notification", item);
    this.#emitState({});
  }

  /** Whether it arrives for the first time; counts it unless the server has. */
  #isFresh({ id, created_at }) {
    if (this.#shown.has(id)) {
      if (this.#shown.get(id) === created_at) return false;
      this.#forget(); // a database that was restored gives ids again
    }
    this.#shown.set(id, created_at);
    if (this.#shown.size > MAX_REMEMBERED_IDS) this.#shown.delete(this.#shown.keys().next().value);
    if (id > this.#upto) this.#unread += 1;
    return true;
  }

  /** Ids stand for other notifications now; what the user did to the old ones is not about these. */
  #forget() {
    this.#shown.clear();
    for (const ids of Object.values(this.#marks)) ids.clear();
    this.#readUpTo = 0;
  }

  #acknowledge() {
    this.#cancel("ack");
    this.#sendIds("ack", this.#unacknowledged);
    this.#unacknowledged = [];
  }

  #mark(kind, ids) {
    for (const id of ids) this.#marks[kind].add(id);
    this.#sendMarks();
  }

  #sendMarks() {
    if (this.#status !== "open") return;
    for (const [type, ids] of Object.entries(this.#marks)) {
      this.#sendIds(type, [...ids]);
      ids.clear();
    }
    if (this.#readUpTo > 0) this.#send({ type: "read_all", upto: this.#readUpTo });
    this.#readUpTo = 0;
  }

  #sendIds(type, ids) {
    for (let start = 0; start < ids.length; start += MAX_IDS_PER_FRAME) {
      this.#send({ type, ids: ids.slice(start, start + MAX_IDS_PER_FRAME) });
    }
  }

  #send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  #ping() {
    this.#send({ type: "ping" });
    this.#expectWithin(PONG_TIMEOUT_MS);
    this.#after("ping", PING_INTERVAL_MS, () => this.#ping());
  }

  /** Any frame within this time proves that the server is there. */
  #expectWithin(ms) {
    this.#after("silence", ms, () => this.#lost(ABNORMAL_CLOSURE));
  }

  #after(name, ms, action) {
    this.#cancel(name);
    const run = () => {
      this.#timers.delete(name);
      action();
    };
    this.#timers.set(name, setTimeout(run, ms));
  }

  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #setStatus(status, code = null) {
    this.#status = status;
    this.#code = code;
    this.#emit("status", { status, code });
  }

  /** What the server counted, and what it had not seen yet but is here already. */
  #setState({ type, unread, upto, ...changes }) {
    this.#upto = upto;
    for (const id of changes.deleted ?? []) this.#shown.delete(id);
    this.#unread = unread + [...this.#shown.keys()].filter((id) => id > upto).length;
    this.#emitState(changes);
  }

  #emitState(changes) {
    this.#emit("state", { seen: [], read: [], archived: [], ...changes, unread: this.#unread });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
