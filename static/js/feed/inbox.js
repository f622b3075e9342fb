// @ts-check
/**
 * `<quadrille-inbox>`: a bell with a count and the messages behind it, for any page.
 *
 *   <script type="module" src="https://flows.example.com/feed/inbox.js"></script>
 *   <quadrille-inbox organization="acme" environment="production" subscriber="ada" hash="…"></quadrille-inbox>
 *
 * `server` names another server than the one this file came from. The element dispatches `quadrille-count` (its detail
 * is `{unseen, unread, total}`) and `quadrille-action` (`{message, action}`, cancelable: then no link is followed).
 * Colours follow `--quadrille-ink`, `--quadrille-paper`, `--quadrille-accent` and `--quadrille-line` of the page.
 */

const HOME = new URL(import.meta.url).origin;
const RETRY_MILLISECONDS = 2000;
const LONGEST_RETRY_MILLISECONDS = 30000;
/** Between the list of messages and the edge of the window, in pixels. */
const MARGIN = 8;

/** @typedef {{type: string, label: string, redirect: {url?: string, target?: string} | null, is_done: boolean}} Action */
/** @typedef {{id: number, subject: string, text: string, avatar: string | null, actions: Action[], created_at: string,
 *    redirect: {url?: string, target?: string} | null, is_read: boolean, is_seen: boolean}} Message */

const STYLE = `
:host { position: relative; display: inline-block; font: 14px/1.4 system-ui, sans-serif;
  --ink: var(--quadrille-ink, light-dark(#1c2127, #e8ebef)); --paper: var(--quadrille-paper, light-dark(#fff, #1b2027));
  --accent: var(--quadrille-accent, light-dark(#2f5bd0, #86a8ff)); --line: var(--quadrille-line, light-dark(#d8dce1, #39414b));
  color-scheme: light dark; color: var(--ink); }
button { font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: 6px; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.bell { position: relative; padding: 6px; line-height: 0; }
.bell svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.count { position: absolute; top: -2px; right: -4px; min-width: 18px; padding: 0 4px; border-radius: 9px; background: #b92525;
  color: #fff; font-size: 12px; line-height: 18px; text-align: center; box-sizing: border-box; }
.count[hidden] { display: none; }
.panel { position: absolute; right: 0; top: calc(100% + 6px); width: min(360px, 92vw); max-height: 70vh; overflow: auto; z-index: 1000;
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 8px 30px rgb(0 0 0 / 18%); }
.panel[hidden] { display: none; }
header { display: flex; justify-content: space-between; align-items: center; padding: 10px 12px; border-bottom: 1px solid var(--line); }
h2 { margin: 0; font-size: 15px; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 10px 12px; border-bottom: 1px solid var(--line); }
li.unread { border-left: 3px solid var(--accent); padding-left: 9px; }
.subject { font-weight: 600; }
.body { margin: 2px 0 6px; overflow-wrap: anywhere; white-space: pre-line; }
.row { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; font-size: 13px; }
.row button { border-color: var(--line); padding: 2px 8px; }
.row .primary { background: var(--accent); border-color: var(--accent); color: var(--paper); }
time { opacity: 0.75; margin-right: auto; }
.empty { padding: 24px 12px; text-align: center; }
`;

const BELL = "M9 2.6a4.4 4.4 0 0 1 4.4 4.4c0 4.2 1.8 5.4 1.8 5.4H2.8S4.6 11.2 4.6 7A4.4 4.4 0 0 1 9 2.6ZM7.4 15a1.7 1.7 0 0 0 3.2 0";

/** Only addresses that lead somewhere, never ones that run something. @param {string | undefined | null} url */
export function safeAddress(url) {
  if (!url) return null;
  try {
    const address = new URL(url, document.baseURI);
    return ["http:", "https:", "mailto:", "tel:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

/** @param {string} name @param {Record<string, string>} [attributes] @param {(Node | string)[]} children */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export class QuadrilleInbox extends HTMLElement {
  static observedAttributes = ["server", "organization", "environment", "subscriber", "hash"];

  constructor() {
    super();
    /** @type {string} */ this.token = "";
    /** @type {WebSocket | null} */ this.socket = null;
    this.retry = RETRY_MILLISECONDS;
    this.counts = { unseen: 0, unread: 0, total: 0 };
    /** @type {Message[]} */ this.messages = [];
    /** What is drawn, by the number of its message, and what it says. @type {Map<number, {item: HTMLElement, says: string}>} */
    this.drawn = new Map();
    this.generation = 0;
    /** The number of the latest list that was asked for: one that was overtaken is not shown. */ this.asked = 0;
    /** As for the list, of what was told of the counts. */ this.told = 0;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.count = make("span", { class: "count", part: "count" });
    this.count.hidden = true;
    this.bell = make("button", { class: "bell", part: "bell", type: "button", "aria-expanded": "false", "aria-label": "Notifications" });
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 18 18");
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", BELL);
    svg.append(shape);
    this.bell.append(svg, this.count);
    this.list = make("ul");
    const all = make("button", { type: "button" }, "Mark all read");
    all.addEventListener("click", () => this.act("messages/all/read"));
    this.panel = make("section", { class: "panel", part: "panel", "aria-label": "Notifications" },
      make("header", {}, make("h2", {}, "Notifications"), all), this.list);
    this.panel.hidden = true;
    this.bell.addEventListener("click", () => this.toggle());
    root.append(this.bell, this.panel);
    root.addEventListener("keydown", (event) => {
      if (/** @type {KeyboardEvent} */ (event).key === "Escape" && !this.panel.hidden) {
        this.toggle();
        this.bell.focus();
      }
    });
  }

  connectedCallback() {
    this.start();
  }

  disconnectedCallback() {
    this.generation += 1;
    this.socket?.close();
    this.socket = null;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.start();
  }

  get server() {
    return (this.getAttribute("server") || HOME).replace(/\/$/, "");
  }

  /** Open a session and listen. Whatever was before is over. */
  async start() {
    const generation = ++this.generation;
    this.socket?.close();
    if (!this.getAttribute("subscriber")) return;
    try {
      await this.signIn();
      if (generation !== this.generation) return;
      this.listen(generation);
    } catch {
      this.later(generation);
    }
  }

  /** @param {number} generation */
  later(generation) {
    if (generation !== this.generation) return;
    setTimeout(() => generation === this.generation && this.start(), this.retry);
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY_MILLISECONDS);
  }

  async signIn() {
    const place = `${this.getAttribute("organization")}/${this.getAttribute("environment")}`;
    const answer = await fetch(`${this.server}/feed/${place}/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ subscriberId: this.getAttribute("subscriber"), subscriberHash: this.getAttribute("hash") }),
    });
    if (!answer.ok) throw new Error(`The session was refused: ${answer.status}`);
    const opened = await answer.json();
    this.token = opened.token;
    this.show(opened);
  }

  /** @param {number} generation */
  listen(generation) {
    const socket = new WebSocket(`${this.server.replace(/^http/, "ws")}/feed/live`);
    this.socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify({ token: this.token })));
    socket.addEventListener("message", (event) => {
      this.retry = RETRY_MILLISECONDS;
      this.told += 1;
      this.show(JSON.parse(event.data));
      if (!this.panel.hidden) this.load();
    });
    socket.addEventListener("close", () => socket === this.socket && this.later(generation));
  }

  /** @param {string} path @param {RequestInit} [how] */
  async ask(path, how = {}, again = true) {
    if (!this.token) await this.signIn();
    const { told } = this;
    const answer = await fetch(`${this.server}/feed/${path}`, { ...how, headers: { Authorization: `Bearer ${this.token}` } });
    if (answer.status === 401 && again) {
      await this.signIn();
      return this.ask(path, how, false);
    }
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    const body = await answer.json();
    // The socket has told newer counts meanwhile, unless it is away.
    if (told === this.told) this.show(body);
    return body;
  }

  /** @param {string} path */
  async act(path) {
    await this.ask(path, { method: "POST" });
    await this.load();
  }

  async load() {
    const number = ++this.asked;
    const page = await this.ask("messages?limit=30");
    if (number !== this.asked) return;
    this.messages = page.items;
    this.draw();
  }

  /** @param {{unseen: number, unread: number, total: number}} counts */
  show({ unseen, unread, total }) {
    const changed = unseen !== this.counts.unseen || unread !== this.counts.unread || total !== this.counts.total;
    this.counts = { unseen, unread, total };
    this.count.hidden = unseen === 0;
    this.count.textContent = unseen > 99 ? "99+" : String(unseen);
    this.bell.setAttribute("aria-label", unseen ? `Notifications, ${unseen} new` : "Notifications");
    if (changed) this.dispatchEvent(new CustomEvent("quadrille-count", { detail: this.counts, bubbles: true, composed: true }));
  }

  async toggle() {
    this.panel.hidden = !this.panel.hidden;
    this.bell.setAttribute("aria-expanded", String(!this.panel.hidden));
    if (this.panel.hidden) return;
    this.place();
    if (!this.messages.length) this.list.replaceChildren(make("li", { class: "empty" }, "Loading…"));
    await this.load();
    if (this.counts.unseen) await this.ask("messages/all/seen", { method: "POST" });
  }

  /** Below the bell, its right edges together, and always whole within the window. */
  place() {
    const room = document.documentElement.clientWidth;
    const width = this.panel.offsetWidth;
    const wanted = this.bell.getBoundingClientRect().right - width;
    const left = Math.max(MARGIN, Math.min(wanted, room - width - MARGIN));
    this.panel.style.right = "auto";
    this.panel.style.left = `${left - this.getBoundingClientRect().left}px`;
  }

  /** Items that say what they said stay as they are: one may be read, or have the keyboard. */
  draw() {
    const focused = this.focused();
    const items = this.messages.map((message) => {
      const says = JSON.stringify({ ...message, is_seen: true }); // which is not shown
      const known = this.drawn.get(message.id);
      return { id: message.id, says, item: known?.says === says ? known.item : this.item(message) };
    });
    const shown = items.length ? items.map(({ item }) => item) : [make("li", { class: "empty" }, "Nothing here yet.")];
    this.drawn = new Map(items.map(({ id, ...rest }) => [id, rest]));
    for (const item of [...this.list.children]) if (!shown.includes(/** @type {HTMLElement} */ (item))) item.remove();
    let next = this.list.firstElementChild;
    for (const item of shown) {
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    }
    if (focused && !this.list.contains(this.shadowRoot?.activeElement ?? null)) this.focusAgain(focused);
  }

  /** @returns {{message: number, place: number, act: string} | null} which button of which message has the keyboard */
  focused() {
    const button = this.shadowRoot?.activeElement;
    const item = button?.closest("li");
    if (!button || !item) return null;
    const message = [...this.drawn].find(([, known]) => known.item === item)?.[0] ?? 0;
    return { message, place: [...this.list.children].indexOf(item), act: /** @type {HTMLElement} */ (button).dataset.act ?? "" };
  }

  /** The same button of what is drawn anew, or of what stands in its place now; else the bell. @param {{message: number, place: number, act: string}} was */
  focusAgain({ message, place, act }) {
    const item = this.drawn.get(message)?.item ?? this.list.children[Math.min(place, this.list.children.length - 1)];
    const button = item?.querySelector(`[data-act="${CSS.escape(act)}"]`) ?? item?.querySelector("button");
    if (button instanceof HTMLElement) button.focus({ preventScroll: true });
    else this.bell.focus();
  }

  /** @param {Message} message */
  item(message) {
    const item = make("li", { class: message.is_read ? "" : "unread" });
    if (message.subject) item.append(make("div", { class: "subject" }, message.subject));
    item.append(make("div", { class: "body" }, message.text));
    const row = make("div", { class: "row" });
    const when = new Date(message.created_at);
    row.append(make("time", { datetime: message.created_at, title: when.toString() }, when.toLocaleString()));
    for (const action of message.actions) {
      const button = make("button", { type: "button", class: action.type, "data-act": action.type }, action.is_done ? `✓ ${action.label}` : action.label);
      button.addEventListener("click", () => this.press(message, action));
      row.append(button);
    }
    if (message.redirect?.url) {
      const open = make("button", { type: "button", "data-act": "open" }, "Open");
      open.addEventListener("click", async () => {
        await this.act(`messages/${message.id}/read`);
        this.go(message.redirect);
      });
      row.append(open);
    }
    const read = make("button", { type: "button", "data-act": "read" }, message.is_read ? "Unread" : "Read");
    read.addEventListener("click", () => this.act(`messages/${message.id}/${message.is_read ? "unread" : "read"}`));
    const archive = make("button", { type: "button", "data-act": "archive" }, "Archive");
    archive.addEventListener("click", () => this.act(`messages/${message.id}/archive`));
    row.append(read, archive);
    item.append(row);
    return item;
  }

  /** @param {Message} message @param {Action} action */
  async press(message, action) {
    await this.act(`messages/${message.id}/actions/${action.type}`);
    const detail = { message, action };
    const event = new CustomEvent("quadrille-action", { detail, bubbles: true, composed: true, cancelable: true });
    if (this.dispatchEvent(event)) this.go(action.redirect);
  }

  /** @param {{url?: string, target?: string} | null} redirect */
  go(redirect) {
    const address = safeAddress(redirect?.url);
    if (address) window.open(address, redirect?.target || "_self", "noopener");
  }
}

customElements.define("quadrille-inbox", QuadrilleInbox);
