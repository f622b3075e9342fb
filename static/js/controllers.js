// @ts-check
// One behaviour per element: `<div data-controller="name other">`.
//
// A controller is a module whose default export is `connect(element)`; what it returns, if anything, is called when the
// element has left the page. The shell's own controllers are registered by name; any other element says where its
// controller is: `<div data-controller="canvas" data-module="{% static 'js/editor/canvas.js' %}">`.

/** @typedef {(element: any) => (void | (() => void))} Connect */
/** @typedef {{ default: Connect }} Controller */

/** @type {Map<string, () => Promise<Controller>>} */
const known = new Map();
/** @type {Map<Element, (() => void)[]>} */
const connected = new Map();

/** Name a controller that pages may use without saying where it is. @param {string} name @param {() => Promise<any>} load */
export function register(name, load) {
  known.set(name, load);
}

/** Connect everything below a node, now and whenever the page changes. @param {Element} root */
export function watch(root) {
  connectWithin(root);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof Element) connectWithin(node);
    }
    if (changes.some((change) => change.removedNodes.length > 0)) disconnectGone();
  }).observe(root, { childList: true, subtree: true });
}

/** @param {Element} root */
function connectWithin(root) {
  if (root.matches("[data-controller]")) connect(root);
  for (const element of root.querySelectorAll("[data-controller]")) connect(element);
}

/** @param {Element} element */
function connect(element) {
  if (connected.has(element)) return;
  /** @type {(() => void)[]} */
  const goodbyes = [];
  connected.set(element, goodbyes);
  const { controller = "", module } = /** @type {HTMLElement | SVGElement} */ (element).dataset;
  const loading = controller.split(/\s+/).filter(Boolean).map(async (name) => {
    const load = known.get(name) ?? (module ? () => import(module) : null);
    if (!load) {
      console.error(`no controller is called ${name}`);
      return;
    }
    /** @type {Controller} */
    const loaded = await load();
    if (!element.isConnected) return;
    const goodbye = loaded.default(element);
    if (goodbye) goodbyes.push(goodbye);
  });
  // Also where one could not be loaded: then the element does what it does without.
  void Promise.allSettled(loading).then((results) => {
    for (const result of results) if (result.status === "rejected") reportError(result.reason);
    element.dispatchEvent(new Event("controllers-ready", { bubbles: true }));
  });
}

function disconnectGone() {
  for (const [element, goodbyes] of connected) {
    if (element.isConnected) continue;
    connected.delete(element);
    for (const goodbye of goodbyes) goodbye();
  }
}
