// @ts-check
// `<div data-controller="live" data-live-topic="instance:12" data-live-seq="9" data-live-sync="/…/sync" data-live-view="…">`
// watches its topic for as long as it is on the page. Scripts and htmx may change `data-live-view`.
import { watch } from "../live.js";

/** @param {HTMLElement} element */
export default function connect(element) {
  const start = () => {
    const { liveTopic = "", liveSeq = "0", liveView = "", liveSync } = element.dataset;
    return watch({ topic: liveTopic, after: Number(liveSeq), view: liveView, sync: liveSync });
  };
  let stop = start();
  const observer = new MutationObserver(() => {
    stop();
    stop = start();
  });
  observer.observe(element, { attributeFilter: ["data-live-view", "data-live-topic"] });
  return () => {
    observer.disconnect();
    stop();
  };
}
