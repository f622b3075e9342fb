// @ts-check
/**
 * The way of every change to the server: one after the other, each made on the revision the one before it led to.
 *
 * The server merges a change with what others did meanwhile. One that it refuses is told to who made it, and so is a stale one:
 * somebody changed the same. A change that did not get through (no network, server error) is kept, and goes again on `retry()`.
 *
 * @typedef {{status: number, body: any}} Answer
 * @typedef {{door: string, body: Record<string, unknown>, accepted?: (answer: any) => void,
 *   refused?: (problem: any) => void, stale?: (problem: any) => void,
 *   moves?: {refs: string[], by: {x: number, y: number}}, isStored?: boolean}} Change
 *   `moves`: what it moves on the canvas (shifts.js); `isStored`: what is shown has it
 * @typedef {{count: number, failed: boolean, reason: string}} QueueState
 */

export class EditQueue {
  /** @type {Change[]} */
  #waiting = [];
  #isSending = false;
  #failure = "";
  #isRetry = false;
  #isOnItsWay = false;
  /** The newest revision heard of while an answer was awaited. */
  #heard = 0;
  /** Whom to tell that a change is settled. @type {Map<Change, () => void>} */
  #awaited = new Map();

  /**
   * @param {{revision: number, send: (door: string, body: object) => Promise<Answer>, apply: (answer: any) => void,
   *   changed?: (state: QueueState) => void, missed?: () => void}} options `send` rejects, with a readable message, when nothing came back;
   *   `apply` shows the parts of an answer; `missed` is to ask for what was not told (`caughtUp`)
   */
  constructor({ revision, send, apply, changed, missed }) {
    this.revision = revision;
    this.send = send;
    this.apply = apply;
    this.changed = changed ?? (() => {});
    this.missed = missed ?? (() => {});
  }

  /** @returns {QueueState} */
  get state() {
    return { count: this.#waiting.length, failed: this.#failure !== "", reason: this.#failure };
  }

  /** Changes that are not in what the server has told yet. @returns {Change[]} */
  get underWay() {
    return this.#waiting.filter((change) => !change.isStored);
  }

  /** Resolves once this change is stored or refused, or nothing gets through. @param {Change} change @returns {Promise<void>} */
  push(change) {
    this.#waiting.push(change);
    this.changed(this.state);
    return new Promise((resolve) => {
      this.#awaited.set(change, () => resolve(undefined));
      void this.#run();
    });
  }

  /** Go on after a failure. */
  retry() {
    this.#failure = "";
    this.#isRetry = true;
    this.changed(this.state);
    return this.#run();
  }

  /** Forget what did not get through. @returns {Change[]} what was forgotten */
  discard() {
    const dropped = this.#waiting.splice(0);
    for (const change of dropped) this.#tell(change);
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
    try {
      const { status, body } = await this.#deliver(change);
      if (this.#waiting[0] === change) this.#waiting.shift();
      if (status < 300) change.accepted?.(body);
      else if (status === 409 && body.is_stale) change.stale?.(body);
      else change.refused?.(body);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
    this.#isOnItsWay = false;
    this.changed(this.state);
    if (!this.#failure) this.#tell(change);
    if (this.#heard > this.revision) this.missed();
  }

  /** @param {Change} change @returns {Promise<Answer>} the last answer; its parts are applied already */
  async #deliver(change) {
    const retry = this.#isRetry && { is_retry: true };
    const answer = await this.send(change.door, { ...change.body, revision: this.revision, ...retry });
    if (answer.status >= 500) throw new Error("The server could not do it.");
    this.#isRetry = false;
    change.isStored = answer.status < 300;
    if (typeof answer.body?.revision === "number") this.#take(answer.body);
    return answer;
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
