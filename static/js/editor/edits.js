// @ts-check
/** The edits a gesture can ask for, in the JSON of `designer/graph/edits.py`. Pure. */

/** @typedef {{do: string, [name: string]: unknown}} Edit */

/** A key that is not taken yet: the wanted one, made of legal letters, or it with a number.
 * @param {string} wanted @param {(key: string) => boolean} isTaken @returns {string} */
export function freeKey(wanted, isTaken) {
  const plain = keyFrom(wanted);
  if (!isTaken(plain)) return plain;
  let number = 2;
  while (isTaken(`${plain.slice(0, 58)}_${number}`)) number += 1;
  return `${plain.slice(0, 58)}_${number}`;
}

/** @param {string} name @returns {string} a legal key that resembles the name (flow file: [a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}) */
export function keyFrom(name) {
  const plain = name
    .normalize("NFKD")
    .replace(/[^a-zA-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase()
    .slice(0, 60);
  return plain && plain !== "trigger" ? plain : "task";
}
