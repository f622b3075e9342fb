// Every operation through the official clients, once as it should go and once refused: prints a JSON line for each.
// Told by the environment: BASE_URL, TOKEN, CLIENT (sdk, combined or single).
// Retries stay as they are by default; whoever waits longer than a minute for an answer has failed.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { BASE_URL, TOKEN, CLIENT } = process.env;
let token = TOKEN;

async function clients() {
  if (CLIENT === "single") {
    const definition = require("@epilot/workflow-definition-client").getClient();
    const execution = require("@epilot/workflow-client").getClient();
    for (const client of [definition, execution]) {
      client.interceptors.request.use((config) => {
        config.headers.authorization = `Bearer ${token}`;
        return config;
      });
    }
    return [definition, execution];
  }
  if (CLIENT === "combined") {
    const { epilot } = await import("@epilot/sdk");
    epilot.authorize(() => token);
    return [epilot.workflowDefinition.getClient(), epilot.workflow.getClient()];
  }
  const definitions = await import("@epilot/sdk/workflow-definition");
  const executions = await import("@epilot/sdk/workflow");
  const found = [definitions.getClient(), executions.getClient()];
  definitions.authorize(found[0], () => token);
  executions.authorize(found[1], () => token);
  return found;
}

const [definition, execution] = await clients();
for (const client of [definition, execution]) {
  client.defaults.baseURL = BASE_URL;
  client.defaults.timeout = 60_000;
}

const called = new Set();

function say(operation, step, fields) {
  console.log(JSON.stringify({ operation, case: step, ...fields }));
}

// Calls an operation that is to succeed; answers its data.
async function go(client, operation, ...args) {
  if (typeof client[operation] !== "function") return undefined;
  called.add(operation);
  try {
    const answer = await client[operation](...args);
    say(operation, "success", { status: answer.status, data: answer.data === "" ? null : answer.data });
    return answer.data;
  } catch (error) {
    say(operation, "success", { failed: String(error), data: error?.response?.data ?? null });
    throw error;
  }
}

// Calls an operation that is to be refused.
async function refused(client, operation, status, ...args) {
  if (typeof client[operation] !== "function") return;
  try {
    const answer = await client[operation](...args);
    say(operation, "error", { failed: `answered ${answer.status}` });
  } catch (error) {
    const found = { status: error?.response?.status, message: error?.response?.data?.message ?? null };
    say(operation, "error", found.status === status ? found : { ...found, failed: `${found.status}, not ${status}: ${error}` });
  }
}

async function unauthorized(client, operation, ...args) {
  token = "no";
  await refused(client, operation, 401, ...args);
  token = TOKEN;
}

const source = { origin: "trigger", origin_type: "entity", schema: "contract", attribute: "state", attribute_type: "select" };
const METER = {
  name: `Meter exchange ${CLIENT}`,
  version: "v3",
  enabled: true,
  trigger: { type: "manual", entity_schema: "contract" },
  phases: [{ id: "ph-prep", name: "Preparation" }],
  tasks: [
    { id: "t-call", name: "Call customer", task_type: "MANUAL", phase_id: "ph-prep", assigned_to: ["1001", { variable: "{{entity.owner}}" }] },
    {
      id: "t-ok", name: "Date agreed?", task_type: "DECISION", phase_id: "ph-prep", trigger_mode: "automatic",
      conditions: [
        { id: "c-yes", branch_name: "Yes", logical_operator: "AND", statements: [{ id: "s1", operator: "is_empty", values: [], source }] },
        { id: "none-met-t-ok", branch_name: "Otherwise", logical_operator: "AND", statements: [] },
      ],
    },
    {
      id: "t-mail", name: "Send appointment", task_type: "AUTOMATION", trigger_mode: "automatic",
      automation_config: { action_config: { type: "send-email", config: { template: "appointment" } } },
      schedule: { mode: "delayed", duration: 2, unit: "hours" },
    },
    { id: "t-letter", name: "Write letter", task_type: "MANUAL" },
    { id: "t-run", name: "Run it", task_type: "AUTOMATION", trigger_mode: "manual", automation_config: { action_config: { type: "x" } } },
  ],
  edges: [
    { id: "e0", from_id: "trigger", to_id: "ph-prep" },
    { id: "e1", from_id: "ph-prep", to_id: "t-call" },
    { id: "e2", from_id: "t-call", to_id: "t-ok" },
    { id: "e3", from_id: "t-ok", to_id: "t-mail", condition_id: "c-yes" },
    { id: "e4", from_id: "t-ok", to_id: "t-letter", condition_id: "none-met-t-ok", none_met: true },
    { id: "e5", from_id: "t-mail", to_id: "t-run" },
  ],
};

async function definitions() {
  const reason = await go(definition, "createClosingReason", null, { title: `Withdrew ${CLIENT}`, status: "ACTIVE" });
  await refused(definition, "createClosingReason", 400, null, {});
  await go(definition, "getAllClosingReasons", { includeInactive: true });
  await unauthorized(definition, "getAllClosingReasons");
  await go(definition, "getClosingReason", reason.id);
  await refused(definition, "getClosingReason", 404, "nope");
  await go(definition, "getClosingReasonV1", reason.id);
  await refused(definition, "getClosingReasonV1", 404, "nope");
  await go(definition, "updateClosingReason", reason.id, { title: `Left ${CLIENT}` });
  await refused(definition, "updateClosingReason", 404, "nope", { title: "x" });
  await go(definition, "changeReasonStatus", reason.id, { status: "ACTIVE" });
  await refused(definition, "changeReasonStatus", 400, reason.id, { status: "MAYBE" });

  const made = await go(definition, "createFlowTemplate", null, { ...METER, closing_reasons: [{ id: reason.id }] });
  await refused(definition, "createFlowTemplate", 400, null, { name: "No", tasks: [], edges: [] });
  await go(definition, "listFlowTemplates", { trigger_type: "manual", trigger_schema: "contract" });
  await unauthorized(definition, "listFlowTemplates");
  await go(definition, "searchFlowTemplates", null, { name: "meter", size: 5 });
  await refused(definition, "searchFlowTemplates", 400, null, { size: 1000 });
  await go(definition, "getFlowTemplate", made.id);
  await refused(definition, "getFlowTemplate", 404, "nope");
  await go(definition, "updateFlowTemplate", made.id, { ...made, description: "Changed" });
  await refused(definition, "updateFlowTemplate", 409, made.id, made);
  const copy = await go(definition, "duplicateFlowTemplate", made.id);
  await refused(definition, "duplicateFlowTemplate", 404, "nope");
  const axios = definition;
  const plain = {
    exportFlowTemplate: (id) => axios.get(`/v2/flows/templates/${id}/export`),
    importFlowTemplate: (data) => axios.post("/v2/flows/templates/import", data),
  };
  const exported = await go(plain, "exportFlowTemplate", made.id);
  await refused(plain, "exportFlowTemplate", 404, "nope");
  await go(plain, "importFlowTemplate", exported);
  await refused(plain, "importFlowTemplate", 400, []);
  await go(definition, "deleteFlowTemplate", copy.id);
  await refused(definition, "deleteFlowTemplate", 404, copy.id);

  await go(definition, "getMaxAllowedLimit");
  await unauthorized(definition, "getMaxAllowedLimit");
  const old = await go(definition, "createDefinition", null, {
    name: "Complaint",
    flow: [
      { type: "SECTION", name: "Intake", order: 1, steps: [{ type: "STEP", name: "Read letter", order: 1, executionType: "MANUAL" }] },
      { type: "STEP", name: "Answer", order: 2 },
    ],
  });
  await refused(definition, "createDefinition", 400, null, { name: "x" });
  await go(definition, "getDefinitions");
  await unauthorized(definition, "getDefinitions");
  await go(definition, "getDefinition", old.id);
  await refused(definition, "getDefinition", 404, "nope");
  await go(definition, "updateDefinition", old.id, { ...old, name: "Complaints" });
  await refused(definition, "updateDefinition", 404, "nope", old);
  await go(definition, "setWorkflowClosingReasons", old.id, { reasons: [{ id: reason.id }] });
  await refused(definition, "setWorkflowClosingReasons", 400, old.id, { reasons: [{ id: "nope" }] });
  await go(definition, "getWorkflowClosingReasons", old.id);
  await refused(definition, "getWorkflowClosingReasons", 404, "nope");
  return { template: made, old, reason };
}

async function executions({ template, old, reason }) {
  const contexts = [{ entity_id: `ent-${CLIENT}`, entity_schema: "contract", is_primary: true }];
  const begin = () => go(execution, "startFlowExecution", null, { flow_template_id: template.id, trigger: { type: "MANUAL" }, contexts });
  let run = await begin();
  await refused(execution, "startFlowExecution", 400, null, { flow_template_id: template.id, contexts: [] });
  const of = (id) => ({ execution_id: run.id, task_id: run.tasks.find((task) => task.template_id === id)?.id ?? id });
  await go(execution, "getFlowExecution", { execution_id: run.id });
  await refused(execution, "getFlowExecution", 404, { execution_id: "nope" });
  await go(execution, "searchFlowExecutions", null, { entity_id: contexts[0].entity_id, entity_schema: "contract" });
  await refused(execution, "searchFlowExecutions", 400, null, {});
  await go(execution, "patchFlowExecution", { execution_id: run.id }, { assigned_to: ["1002"], due_date: "2030-09-30T00:00:00.000" });
  await refused(execution, "patchFlowExecution", 400, { execution_id: run.id }, { due_date: "never" });
  await go(execution, "patchPhase", { execution_id: run.id, phase_id: run.phases[0].id }, { name: "Prepared" });
  await refused(execution, "patchPhase", 404, { execution_id: run.id, phase_id: "nope" }, { name: "x" });
  const added = await go(execution, "addTask", { execution_id: run.id }, {
    previous_task_id: of("t-call").task_id, next_task_id: of("t-ok").task_id, task: { name: "Note the date" },
  });
  await refused(execution, "addTask", 404, { execution_id: run.id }, { previous_task_id: "no", next_task_id: "no", task: { name: "x" } });
  await go(execution, "patchTask", of("t-call"), { status: "COMPLETED" });
  await refused(execution, "patchTask", 404, { execution_id: run.id, task_id: "nope" }, { status: "COMPLETED" });
  await go(execution, "executeTask", { execution_id: run.id, task_id: added.id });
  await refused(execution, "executeTask", 404, { execution_id: run.id, task_id: "nope" });
  if (typeof execution.runTaskScheduleNow === "function") {
    await go(execution, "runTaskScheduleNow", of("t-mail"));
    await refused(execution, "runTaskScheduleNow", 400, of("t-mail"));
  } else {
    await go(execution, "executeTask", of("t-mail"));
  }
  await go(execution, "runTaskAutomation", of("t-run"));
  await refused(execution, "runTaskAutomation", 400, of("t-call"));
  await go(execution, "reconcileAutomationTask", of("t-run"));
  await refused(execution, "reconcileAutomationTask", 404, of("nope"));
  const first = run;

  run = await begin();
  await go(execution, "patchTask", of("t-call"), { status: "COMPLETED" });
  await go(execution, "cancelTaskSchedule", of("t-mail"));
  await refused(execution, "cancelTaskSchedule", 400, of("t-mail"));
  run = await begin();
  await go(execution, "patchTask", of("t-call"), { status: "COMPLETED" });
  const now = await go(execution, "getFlowExecution", { execution_id: run.id });
  const schedule_id = now.tasks.find((task) => task.template_id === "t-mail").schedule.schedule_id;
  await go(execution, "cancelSchedule", { execution_id: run.id, schedule_id });
  await refused(execution, "cancelSchedule", 404, { execution_id: run.id, schedule_id: "nope" });
  await go(execution, "patchFlowExecution", { execution_id: run.id }, {
    status: "CLOSED", closing_reason: { selected_reasons: [{ id: reason.id, title: reason.title }], extra_description: "by phone" },
  });
  await go(execution, "deleteFlowExecution", { execution_id: first.id, soft: true });
  await refused(execution, "deleteFlowExecution", 404, { execution_id: first.id });

  const workflow = await go(execution, "createExecution", null, {
    workflowId: old.id, trigger: "AUTOMATIC", contexts: [{ id: "c-1", title: "Jo", schema: "contact" }],
  });
  await refused(execution, "createExecution", 400, null, {});
  await go(execution, "getExecutions", { context: "c-1", schema: "contact" });
  await unauthorized(execution, "getExecutions");
  await go(execution, "getExecution", workflow.id);
  await unauthorized(execution, "getExecution", workflow.id);
  await go(execution, "updateExecution", workflow.id, { assignedTo: ["7"] });
  await refused(execution, "updateExecution", 404, "nope", {});
  const step = await go(execution, "createStep", workflow.id, { name: "Stamp", insertionIndex: 0 });
  await refused(execution, "createStep", 400, workflow.id, {});
  await go(execution, "updateStep", { executionId: workflow.id, stepId: step.id }, { status: "IN_PROGRESS" });
  await refused(execution, "updateStep", 404, { executionId: workflow.id, stepId: "nope" }, {});
  await go(execution, "searchExecutions", null, { name: "compl", sorting: "A_Z" });
  await refused(execution, "searchExecutions", 400, null, { sorting: "B_Y" });
  await go(execution, "searchSteps", null, { status: "OPEN", pagination: { from: 0, size: 10 } });
  await refused(execution, "searchSteps", 400, null, { status: "MAYBE" });
  await go(execution, "getClosingReasonExecution", workflow.id);
  await refused(execution, "getClosingReasonExecution", 404, "nope");
  await go(execution, "deleteStep", { executionId: workflow.id, stepId: step.id });
  await refused(execution, "deleteStep", 404, { executionId: workflow.id, stepId: "nope" });
  await go(execution, "deleteExecution", workflow.id);
  await refused(execution, "deleteExecution", 404, workflow.id);

  await go(definition, "deleteDefinition", old.id);
  await refused(definition, "deleteDefinition", 404, old.id);
  await go(definition, "deleteClosingReason", reason.id);
  await refused(definition, "deleteClosingReason", 404, reason.id);
}

await executions(await definitions());
say("", "done", { called: [...called].sort() });
