// @ts-check
// `<time datetime>`: keeps the relative words true, shows the exact local time on hover.
import { refreshAfter, relative } from "../time.js";

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** @param {HTMLTimeElement} element */
export default function connect(element) {
  const moment = Date.parse(element.dateTime);
  if (Number.isNaN(moment)) return undefined;
  element.title = exact.format(moment);
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const show = () => {
    const words = relative(moment, Date.now());
    if (element.textContent !== words) element.textContent = words;
    timer = setTimeout(show, refreshAfter(moment, Date.now()));
  };
  show();
  return () => clearTimeout(timer);
}
