// @ts-check
/**
 * The way of every change to the server: one after the other, each made on the revision the one before it led to.
 *
 * The server merges a change with what others did meanwhile. One that it refuses is told to who made it, and so is a stale one:
 * somebody changed the same. A change that did not get through (no network, server error) is kept and goes again by itself after
 * growing pauses, or at once on `retry()`. Each has a mark of its own, by which the server makes it once, however often it is sent.
 *
 * @typedef {{status: number, body: any}} Answer
 * @typedef {{door: string, body: Record<string, unknown>, accepted?: (answer: any) => void,
 *   refused?: (problem: any) => void, stale?: (problem: any) => void,
 *   moves?: {refs: string[], by: {x: number, y: number}}, isStored?: boolean}} Change
 *   `moves`: what it moves on the canvas (shifts.js); `isStored`: what is shown has it
 * @typedef {{count: number, failed: boolean, reason: string, isRetrying: boolean, againAt: number}} QueueState
 *   `isRetrying`: what has failed before is on its way again; `againAt`: when it will be by itself, as `Date.now()` counts; 0: not
 */

/** Seconds from one failure to the next try. */
export const PAUSES = [1, 2, 5, 10, 30];
const LONGEST_WAIT = 600; // seconds that a server may ask for

/** Nothing of use came back. */
export class Undelivered extends Error {
  /** @param {string} message for people @param {{isFinal?: boolean, after?: number}} [more] `isFinal`: trying again by itself
   * would not help; `after`: seconds that the server asks for first */
  constructor(message, { isFinal = false, after = 0 } = {}) {
    super(message);
    this.isFinal = isFinal;
    this.after = after;
  }
}

export class EditQueue {
  /** @type {Change[]} */
  #waiting = [];
  #isSending = false;
  #failure = "";
  /** How often in a row nothing got through. */
  #failures = 0;
  #againAt = 0;
  /** Forgets the next try. */
  #forget = () => {};
  #isOnItsWay = false;
  /** The newest revision heard of while an answer was awaited. */
  #heard = 0;
  /** Whom to tell that a change is settled. @type {Map<Change, () => void>} */
  #awaited = new Map();
  /** @type {WeakMap<Change, string>} */
  #marks = new WeakMap();

  /**
   * @param {{revision: number, send: (door: string, body: object) => Promise<Answer>, apply: (answer: any) => void,
   *   later: (act: () => void, seconds: number) => () => void, changed?: (state: QueueState) => void, missed?: () => void, pushed?: () => void}} options
   *   `send` rejects, with a readable message, when nothing came back; `apply` shows the parts of an answer; `missed` is to ask for
   *   what was not told (`caughtUp`); `pushed` is told of each new change; `later` does something after a time, and answers what takes that back
   */
  constructor({ revision, send, apply, later, changed, missed, pushed }) {
    this.revision = revision;
    this.send = send;
    this.apply = apply;
    this.later = later;
    this.changed = changed ?? (() => {});
    this.missed = missed ?? (() => {});
    this.pushed = pushed ?? (() => {});
  }

  /** @returns {QueueState} */
  get state() {
    const isRetrying = this.#failures > 0 && this.#failure === "";
    return { count: this.#waiting.length, failed: this.#failure !== "", reason: this.#failure, isRetrying, againAt: this.#againAt };
  }

  /** Changes that are not in what the server has told yet. @returns {Change[]} */
  get underWay() {
    return this.#waiting.filter((change) => !change.isStored);
  }

  /** Resolves once this change is stored or refused, or nothing gets through. @param {Change} change @returns {Promise<void>} */
  push(change) {
    this.#waiting.push(change);
    this.#marks.set(change, newMark());
    this.pushed();
    this.changed(this.state);
    return new Promise((resolve) => {
      this.#awaited.set(change, () => resolve(undefined));
      void this.#run();
    });
  }

  /** Go on after a failure. */
  retry() {
    this.#forget();
    this.#againAt = 0;
    this.#failure = "";
    this.changed(this.state);
    return this.#run();
  }

  /** Forget what did not get through. @returns {Change[]} what was forgotten */
  discard() {
    const dropped = this.#waiting.splice(0);
    for (const change of dropped) this.#tell(change);
    this.#forget();
    this.#againAt = this.#failures = 0;
    this.#failure = "";
    this.changed(this.state);
    return dropped;
  }

  /** Resolves once nothing is on its way any more, be it because it failed. */
  async idle() {
    while (this.#isSending) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #run() {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length && !this.#failure) await this.#settle(this.#waiting[0]);
    this.#isSending = false;
    if (this.#failure) for (const change of this.#waiting) this.#tell(change);
  }

  /** @param {Change} change that is settled, or does not get through for now */
  #tell(change) {
    this.#awaited.get(change)?.();
    this.#awaited.delete(change);
  }

  /** @param {Change} change the first of those that wait */
  async #settle(change) {
    this.#isOnItsWay = true;
    const answer = await this.send(change.door, this.#bodyOf(change)).catch((error) => this.#failed(error));
    if (answer) this.#answered(change, answer);
    this.#isOnItsWay = false;
    this.changed(this.state);
    if (!this.#failure) this.#tell(change);
    if (this.#heard > this.revision) this.missed();
  }

  /** @param {Change} change */
  #bodyOf(change) {
    const retry = this.#failures > 0 && { is_retry: true };
    return { ...change.body, revision: this.revision, mark: this.#marks.get(change), ...retry };
  }

  /** @param {Change} change @param {Answer} answer */
  #answered(change, { status, body }) {
    this.#failures = 0;
    change.isStored = status < 300;
    try {
      if (typeof body?.revision === "number") this.#take(body);
      if (this.#waiting[0] === change) this.#waiting.shift();
      if (status < 300) change.accepted?.(body);
      else if (status === 409 && body.is_stale) change.stale?.(body);
      else change.refused?.(body);
    } catch (error) {
      // A fault of ours, not of the way: what is stored is not sent again for it.
      if (this.#waiting[0] === change) this.#waiting.shift();
      queueMicrotask(() => { throw error; });
    }
  }

  /** Nothing got through: keep it, and try again after a while. @param {unknown} error */
  #failed(error) {
    this.#failure = error instanceof Error ? error.message : String(error);
    const { isFinal = false, after = 0 } = error instanceof Undelivered ? error : {};
    const pause = Math.max(PAUSES[Math.min(this.#failures, PAUSES.length - 1)], Math.min(after, LONGEST_WAIT));
    this.#failures += 1;
    if (isFinal) return undefined;
    this.#againAt = Date.now() + pause * 1000;
    this.#forget = this.later(() => void this.retry(), pause);
    return undefined;
  }

  /** Show an answer, or a message of the live channel, unless it is older than what is shown.
   * @param {any} answer */
  #take(answer) {
    if (answer.revision < this.revision) return;
    this.revision = answer.revision;
    this.apply(answer);
  }

  /** What another editor's change led to. Answers false where something in between was missed: then `catchUp()`.
   *
   * While an answer is awaited it is only noted: it may be one's own change, which the answer tells as well. Shown before it, a
   * move would count twice, as stored and as under way.
   * @param {any} message @returns {boolean} */
  receive(message) {
    if (message.revision <= this.revision || this.#isNoted(message)) return true;
    if (message.base > this.revision) return false;
    this.#take(message);
    return true;
  }

  /** @param {any} answer of the sync door, made for our revision */
  caughtUp(answer) {
    if (answer.revision > this.revision && !this.#isNoted(answer)) this.#take(answer);
  }

  /** @param {any} message @returns {boolean} */
  #isNoted({ revision }) {
    if (this.#isOnItsWay) this.#heard = Math.max(this.#heard, revision);
    return this.#isOnItsWay;
  }
}

/** A name no other change has. Not `randomUUID`, which plain http has not. */
function newMark() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
