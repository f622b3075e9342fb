// @ts-check
/** Rooms that are loaded when they are first wanted: without a line that does not work, and is said. */

/** @template Room @param {import("./main.js").Editor} editor @param {string} what as a person calls it
 * @param {() => Promise<Room>} load @returns {Promise<Room | null>} null when it could not be loaded; then a person was told */
export async function late(editor, what, load) {
  try {
    return await load();
  } catch {
    editor.refuse(`${what} could not be loaded. Try again once the server can be reached.`);
    return null;
  }
}
