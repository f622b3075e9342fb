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

/**
 * How long until a moment, to the second: "in 9 s", "in 4 min 5 s", "in 2 h 3 min", "now".
 * @param {number} moment milliseconds since 1970
 * @param {number} now milliseconds since 1970
 */
export function countdown(moment, now) {
  const seconds = Math.ceil((moment - now) / 1000);
  if (seconds <= 0) return "now";
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `in ${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return relative(moment, now);
}
