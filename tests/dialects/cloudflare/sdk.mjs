// Every operation through the JavaScript SDK, once as it should go and once refused: prints a JSON line for each.
// Told by the environment: BASE_URL, TOKEN, READER, ACCOUNT. The workflows `order` and `shop` are there.
import assert from "node:assert/strict";
import Cloudflare from "cloudflare";

const { BASE_URL, TOKEN, READER, ACCOUNT } = process.env;
const client = new Cloudflare({ apiToken: TOKEN, baseURL: BASE_URL });
const reader = new Cloudflare({ apiToken: READER, baseURL: BASE_URL });
const account_id = ACCOUNT;
const { workflows } = client;
const { instances, versions } = workflows;
const of = (workflow_name) => ({ account_id, workflow_name });

async function all(pager) {
  const found = [];
  for await (const one of pager) found.push(one);
  return found;
}

async function report(operation, step, run) {
  try {
    await run();
    console.log(JSON.stringify({ operation, case: step, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ operation, case: step, ok: false, detail: String(error?.stack ?? error) }));
  }
}

async function check(operation, succeed, refused, type, code) {
  await report(operation, "success", succeed);
  await report(operation, "error", async () => {
    let thrown;
    try {
      await refused();
    } catch (error) {
      thrown = error;
    }
    assert.ok(thrown instanceof type, `${operation} threw ${thrown}`);
    assert.equal(thrown.errors[0].code, code);
  });
}

async function until(id, workflow, ...statuses) {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await instances.get(id, of(workflow));
    if (statuses.includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${id} did not become ${statuses}`);
}

const { NotFoundError, BadRequestError, ConflictError, PermissionDeniedError, AuthenticationError } = Cloudflare;

await check(
  "workflows.update",
  async () => {
    const made = await workflows.update("js-made", { account_id, class_name: "Order", script_name: "order" });
    assert.equal(made.name, "js-made");
    assert.equal(made.is_deleted, 0);
  },
  () => workflows.update("not a name", { account_id, class_name: "Order", script_name: "order" }),
  BadRequestError,
  10301,
);
await check(
  "workflows.list",
  async () => {
    const names = (await all(workflows.list({ account_id, per_page: 1 }))).map((row) => row.name);
    assert.ok(names.includes("order") && names.includes("js-made"));
    assert.equal(new Set(names).size, names.length);
  },
  () => new Cloudflare({ apiToken: "wrong", baseURL: BASE_URL }).workflows.list({ account_id }),
  AuthenticationError,
  10000,
);
await check(
  "workflows.get",
  async () => assert.equal((await workflows.get("order", { account_id })).class_name, "Order"),
  () => workflows.get("nowhere", { account_id }),
  NotFoundError,
  10200,
);
await check(
  "instances.create",
  async () => {
    const made = await instances.create("order", { account_id, instance_id: "js-1", params: '{"total": 3}' });
    assert.deepEqual([made.id, made.status], ["js-1", "queued"]);
  },
  () => instances.create("order", { account_id, instance_id: "js-1" }),
  ConflictError,
  10304,
);
await check(
  "instances.get",
  async () => {
    const found = await until("js-1", "order", "waiting");
    assert.deepEqual(found.params, { total: 3 });
    assert.deepEqual(found.steps.map((step) => step.name), ["price it-1", "paid-1"]);
  },
  () => instances.get("nowhere", of("order")),
  NotFoundError,
  10400,
);
await check(
  "instances.list",
  async () => {
    await instances.create("order", { account_id, instance_id: "js-2", params: '{"total": 1}' });
    const ids = (await all(instances.list("order", { account_id, per_page: 1 }))).map((one) => one.id);
    assert.ok(ids.includes("js-1") && ids.includes("js-2"));
    const page = await instances.list("order", { account_id, per_page: 1, direction: "asc" });
    const rest = await all(instances.list("order", { account_id, per_page: 1, direction: "asc", cursor: page.result_info.cursor }));
    assert.equal(rest.length, ids.length - 1);
  },
  () => instances.list("order", { account_id, cursor: "nonsense" }),
  BadRequestError,
  10313,
);
await check(
  "instances.bulk",
  async () => {
    const made = await all(instances.bulk("order", { account_id, body: [{ instance_id: "js-b" }, { instance_id: "js-b" }, {}] }));
    assert.equal(made.length, 2);
  },
  () => instances.bulk("order", { account_id, body: [] }),
  BadRequestError,
  10305,
);
await check(
  "instances.events.create",
  async () => {
    const sent = await instances.events.create("paid", { ...of("order"), instance_id: "js-1", body: { by: "card" } });
    assert.equal(sent.instanceId, "js-1");
  },
  () => instances.events.create("not.a.type", { ...of("order"), instance_id: "js-1", body: {} }),
  BadRequestError,
  10303,
);
await check(
  "instances.step",
  async () => {
    const step = await instances.step("js-1", { ...of("order"), name: "paid-1", type: "waitForEvent" });
    assert.deepEqual([step.status, step.output, step.event_type], ["complete", { by: "card" }, "paid"]);
  },
  () => instances.step("js-1", { ...of("order"), name: "nothing", type: "step" }),
  NotFoundError,
  10307,
);
await check(
  "instances.status.edit",
  async () => {
    const edit = (body) => instances.status.edit("js-2", { ...of("order"), ...body });
    await until("js-2", "order", "waiting");
    assert.equal((await edit({ status: "pause" })).status, "paused");
    assert.equal((await edit({ status: "resume" })).status, "waiting");
    assert.equal((await edit({ status: "restart", from: { name: "price it", count: 1, type: "do" } })).status, "queued");
    await until("js-2", "order", "waiting");
    assert.equal((await edit({ status: "terminate", rollback: true })).status, "terminated");
  },
  () => instances.status.edit("js-2", { ...of("order"), status: "resume" }),
  BadRequestError,
  10309,
);
let version;
await check(
  "versions.list",
  async () => {
    const found = await all(versions.list("shop", { account_id, per_page: 1 }));
    version = found[0].id;
    assert.equal(found[0].has_dag, true);
  },
  () => versions.list("nowhere", { account_id }),
  NotFoundError,
  10200,
);
await check(
  "versions.get",
  async () => assert.equal((await versions.get(version, of("shop"))).language, "python"),
  () => versions.get("00000000-0000-4000-8000-000000000000", of("shop")),
  NotFoundError,
  10308,
);
await check(
  "versions.graph",
  async () => {
    const { graph } = await versions.graph(version, of("shop"));
    assert.equal(graph.workflow.nodes[0].type, "step_do");
  },
  () => versions.graph("nonsense", of("shop")),
  NotFoundError,
  10308,
);
await check(
  "workflows.delete",
  async () => assert.equal((await workflows.delete("js-made", { account_id })).status, "ok"),
  () => reader.workflows.delete("order", { account_id }),
  PermissionDeniedError,
  10000,
);
