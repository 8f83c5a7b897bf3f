/** The feed asked again and again: loaded only where no WebSocket opens. */

import { bodyOf } from "./feed.js";

const WAIT_SECONDS = 25;
const NO_WAIT_MS = 1000; // a server that answers "nothing new" as fast does not wait
const PAUSE_MS = 10_000;
const MAX_PAGES = 20; // of what is new in one poll

/** Tell what is new until `signal` says stop, or until nobody is signed in any more. */
export async function poll({ feed, limit, isNew, tell, signal }) {
  let etag = "";
  let status = null;
  feed.flush();
  while (!signal.aborted) {
    const begun = Date.now();
    const headers = etag ? { "If-None-Match": etag } : {};
    const response = await feed.fetch("poll/", { query: { limit, wait: WAIT_SECONDS }, headers, signal });
    if (response?.status === 401) return;
    const latest = await bodyOf(response);
    if (signal.aborted) return; // the socket knows better by now
    say(response === null || response.status >= 500 ? "waiting" : "polling");
    const known = etag;
    if (latest !== null) {
      etag = response.headers.get("ETag");
      await announce(latest);
      // A proxy may take it away, or make one of it that the server does not know.
      if (etag === known) await pause();
    } else if (response?.status !== 304 || Date.now() - begun < NO_WAIT_MS) await pause();
  }

  /** All that is new, page by page, and then the first page; acknowledged, as no socket does it. */
  async function announce(latest) {
    const waits = (item) => item.delivered_at === null;
    const further = [];
    let page = latest;
    for (let pages = 1; page.next && page.items.every((item) => waits(item) && isNew(item)) && pages < MAX_PAGES; pages += 1) {
      page = await feed.get("", { limit: 100, cursor: page.next });
      if (page === null) break;
      further.push(...page.items.filter(waits));
    }
    if (signal.aborted) return;
    const fresh = further.filter(isNew);
    if (fresh.length) tell("arrived", fresh.reverse());
    tell("latest", latest);
    const waiting = [...latest.items.filter(waits), ...further].map(({ id }) => id);
    feed.postIds("ack", waiting);
  }

  function say(now) {
    if (now !== status) tell("status", { status: now, code: null });
    status = now;
  }

  function pause() {
    return new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
}
