// Renews what is marked with data-part, once a second, until that says that it has ended.
"use strict";

const SECOND = 1000;
const PATIENCE = 10 * SECOND;

const part = document.querySelector("[data-part]");
const away = document.querySelector("[data-away]");
const spoken = document.querySelector("[role=status]");

function speak() {
  const text = part.querySelector("[data-spoken]")?.dataset.spoken.trim() ?? "";
  if (text && text !== spoken.textContent) spoken.textContent = text;
}

// What somebody has opened stays open, and what has the focus keeps it.
function replace(html) {
  const open = [...part.querySelectorAll("details")].map((each) => each.open);
  const focused = [...part.querySelectorAll("*")].indexOf(document.activeElement);
  const log = part.querySelector(".perf-log")?.scrollTop;
  part.innerHTML = html;
  part.querySelectorAll("details").forEach((each, at) => (each.open = open[at] ?? false));
  if (focused >= 0) part.querySelectorAll("*")[focused]?.focus({ preventScroll: true });
  if (log) part.querySelector(".perf-log").scrollTop = log;
}

async function renew() {
  const answer = await fetch(part.dataset.part, {
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
  // Signed out, not allowed any more, or deleted: the page itself says so.
  if (answer.type === "opaqueredirect" || [403, 404].includes(answer.status)) location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  const html = await answer.text();
  // A button that is replaced while it is pressed would never be clicked.
  if (part.matches(":active")) return undefined;
  replace(html);
  speak();
  return part.querySelector("[data-ended]")?.dataset.ended;
}

async function follow() {
  let wait = SECOND;
  if (!document.hidden) {
    try {
      const end = await renew();
      if (end) return location.replace(end);
      away.hidden = true;
    } catch {
      away.hidden = false;
      wait = 2 * SECOND;
    }
  }
  setTimeout(follow, wait);
}

speak();
setTimeout(follow, SECOND);
