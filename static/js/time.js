// @ts-check
// How far away a moment is, in words. Pure. The same words as `accounts/templatetags/shell.py`, which writes them first.

/** @type {[number, string][]} */
const UNITS = [
  [86400 * 365, "year"],
  [86400 * 30, "month"],
  [86400 * 7, "week"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/**
 * "just now", "3 minutes ago", "in 2 days".
 * @param {number} moment milliseconds since 1970
 * @param {number} now milliseconds since 1970
 * @returns {string}
 */
export function relative(moment, now) {
  const seconds = Math.abs(moment - now) / 1000;
  for (const [length, unit] of UNITS) {
    if (seconds < length) continue;
    const count = Math.floor(seconds / length);
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return moment > now ? `in ${words}` : `${words} ago`;
  }
  return moment > now ? "in a moment" : "just now";
}

/**
 * Milliseconds until the words may change: a minute matters more than a day.
 * @param {number} moment
 * @param {number} now
 */
export function refreshAfter(moment, now) {
  const seconds = Math.abs(moment - now) / 1000;
  if (seconds < 3600) return 15_000;
  return seconds < 86400 ? 120_000 : 1_800_000;
}
