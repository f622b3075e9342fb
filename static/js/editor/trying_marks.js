// @ts-check
/** Marks of a try over the cards and edges of the canvas, in the look of a live instance. */

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./trying_answers.js").Marks} Marks */
/** @typedef {{tone: string, icon: string, word: string, width: number, quiet: boolean}} Look */

const SVG = "http://www.w3.org/2000/svg";

export class TryingMarks {
  /** How each status is shown. @type {Record<string, Look>} */
  looks = {};

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  /** Take every mark away. */
  clear() {
    const { layer } = this.editor;
    for (const badge of layer.querySelectorAll(".trying-badge")) badge.remove();
    for (const element of layer.querySelectorAll("[data-trying]")) {
      element.classList.remove(...(element.getAttribute("data-trying") ?? "").split(" "));
      element.removeAttribute("data-trying");
    }
    for (const line of layer.querySelectorAll("[data-trying-arrow]")) {
      line.setAttribute("marker-end", line.getAttribute("data-trying-arrow") ?? "");
      line.removeAttribute("data-trying-arrow");
    }
    for (const word of document.querySelectorAll("#outline .trying-word")) word.remove();
    this.editor.svg.classList.remove("is-tried", "is-covered");
    this.point("");
  }

  /** @param {Marks} marks */
  show(marks) {
    this.clear();
    for (const [id, word] of Object.entries(marks.nodes)) this.#markNode(id, word);
    this.#markOutline(marks);
    for (const [id, word] of Object.entries(marks.edges)) if (word !== "pending") this.#markEdge(id, word);
    this.editor.svg.classList.toggle("is-tried", Object.keys(marks.nodes).length > 0);
  }

  /** @param {Record<string, boolean>} coverage whether an edge is taken, by element id */
  showCoverage(coverage) {
    this.clear();
    for (const [id, isTaken] of Object.entries(coverage)) this.#markEdge(id, isTaken ? "taken" : "missed");
    this.editor.svg.classList.add("is-covered");
  }

  /** Point at the card where a step-by-step try stands. @param {string} id of an element, empty for none */
  point(id) {
    for (const element of this.editor.layer.querySelectorAll(".is-tried-now")) element.classList.remove("is-tried-now");
    if (id) document.getElementById(id)?.classList.add("is-tried-now");
  }

  /** Bring a card into view. @param {string} ref */
  reveal(ref) {
    const node = this.editor.graph.nodes.get(ref);
    if (node) this.editor.viewport.reveal(node);
  }

  /** @param {string} id @param {string} word */
  #markNode(id, word) {
    const element = document.getElementById(id);
    const look = this.looks[word];
    if (!element || !look) return;
    mark(element, `status-${word}`, `look-${look.tone}`);
    const card = element.querySelector(".card");
    if (look.quiet || !card) return;
    element.append(badge(look, Number(card.getAttribute("width")) || this.editor.card.width));
  }

  /** The same words in the outline, which is the editor on a phone. @param {Marks} marks */
  #markOutline(marks) {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#outline li[data-key]"))) {
      const id = this.editor.graph.nodes.get(row.dataset.key ?? "")?.id ?? "";
      const look = this.looks[marks.nodes[id] ?? ""];
      if (!look || look.quiet) continue;
      const word = document.createElement("span");
      word.className = `chip trying-word tone-${look.tone}`;
      word.textContent = look.word;
      row.querySelector(":scope > div .outline-text")?.append(word);
    }
  }

  /** @param {string} id @param {string} word */
  #markEdge(id, word) {
    const element = document.getElementById(id);
    if (!element) return;
    mark(element, `edge-${word}`);
    const line = element.querySelector(".edge-line");
    if (!line || word === "missed") return;
    line.setAttribute("data-trying-arrow", line.getAttribute("marker-end") ?? "");
    line.setAttribute("marker-end", `url(#arrow-${word})`);
  }
}

/** @param {Element} element @param {...string} classes */
function mark(element, ...classes) {
  const added = classes.filter((name) => !element.classList.contains(name));
  if (!added.length) return;
  element.classList.add(...added);
  element.setAttribute("data-trying", added.join(" "));
}

/** @param {Look} look @param {number} width of the card @returns {SVGGElement} */
function badge(look, width) {
  const group = make("g", { class: "badge trying-badge", transform: `translate(${(width - look.width - 8).toFixed(1)} -9)` });
  const text = make("text", { x: "21", y: "12.8" });
  text.textContent = look.word;
  group.append(
    make("rect", { width: String(look.width), height: "18", rx: "9" }),
    make("use", { class: "badge-icon", href: `#icon-${look.icon}`, x: "6", y: "3", width: "12", height: "12" }),
    text,
  );
  return /** @type {SVGGElement} */ (group);
}

/** @param {string} name @param {Record<string, string>} attributes @returns {SVGElement} */
function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
