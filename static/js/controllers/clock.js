// @ts-check
// `<time datetime>` as the time on the reader's clock, to the second; the whole moment on hover.

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** @param {HTMLTimeElement} element */
export default function connect(element) {
  const moment = Date.parse(element.dateTime);
  if (Number.isNaN(moment)) return;
  const isToday = new Date(moment).toDateString() === new Date().toDateString();
  element.textContent = isToday ? time.format(moment) : `${day.format(moment)}, ${time.format(moment)}`;
  element.title = exact.format(moment);
}
