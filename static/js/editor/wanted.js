// @ts-check
/** Which field of a form a path is about, as problems and links name them. Pure. */

/** The field itself; else the first field inside what the path names; else that of what is around it.
 * @param {string[]} paths of the fields in their order, joined by dots @param {string} wanted @returns {number} -1 where there is none */
export function fieldFor(paths, wanted) {
  for (let here = wanted; here; here = here.slice(0, Math.max(here.lastIndexOf("."), 0))) {
    const exact = paths.indexOf(here);
    const found = exact < 0 ? paths.findIndex((path) => path.startsWith(`${here}.`)) : exact;
    if (found >= 0) return found;
  }
  return -1;
}

/** The row of a list or a map that a path goes on to. @param {string} path of the field @param {string} wanted
 * @param {string[]} keys of the rows, empty in a list @returns {number} -1 where the path is about no row */
export function rowFor(path, wanted, keys) {
  if (!wanted.startsWith(`${path}.`)) return -1;
  const rest = wanted.slice(path.length + 1);
  const named = keys.findIndex((key) => key !== "" && `${rest}.`.startsWith(`${key}.`));
  const number = Number(rest.split(".")[0]);
  return named < 0 && Number.isInteger(number) && number < keys.length ? number : named;
}
