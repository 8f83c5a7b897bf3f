/** The feed asked again and again: loaded only where no WebSocket opens. */

import { bodyOf } from "./feed.js";

const WAIT_SECONDS = 25;
const NO_WAIT_MS = 1000; // a server that answers "nothing new" as fast does not wait
const PAUSE_MS = 10_000;
const SILENCE_MS = 10_000; // beyond the wait: the network may be gone without a word
const MAX_PAGES = 20; // of what is new in one poll

/** Tell what is new until `signal` says stop, or until nobody is signed in any more. */
export async function poll({ feed, limit, isNew, tell, signal }) {
  let etag = "";
  let status = null;
  let missed = false; // whether some of what is new could not be loaded
  feed.flush();
  while (!signal.aborted) {
    const begun = Date.now();
    const [response, latest] = await within(1000 * WAIT_SECONDS + SILENCE_MS, ask);
    if (response?.status === 401) return;
    if (signal.aborted) return; // the socket knows better by now
    say(response === null || response.status >= 500 ? "waiting" : "polling");
    const known = etag;
    if (latest !== null) {
      await announce(latest);
      if (!missed) etag = response.headers.get("ETag");
      // A proxy may take it away, or make one of it that the server does not know.
      if (etag === known) await pause();
    } else if (response?.status !== 304 || Date.now() - begun < NO_WAIT_MS) await pause();
  }

  async function ask(signal) {
    const headers = etag ? { "If-None-Match": etag } : {};
    const response = await feed.fetch("poll/", { query: { limit, wait: WAIT_SECONDS }, headers, signal });
    return [response, await bodyOf(response)];
  }

  /** All that is new, page by page, and then the first page; acknowledged, as no socket does it. */
  async function announce(latest) {
    const waits = (item) => item.delivered_at === null;
    const goesOn = (item) => waits(item) && (missed || isNew(item));
    const further = [];
    let page = latest;
    for (let pages = 1; page?.next && page.items.every(goesOn) && pages < MAX_PAGES; pages += 1) {
      page = await feed.get("", { limit: 100, cursor: page.next });
      further.push(...(page?.items.filter(waits) ?? []));
    }
    if (signal.aborted) return;
    missed = page === null;
    const fresh = further.filter(isNew);
    if (fresh.length) tell("arrived", fresh.reverse());
    tell("latest", latest);
    if (missed) return; // what is acknowledged is passed over next time
    const waiting = [...latest.items.filter(waits), ...further].map(({ id }) => id);
    feed.postIds("ack", waiting);
  }

  function say(now) {
    if (now !== status) tell("status", { status: now, code: null });
    status = now;
  }

  /** Shorter where the network comes back. */
  function pause() {
    return within(PAUSE_MS, (over) => new Promise((resolve) => {
      over.addEventListener("abort", resolve);
      window.addEventListener("online", resolve, { signal: over });
    }));
  }

  /** What `run` comes to; the signal that it gets says stop after this time, too. */
  async function within(ms, run) {
    const controller = new AbortController();
    const stop = () => controller.abort();
    const timer = setTimeout(stop, ms);
    signal.addEventListener("abort", stop, { signal: controller.signal });
    try {
      return await run(controller.signal);
    } finally {
      clearTimeout(timer);
      stop();
    }
  }
}
