// @ts-check
// `hx-swap="live"` for a part that is also kept up to date live: what a person has opened or typed in it stays, however late the
// answer comes. Needs `hx-ext="live"` around it. A part says in `data-view` how it was asked for, in `data-step` what it shows.
// `hx-swap="morph"` only changes what differs: what has the keyboard stays the same element, and its new state is read out.
import { morphTo } from "./morph.js";

// @ts-ignore: htmx is a classic script of the shell
window.htmx?.defineExtension("live", {
  /**
   * @param {string} style @param {Element} target @param {DocumentFragment} fragment @param {{ elts: Element[] }} settling
   * @returns {Element[] | false}
   */
  handleSwap(style, target, fragment, settling) {
    const fresh = fragment.firstElementChild;
    if (style === "morph" && fresh) {
      morphTo(target, fresh);
      settling.elts.push(target);
      return [target];
    }
    if (style !== "live" || !fresh) return false;
    const [before, now] = [/** @type {HTMLElement} */ (target).dataset, /** @type {HTMLElement} */ (fresh).dataset];
    if (before.view === now.view) {
      // It is there already, and may be newer than this answer.
      document.dispatchEvent(new CustomEvent("live-sync"));
      return [target];
    }
    if (before.step !== now.step) {
      target.replaceWith(fresh);
      settling.elts.push(fresh); // htmx tells of no swap that an extension made, unless it is asked to
      return [fresh];
    }
    morphTo(target, fresh);
    settling.elts.push(target);
    return [target];
  },
});
