// @ts-check
/** The editor's addresses on the server. */

import { csrfToken } from "../csrf.js";

const PATIENCE = 20_000; // milliseconds until a request counts as lost

export class Doors {
  /** @param {string} base ends with a slash */
  constructor(base) {
    this.base = base;
  }

  /** @param {string} door @param {object} body @returns {Promise<import("./queue.js").Answer>} rejects with a readable message */
  async post(door, body) {
    const response = await fetch(this.base + door, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    }).catch(() => {
      throw new Error("The server cannot be reached.");
    });
    if (response.redirected) throw new Error("You have been signed out. Sign in in another tab, then try again.");
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    const answer = isJson ? await response.json().catch(() => null) : null;
    if (answer === null && response.status < 500) throw new Error(`The server answered ${response.status}.`);
    return { status: response.status, body: answer };
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
