// @ts-check
// The page of an instance: a click on a task of the graph shows its step; the selected one is marked everywhere.

/** @param {HTMLElement} root */
export default function connect(root) {
  let shown = "";
  const mark = () => {
    const panel = root.querySelector("#instance-step");
    const { view = "", selected = "" } = panel instanceof HTMLElement ? panel.dataset : {};
    if (root.dataset.liveView !== view) root.dataset.liveView = view;
    if (selected !== shown) {
      shown = selected;
      reveal(root, selected);
    }
    for (const element of root.querySelectorAll("[data-task], [data-timeline]")) {
      const is = /** @type {HTMLElement} */ (element).dataset.task === selected;
      if (element.classList.contains("is-selected") !== is) element.classList.toggle("is-selected", is);
    }
  };
  mark();

  // Another step may be chosen before the first has come: the last choice counts, whichever answer comes last.
  /** @type {XMLHttpRequest | null} */
  let asked = null;
  root.addEventListener("htmx:beforeSend", (event) => {
    const { xhr, target } = /** @type {CustomEvent} */ (event).detail;
    if (target.id === "instance-step") asked = xhr;
  });
  // Told of by what asked: the panel that it asked for may have been replaced.
  root.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, target } = /** @type {CustomEvent} */ (event).detail;
    if (target.id === "instance-step" && xhr !== asked) event.preventDefault();
  });

  /** @param {Element} node */
  const open = (node) => {
    const task = /** @type {HTMLElement} */ (node).dataset.task ?? "";
    const link = document.createElement("a");
    link.href = node.querySelector("a[href]")?.getAttribute("href") ?? `?step=${encodeURIComponent(task)}`;
    // @ts-ignore: htmx is a classic script of the shell
    const { htmx } = window;
    if (!htmx) {
      location.assign(link.href);
      return;
    }
    // Each card asks for itself: what asks twice waits for its first answer before it asks again.
    const answered = htmx.ajax("GET", link.href, { source: node, target: "#instance-step", swap: "live" });
    const mine = asked;
    answered.then(() => {
      if (mine !== asked) return;
      history.replaceState(history.state, "", link.href);
      if (matchMedia("(max-width: 900px)").matches) document.getElementById("instance-step")?.scrollIntoView({ block: "start" });
    });
  };

  const graph = root.querySelector(".instance-graph");
  graph?.addEventListener("click", (event) => {
    const node = event.target instanceof Element ? event.target.closest("[data-task]") : null;
    const { ctrlKey, metaKey, shiftKey } = /** @type {MouseEvent} */ (event);
    // A card is a link too: another tab may be wanted, and without scripts it leads to the whole page.
    if (!node || root.dataset.graph === "still" || ctrlKey || metaKey || shiftKey) return;
    event.preventDefault();
    open(node);
  });
  graph?.addEventListener("keydown", (event) => {
    const { key, target } = /** @type {KeyboardEvent} */ (event);
    const node = target instanceof Element ? target.closest("[data-task]") : null;
    if (!node || (key !== "Enter" && key !== " ")) return;
    event.preventDefault();
    open(node);
  });

  root.addEventListener("click", (event) => {
    const close = event.target instanceof Element ? event.target.closest("dialog [data-close]") : null;
    if (close) event.preventDefault();
  });
  root.addEventListener("htmx:afterSwap", mark);
  document.addEventListener("live:update", mark);
  return () => document.removeEventListener("live:update", mark);
}

/** Scroll the graph, and only the graph, so that a task is in sight. @param {HTMLElement} root @param {string} task */
function reveal(root, task) {
  const frame = root.querySelector(".instance-graph");
  const node = frame && [...frame.querySelectorAll("[data-task]")].find((one) => /** @type {HTMLElement} */ (one).dataset.task === task);
  if (!frame || !node) return;
  const [outer, inner] = [frame.getBoundingClientRect(), node.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) {
    frame.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  }
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    frame.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
  }
}
