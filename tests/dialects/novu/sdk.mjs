// Every operation through the official TypeScript SDK with its default settings, retries included: one that answers, one
// that is refused. Prints a line of JSON for each: {operation, success, error}.
import { readFileSync } from "node:fs";
import { Novu } from "@novu/api";

const asked = JSON.parse(readFileSync(0, "utf8"));
const novu = new Novu({ secretKey: asked.key, serverURL: asked.url });
const nobody = new Novu({ secretKey: "nonsense", serverURL: asked.url });
const id = asked.prefix;
const steps = [
  { name: "Collect", type: "digest", controlValues: { type: "regular", amount: 30, unit: "minutes" } },
  { name: "Note", type: "in_app", controlValues: { subject: "Hi {{subscriber.firstName}}", body: "{{payload.n}}" } },
  { name: "Mail", type: "email", controlValues: { subject: "S", body: "<p>B</p>", editorType: "html" } },
];
const plain = [{ name: "Note", type: "in_app", controlValues: { body: "{{payload.n}}" } }];
let made, sent, place;

function same(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}

async function soon(ask) {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await ask();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error("it did not come");
}

const OPERATIONS = {
  "workflows.create": [
    async () => {
      made = (await novu.workflows.create({ name: "From TypeScript", workflowId: id, active: true, tags: ["ts"], steps })).result;
      same([made.workflowId, made.status, made.steps.map((s) => s.type)], [id, "ACTIVE", ["digest", "in_app", "email"]]);
      same(made.steps[0].controls.values.amount, 30);
    },
    () => novu.workflows.create({ name: "", workflowId: "x", steps: [] }),
  ],
  "workflows.list": [
    async () => same((await novu.workflows.list({ query: id })).result.workflows.map((w) => w.id), [made.id]),
    () => novu.workflows.list({ limit: 101 }),
  ],
  "workflows.get": [
    async () => same((await novu.workflows.get(made.slug)).result.id, made.id),
    () => novu.workflows.get("ghost"),
  ],
  "workflows.update": [
    async () => {
      const body = { name: "Changed", preferences: {}, active: true, tags: ["ts"], steps: [{ ...plain[0], stepId: "note" }] };
      const changed = (await novu.workflows.update(body, made.workflowId)).result;
      same([changed.name, changed.steps.map((s) => s.id)], ["Changed", [made.steps[1].id]]);
    },
    () => novu.workflows.update({ name: "x", preferences: {}, steps: [] }, "ghost"),
  ],
  "workflows.patch": [
    async () => same((await novu.workflows.patch({ description: "D" }, made.id)).result.description, "D"),
    () => novu.workflows.patch({ name: "x" }, "ghost"),
  ],
  "workflows.steps.retrieve": [
    async () => same((await novu.workflows.steps.retrieve(made.id, "note")).result.id, made.steps[1].id),
    () => novu.workflows.steps.retrieve(made.id, "ghost"),
  ],
  "workflows.steps.generatePreview": [
    async () => {
      const generatePreviewRequestDto = { previewPayload: { payload: { n: "7" } } };
      const shown = (await novu.workflows.steps.generatePreview({ workflowId: made.id, stepId: "note", generatePreviewRequestDto })).result;
      same(shown.result.preview.body, "7");
    },
    () => novu.workflows.steps.generatePreview({ workflowId: made.id, stepId: "ghost", generatePreviewRequestDto: {} }),
  ],
  "workflows.sync": [
    async () => same((await novu.workflows.sync({ targetEnvironmentId: asked.production }, made.id)).result.workflowId, id),
    () => novu.workflows.sync({ targetEnvironmentId: asked.development }, made.id),
  ],
  "subscribers.create": [
    async () => same((await novu.subscribers.create({ subscriberId: id, firstName: "Ada", email: "a@example.test" })).result.subscriberId, id),
    () => novu.subscribers.create({ subscriberId: "" }),
  ],
  "subscribers.createBulk": [
    async () => same((await novu.subscribers.createBulk({ subscribers: [{ subscriberId: `${id}-b` }] })).result.created.length, 1),
    () => novu.subscribers.createBulk({ subscribers: [] }),
  ],
  "subscribers.search": [
    async () => same((await novu.subscribers.search({ subscriberId: id })).result.data.map((s) => s.firstName), ["Ada"]),
    () => novu.subscribers.search({ limit: 500 }),
  ],
  "subscribers.retrieve": [
    async () => same((await novu.subscribers.retrieve(id)).result.email, "a@example.test"),
    () => novu.subscribers.retrieve("ghost"),
  ],
  "subscribers.patch": [
    async () => same((await novu.subscribers.patch({ lastName: "L" }, id)).result.lastName, "L"),
    () => novu.subscribers.patch({ lastName: "L" }, "ghost"),
  ],
  "subscribers.preferences.update": [
    async () => {
      const patchSubscriberPreferencesDto = { channels: { sms: false }, workflowId: made.workflowId };
      const found = (await novu.subscribers.preferences.update(patchSubscriberPreferencesDto, id)).result;
      same(found.workflows.find((w) => w.workflow.identifier === id).channels.sms, false);
      const hours = [{ start: "09:00 AM", end: "05:00 PM" }];
      const schedule = { isEnabled: true, weeklySchedule: { friday: { isEnabled: true, hours } } };
      const again = (await novu.subscribers.preferences.update({ schedule }, id)).result;
      same(again.global.schedule.weeklySchedule.friday.hours[0].end, "05:00 PM");
      await novu.subscribers.preferences.update({ schedule: { isEnabled: false } }, id);
    },
    () => novu.subscribers.preferences.update({ workflowId: "ghost" }, id),
  ],
  "subscribers.preferences.list": [
    async () => same((await novu.subscribers.preferences.list({ subscriberId: id })).result.global.enabled, true),
    () => novu.subscribers.preferences.list({ subscriberId: "ghost" }),
  ],
  "topics.create": [
    async () => same((await novu.topics.create({ key: id, name: "T" })).result.key, id),
    () => novu.topics.create({ key: "" }),
  ],
  "topics.list": [
    async () => same((await novu.topics.list({ key: id })).result.data.map((t) => t.name), ["T"]),
    () => novu.topics.list({ limit: 500 }),
  ],
  "topics.get": [async () => same((await novu.topics.get(id)).result.key, id), () => novu.topics.get("ghost")],
  "topics.update": [
    async () => same((await novu.topics.update({ name: "U" }, id)).result.name, "U"),
    () => novu.topics.update({ name: "U" }, "ghost"),
  ],
  "topics.subscriptions.create": [
    async () => same((await novu.topics.subscriptions.create({ subscriberIds: [id] }, id)).result.meta.successful, 1),
    () => novu.topics.subscriptions.create({ subscriberIds: [] }, id),
  ],
  "topics.subscriptions.list": [
    async () => same((await novu.topics.subscriptions.list({ topicKey: id })).result.data.length, 1),
    () => novu.topics.subscriptions.list({ topicKey: "ghost" }),
  ],
  trigger: [
    async () => {
      const answer = (await novu.trigger({ workflowId: made.workflowId, to: [id, { type: "Topic", topicKey: id }], payload: { n: "1" } })).result;
      same([answer.acknowledged, answer.status], [true, "processed"]);
      sent = answer.transactionId;
    },
    () => novu.trigger({ workflowId: "ghost", to: id }),
  ],
  triggerBulk: [
    async () => {
      const answers = (await novu.triggerBulk({ events: [{ workflowId: made.workflowId, to: id }, { workflowId: "ghost", to: id }] })).result;
      same(answers.map((a) => a.status), ["processed", "error"]);
    },
    () => novu.triggerBulk({ events: [] }),
  ],
  triggerBroadcast: [
    async () => same((await novu.triggerBroadcast({ name: made.workflowId, payload: {} })).result.status, "processed"),
    () => novu.triggerBroadcast({ name: "ghost", payload: {} }),
  ],
  "notifications.list": [
    async () => {
      const found = await soon(async () => {
        const page = (await novu.notifications.list({ transactionId: sent })).result;
        return page.data.every((a) => a.jobs.every((j) => j.status === "completed")) && page.data;
      });
      same(found.map((a) => a.subscriber.subscriberId), [id]);
      place = found[0].id;
    },
    () => novu.notifications.list({ limit: 500 }),
  ],
  "notifications.retrieve": [
    async () => same((await novu.notifications.retrieve(place)).result.transactionId, sent),
    () => novu.notifications.retrieve("ghost"),
  ],
  "messages.retrieve": [
    async () => same((await novu.messages.retrieve({ transactionId: [sent] })).result.data.map((m) => m.content), ["1"]),
    () => novu.messages.retrieve({ limit: 500 }),
  ],
  cancel: [async () => same((await novu.cancel(sent)).result, false), () => nobody.cancel(sent)],
  "environments.list": [
    async () => same((await novu.environments.list()).result.map((e) => e.type).slice(0, 2), ["dev", "prod"]),
    () => nobody.environments.list(),
  ],
  "environments.create": [
    async () => {
      place = (await novu.environments.create({ name: `Staging ${id.slice(-6)}`, color: "#aabbcc" })).result;
      same(place.parentId, asked.development);
      const there = new Novu({ secretKey: place.apiKeys[0].key, serverURL: asked.url });
      same((await there.workflows.list({})).result.totalCount, 0);
    },
    () => novu.environments.create({ name: "", color: "#aabbcc" }),
  ],
  "environments.update": [
    async () => same((await novu.environments.update({ name: `Stage ${id.slice(-6)}` }, place.id)).result.name, `Stage ${id.slice(-6)}`),
    () => novu.environments.update({ name: "x" }, "ghost"),
  ],
  "environments.diff": [
    async () => same((await novu.environments.diff({}, place.id)).result.summary.hasChanges, true),
    () => novu.environments.diff({}, asked.development),
  ],
  "environments.publish": [
    async () => {
      const resources = [{ resourceType: "REGULAR", resourceId: id }];
      const dry = (await novu.environments.publish({ dryRun: true, resources }, place.id)).result;
      same([dry.results[0].successful[0].action, dry.summary.successful], ["created", 1]);
    },
    () => novu.environments.publish({}, asked.development),
  ],
  "environments.getTags": [
    async () => same((await novu.environments.getTags(asked.development)).result.some((t) => t.name === "ts"), true),
    () => novu.environments.getTags("ghost"),
  ],
  "environments.delete": [
    async () => same((await novu.environments.delete(place.id)) === null, false),
    () => novu.environments.delete(asked.production),
  ],
  "topics.subscriptions.delete": [
    async () => same((await novu.topics.subscriptions.delete({ subscriberIds: [id] }, id)).result.meta.successful, 1),
    () => novu.topics.subscriptions.delete({ subscriberIds: [id] }, "ghost"),
  ],
  "topics.delete": [
    async () => same((await novu.topics.delete(id)).result.acknowledged, true),
    () => novu.topics.delete("ghost"),
  ],
  "subscribers.delete": [
    async () => same((await novu.subscribers.delete(id)).result.acknowledged, true),
    () => novu.subscribers.delete("ghost"),
  ],
  "workflows.delete": [
    async () => same(await novu.workflows.delete(made.id).then(() => 1), 1),
    () => novu.workflows.delete("ghost"),
  ],
};

for (const [operation, [succeed, fail]] of Object.entries(OPERATIONS)) {
  const found = { operation, success: "yes", error: "none" };
  try {
    await succeed();
  } catch (problem) {
    found.success = `${problem.name}: ${problem.message} ${problem.cause ?? ""} ${problem.body ?? ""}`.slice(0, 600);
  }
  try {
    await fail();
  } catch (problem) {
    found.error = `${problem.name} ${problem.statusCode}`;
  }
  console.log(JSON.stringify(found));
}
