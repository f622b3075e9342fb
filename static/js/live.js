// @ts-check
// Live updates: one socket for the whole page, however many topics it watches.
//
//   const stop = watch({ topic: "instance:12", after: 9, view: "approve:1", sync: "/o/…/instances/12/sync" });
//
// Parts replace the elements with their ids (see `live/morph.js`). `onUpdate(update)`, where given, is told afterwards. After
// a lost connection and whenever the tab becomes visible again, `sync` is asked for what was missed; while no connection can
// be made it is asked at every attempt, so the page stays true behind a proxy that knows no sockets.
import { announce } from "./announce.js";
import { toast } from "./toast.js";
import { replacePart } from "./live/morph.js";
import { Progress, closingReason, newsOf, readUpdate, reconnectDelay } from "./live/topics.js";

/** @typedef {{ topic: string, after?: number, view?: string, sync?: string, onUpdate?: (update: import("./live/topics.js").Update) => void }} Watched */

const progress = new Progress();
/** @type {Map<string, Watched>} */
const watched = new Map();
/** @type {WebSocket | null} */
let socket = null;
let failures = 0;
let isOver = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;

/** Watch a topic; again with another `view` to be shown it differently. @param {Watched} asked @returns {() => void} */
export function watch(asked) {
  watched.set(asked.topic, asked);
  progress.begin(asked.topic, asked.after ?? 0);
  if (socket?.readyState === WebSocket.OPEN) subscribe(asked);
  else connect();
  return () => {
    if (watched.get(asked.topic) !== asked) return;
    watched.delete(asked.topic);
    progress.end(asked.topic);
    send({ unsubscribe: asked.topic });
  };
}

/** @param {object} message */
function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** @param {Watched} asked */
function subscribe({ topic, view = "" }) {
  send({ subscribe: topic, after: progress.after(topic), view });
}

function connect() {
  if (isOver || socket || watched.size === 0) return;
  clearTimeout(retry);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/live/`);
  socket.addEventListener("open", () => {
    failures = 0;
    show("on");
    for (const asked of watched.values()) subscribe(asked);
  });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => lost(event.code));
}

/** @param {number} code */
function lost(code) {
  socket = null;
  const reason = closingReason(code);
  if (reason === "lost") {
    failures += 1;
    show("off");
    retry = setTimeout(connect, reconnectDelay(failures, Math.random()));
    if (failures > 1) syncAll();
    return;
  }
  isOver = true;
  show("off");
  toast(
    reason === "signed-out" ? "You have been signed out. Reload the page to sign in again." : "You may no longer see this page.",
    "warning",
  );
}

/** @param {any} message */
function receive(message) {
  const update = readUpdate(message);
  if (!update || !progress.accept(update)) return;
  apply(update);
}

/** @param {import("./live/topics.js").Update} update */
function apply(update) {
  let isWhole = true;
  for (const { id, html } of update.parts) {
    const target = document.getElementById(id);
    if (!target || isForAnotherView(target, html)) continue;
    const before = spoken(target);
    isWhole = replacePart(target, html) && isWhole;
    const now = document.getElementById(id);
    if (!now) continue;
    // @ts-ignore: htmx is a classic script of the shell
    window.htmx?.process(now);
    for (const text of newsOf(before, spoken(now))) announce(text);
  }
  if (!isWhole) sync(update.topic);
  watched.get(update.topic)?.onUpdate?.(update);
  document.dispatchEvent(new CustomEvent("live:update", { detail: update }));
}

/**
 * Whether a part was rendered before the page began to look at something else: both name what they show in `data-view`.
 * @param {Element} target @param {string} html
 */
function isForAnotherView(target, html) {
  const view = target.getAttribute("data-view");
  if (view === null) return false;
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.firstElementChild?.getAttribute("data-view") ?? view) !== view;
}

/** What a part says aloud when it changes: `data-announce` by the element's id. @param {Element} root @returns {Map<string, string>} */
function spoken(root) {
  const speakers = [root, ...root.querySelectorAll("[data-announce]")];
  return new Map(speakers.map((element) => [element.id, element.getAttribute("data-announce") ?? ""]));
}

/** Ask for what was missed. @param {string} topic */
export async function sync(topic) {
  const asked = watched.get(topic);
  if (!asked?.sync) return;
  const query = new URLSearchParams({ after: String(progress.after(topic)), view: asked.view ?? "" });
  try {
    const response = await fetch(`${asked.sync}?${query}`, { headers: { Accept: "application/json" }, redirect: "error" });
    if (response.ok) receive(await response.json());
  } catch {
    // The server is away: the next attempt to connect asks again.
  }
}

function syncAll() {
  if (document.visibilityState === "visible") for (const topic of watched.keys()) sync(topic);
}

/** For the stylesheet and the little sign on the page. @param {"on" | "off"} state */
function show(state) {
  document.documentElement.dataset.live = state;
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  connect();
  syncAll();
});
window.addEventListener("online", connect);
// A view may add these to any answer: `HX-Trigger: {"live-sync": {}, "close-dialogs": {}}`.
document.addEventListener("live-sync", syncAll);
document.addEventListener("close-dialogs", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (dialog).close();
});
// Back from the browser's page cache: the socket was closed, what is shown is old.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) syncAll();
});
