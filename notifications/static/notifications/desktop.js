/** Notifications on the desktop while no tab is looked at: loaded only where the user has allowed them. */

const LOOKED_AT = "notifications looked at"; // held by each tab that somebody looks at

function look() {
  if (document.hidden) return;
  const away = (done) => document.addEventListener("visibilitychange", done, { once: true });
  navigator.locks.request(LOOKED_AT, { mode: "shared" }, () => document.hidden || new Promise(away));
}

document.addEventListener("visibilitychange", look);
look();

/** What a tab that is looked at shows itself is shown nowhere else. */
export async function ring({ id, title, body }) {
  const { held } = await navigator.locks.query();
  if (document.hidden && !held.some(({ name }) => name === LOOKED_AT)) new Notification(title, { body, tag: `notification-${id}` });
}
