// @ts-check
// What is watched and how far each topic is. Pure: no document, no socket, no clock.

/** @typedef {{ id: string, html: string }} Part */
/** @typedef {{ topic: string, seq: number, parts: Part[], data?: any }} Update */

/** How far every topic of this page is. */
export class Progress {
  constructor() {
    /** @type {Map<string, number>} */
    this.seqs = new Map();
  }

  /** Begin with what the page was rendered at. @param {string} topic @param {number} seq */
  begin(topic, seq) {
    this.seqs.set(topic, Math.max(seq, this.seqs.get(topic) ?? 0));
  }

  /** @param {string} topic */
  end(topic) {
    this.seqs.delete(topic);
  }

  /** The number to ask for what came later. @param {string} topic */
  after(topic) {
    return this.seqs.get(topic) ?? 0;
  }

  /**
   * Whether an update is to be shown. One that was overtaken (a slow answer to a sync, say) is not: parts are whole, so
   * the newer one already said everything.
   * @param {Update} update
   */
  accept(update) {
    const known = this.seqs.get(update.topic);
    if (known === undefined || update.seq < known) return false;
    this.seqs.set(update.topic, update.seq);
    return true;
  }
}

/**
 * An update of the wire, or null when it is none (a refusal, another shape).
 * @param {any} message
 * @returns {Update | null}
 */
export function readUpdate(message) {
  if (typeof message !== "object" || message === null) return null;
  const { topic, seq, parts, data } = message;
  if (typeof topic !== "string" || !Number.isSafeInteger(seq) || !Array.isArray(parts)) return null;
  const whole = parts.every((part) => typeof part?.id === "string" && typeof part?.html === "string");
  return whole ? { topic, seq, parts, data } : null;
}

/**
 * Milliseconds to wait before the next attempt to connect: 0.5 s doubling to 20 s, each shortened by up to a half at
 * random, so that a thousand pages do not come back in the same instant after a restart.
 * @param {number} failures attempts that failed in a row, from 1
 * @param {number} random from 0 to 1
 */
export function reconnectDelay(failures, random) {
  const longest = Math.min(20_000, 500 * 2 ** Math.min(failures - 1, 10));
  return Math.round(longest * (1 - random / 2));
}

/** What a socket's closing means: 4401 and 4403 are final, all else is worth another attempt. @param {number} code */
export function closingReason(code) {
  if (code === 4401) return "signed-out";
  if (code === 4403) return "not-allowed";
  return "lost";
}

/**
 * What to announce: the texts that are new or different, in order.
 * @param {Map<string, string>} before @param {Map<string, string>} after
 * @returns {string[]}
 */
export function newsOf(before, after) {
  return [...after].filter(([id, text]) => text && before.get(id) !== text).map(([, text]) => text);
}
