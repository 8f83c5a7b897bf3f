/** The tabs of a browser: one leads, and what it tells all of them hear. */

const ASK_MS = 30_000;
const ANSWER_MS = 5000;

export class Tabs {
  #name;
  #on;
  #channel = null;
  #release = null;
  #joined = false;
  #asking = null;
  #silence = null;
  #turns = 0;

  /** `on`: `lead()`, `follow()`, `heard(kind, detail)`, `snapshot()`. */
  constructor(name, on) {
    this.#name = name;
    this.#on = on;
  }

  get leads() {
    return this.#release !== null;
  }

  /** Without locks or channels each tab leads itself. */
  join() {
    if (this.#joined) return;
    this.#joined = true;
    window.addEventListener("pagehide", this.#hidden);
    window.addEventListener("pageshow", this.#shown);
    document.addEventListener("visibilitychange", this.#ask);
    this.#enter();
  }

  leave() {
    this.#joined = false;
    window.removeEventListener("pagehide", this.#hidden);
    window.removeEventListener("pageshow", this.#shown);
    document.removeEventListener("visibilitychange", this.#ask);
    this.#exit();
  }

  /** The lead, whoever has it. */
  take() {
    if (!this.leads && this.#channel) this.#request(true);
  }

  /** To all tabs, this one included. */
  tell(kind, detail = null) {
    this.#channel?.postMessage({ kind, detail });
    this.#on.heard(kind, detail);
  }

  #enter() {
    if (!navigator.locks || !window.BroadcastChannel) return this.#alone();
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.#request();
    this.#channel.postMessage({ kind: "ask" });
    this.#asking = setInterval(this.#ask, ASK_MS);
  }

  #alone() {
    this.#exit();
    this.#release = () => {};
    this.#on.lead();
  }

  #exit() {
    this.#turns += 1;
    clearInterval(this.#asking);
    clearTimeout(this.#silence);
    this.#silence = null;
    this.#channel?.close();
    this.#channel = null;
    this.#release?.();
    this.#release = null;
  }

  /** Wait for the lock and keep it; a leader that answers nobody is robbed of it. */
  #request(steal = false) {
    const turn = (this.#turns += 1);
    const held = () => {
      if (turn !== this.#turns) return undefined;
      return new Promise((release) => {
        this.#release = release;
        this.#on.lead();
      });
    };
    navigator.locks.request(`${this.#name} leader`, { steal }, held).catch(({ name }) => {
      if (turn !== this.#turns) return;
      if (name !== "AbortError") return this.#alone(); // blocked
      this.#release = null;
      this.#on.follow();
      this.#request();
    });
  }

  #receive({ kind, detail }) {
    if (kind === "ask") {
      if (this.leads) this.#channel.postMessage({ kind: "snapshot", detail: this.#on.snapshot() });
      return;
    }
    clearTimeout(this.#silence);
    this.#silence = null;
    this.#on.heard(kind, detail);
  }

  #ask = () => {
    if (this.leads || document.hidden || this.#silence !== null || !this.#channel) return;
    this.#channel.postMessage({ kind: "ask" });
    this.#silence = setTimeout(() => {
      this.#silence = null;
      this.take();
    }, ANSWER_MS);
  };

  // Else the page does not get into the back-forward cache.
  #hidden = () => {
    if (this.leads) this.#on.follow();
    this.#exit();
  };

  #shown = ({ persisted }) => {
    if (persisted) this.#enter();
  };
}
