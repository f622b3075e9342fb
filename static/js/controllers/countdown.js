// @ts-check
// `<time datetime>`: counts down to its moment, second by second near the end.
import { countdown } from "../time.js";

/** @param {HTMLTimeElement} element */
export default function connect(element) {
  const moment = Date.parse(element.dateTime);
  if (Number.isNaN(moment)) return undefined;
  const show = () => {
    const words = countdown(moment, Date.now());
    if (element.textContent !== words) element.textContent = words;
  };
  show();
  const timer = setInterval(show, 1000);
  return () => clearInterval(timer);
}
