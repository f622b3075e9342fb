// @ts-check
/** The dialog that asks what a task is to be answered. */

/** @typedef {import("./trying_answers.js").Given} Given */

const KINDS = {
  output: "Answers with this output",
  response: "Gets this HTTP response",
  branch: "Takes this branch",
  error: "Fails with this message",
  times_out: "Times out: nobody answers",
  skip: "Is skipped",
};
const LABELS = { output: "Output", response: "Response", error: "Message" };
const HELP = {
  output: "JSON.",
  response: "JSON with status, and perhaps headers and body.",
  branch: "",
  error: "It may be tried again, if the task is set to.",
  times_out: "",
  skip: "",
};

/**
 * @param {{name: string, output: any, canRespond: boolean, branches: {key: string, name: string}[]}} task
 * @returns {Promise<Given | null>} null when it was dismissed
 */
export function askAnswer(task) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog trying-dialog";
  dialog.setAttribute("aria-labelledby", "trying-answer-heading");
  const kinds = Object.entries(KINDS).filter(([kind]) => (kind !== "response" || task.canRespond) && (kind !== "branch" || task.branches.length));
  dialog.innerHTML = `<form method="dialog" novalidate>
    <div class="dialog-head"><h2 id="trying-answer-heading"></h2></div>
    <div class="dialog-body">
    <div class="field"><label for="trying-kind">What happens</label><select id="trying-kind"></select></div>
    <div class="field" data-value><label for="trying-value"></label><textarea id="trying-value" class="is-code" rows="6" spellcheck="false" aria-describedby="trying-value-help"></textarea><div class="help" id="trying-value-help"></div><p class="field-error" role="alert"></p></div>
    <div class="field" data-branch><label for="trying-branch">Branch</label><select id="trying-branch"></select></div>
    <div class="field-check"><input type="checkbox" id="trying-always"><label for="trying-always">Each time, not only this once</label></div>
    </div>
    <div class="dialog-actions"><button class="button" type="button" data-dismiss>Cancel</button><button class="button button-primary">Use it and run</button></div>
  </form>`;
  const find = (/** @type {string} */ selector) => /** @type {any} */ (dialog.querySelector(selector));
  find("h2").textContent = `Answer ${task.name} otherwise`;
  find("#trying-kind").append(...kinds.map(([kind, words]) => new Option(words, kind)));
  find("#trying-branch").append(...task.branches.map(({ key, name }) => new Option(name, key)));
  find("#trying-always").checked = true;
  const value = /** @type {HTMLTextAreaElement} */ (find("#trying-value"));
  const show = () => {
    const kind = /** @type {keyof typeof HELP} */ (find("#trying-kind").value);
    find("[data-value]").hidden = !["output", "response", "error"].includes(kind);
    find("[data-branch]").hidden = kind !== "branch";
    find("[for=trying-value]").textContent = /** @type {Record<string, string>} */ (LABELS)[kind] ?? "";
    find("#trying-value-help").textContent = HELP[kind];
    value.value = kind === "error" ? "It failed." : JSON.stringify(kind === "response" ? { status: 503, body: {} } : (task.output ?? {}), null, 2);
  };
  find("#trying-kind").addEventListener("change", show);
  if (task.branches.length) find("#trying-kind").value = "branch";
  show();
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    /** @type {Given | null} */
    let given = null;
    find("[data-dismiss]").addEventListener("click", () => dialog.close());
    find("form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        given = { answer: read(find("#trying-kind").value, value.value, find("#trying-branch").value), isAlways: find("#trying-always").checked };
        dialog.close();
      } catch (error) {
        find(".field-error").textContent = `This is no JSON: ${error instanceof Error ? error.message : error}`;
        value.focus();
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
  });
}

/** @param {string} kind @param {string} text @param {string} branch @returns {Record<string, any>} */
function read(kind, text, branch) {
  if (kind === "times_out" || kind === "skip") return { [kind]: true };
  if (kind === "branch") return { branch };
  if (kind === "error") return { error: { name: "Simulated", message: text.trim() || "It failed.", retryable: true } };
  return { [kind]: text.trim() ? JSON.parse(text) : null };
}
