/** Notifications on the desktop while no tab is looked at: loaded only where the user has allowed them. */

const LOOKED_AT = "notifications looked at"; // held by each tab that somebody looks at
const OTHERS_MS = 5000; // until all other tabs have heard of it, too

function look() {
  if (document.hidden) return;
  const away = (done) => document.addEventListener("visibilitychange", done, { once: true });
  navigator.locks.request(LOOKED_AT, { mode: "shared" }, () => document.hidden || new Promise(away));
}

document.addEventListener("visibilitychange", look);
look();

/** What a tab that is looked at shows itself is shown nowhere else, and what none shows by one of them. */
export function ring({ id, title, body }) {
  const tag = `notification-${id}`;
  return navigator.locks.request(tag, { ifAvailable: true }, async (mine) => {
    const { held } = await navigator.locks.query();
    if (!mine || !document.hidden || held.some(({ name }) => name === LOOKED_AT)) return;
    new Notification(title, { body, tag });
    await new Promise((resolve) => setTimeout(resolve, OTHERS_MS));
  });
}
