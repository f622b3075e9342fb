// @ts-check
/** The editor's addresses on the server. */

import { csrfToken } from "../csrf.js";
import { Undelivered } from "./queue.js";

const PATIENCE = 20_000; // milliseconds until a request counts as lost

/** @type {Record<number, string>} */
const BUSY = { 429: "The server has too much to do.", 503: "The server is not ready." };

/** Whether an answer says nothing about what was asked, only that it is not done now. @param {number} status */
export function isBusy(status) {
  return status >= 500 || status === 429 || status === 408;
}

/** @param {{headers: {get(name: string): string | null}}} response @returns {number} for how many seconds it asks to be left alone */
export function waitOf({ headers }) {
  const said = headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

export class Doors {
  /** @param {string} base ends with a slash */
  constructor(base) {
    this.base = base;
  }

  /** @param {string} door @param {object} body @returns {Promise<import("./queue.js").Answer>} rejects, when nothing
   * of use came back, with an `Undelivered` */
  async post(door, body) {
    const response = await fetch(this.base + door, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    }).catch((error) => {
      throw new Undelivered(error?.name === "TimeoutError" ? "The server takes too long to answer." : "The server cannot be reached.");
    });
    if (response.redirected) throw new Undelivered("You have been signed out. Sign in in another tab, then try again.", { isFinal: true });
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    const answer = isJson ? await response.json().catch(() => null) : null;
    const { status } = response;
    if (isBusy(status)) throw new Undelivered(BUSY[status] ?? "The server could not do it.", { after: waitOf(response) });
    if (answer === null) throw new Undelivered(`The server answered ${status}.`, { isFinal: status >= 300 });
    return { status, body: answer };
  }

  /** @param {string} door @param {Record<string, string>} query @returns {Promise<Response | null>} null when it did not work */
  async get(door, query) {
    const address = `${this.base}${door}?${new URLSearchParams(query)}`;
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
      return response.ok && !response.redirected ? response : null;
    } catch {
      return null;
    }
  }
}
