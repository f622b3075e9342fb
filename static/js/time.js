// @ts-check
// How far away a moment is, in words. Pure. The same words as `accounts/templatetags/shell.py`, which writes them first.

// Length in seconds, its word, and the number from which the next one is told: what lasts 90 days is said to.
/** @type {[number, string, number][]} */
const UNITS = [
  [60, "minute", 60],
  [3600, "hour", 24],
  [86400, "day", 91],
  [(86400 * 365) / 12, "month", 12],
  [86400 * 365, "year", Infinity],
];

/**
 * "just now", "3 minutes ago", "in 2 days": rounded to the nearest.
 * @param {number} moment milliseconds since 1970
 * @param {number} now milliseconds since 1970
 * @returns {string}
 */
export function relative(moment, now) {
  const seconds = Math.abs(moment - now) / 1000;
  if (seconds < 60) return moment > now ? "in a moment" : "just now";
  for (const [length, unit, most] of UNITS) {
    const count = Math.floor(seconds / length + 0.5);
    if (count >= most) continue;
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return moment > now ? `in ${words}` : `${words} ago`;
  }
  return "";
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
