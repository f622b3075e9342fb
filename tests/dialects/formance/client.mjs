// Runs the scenario through the official TypeScript SDK. Usage: node client.mjs URL KEY < steps.json > results.json
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { SDK } = createRequire(import.meta.url)("@formance/formance-sdk");
const [url, key] = process.argv.slice(2);
const steps = JSON.parse(readFileSync(0, "utf8"));
const sdk = new SDK({
  serverURL: `${url}/formance`,
  security: { clientID: key.split("_")[1], clientSecret: key },
});
const saved = {};
const results = {};

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const plain = (value) =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === "bigint" ? Number(one) : one)) ?? "null");

function at(value, path) {
  for (const part of path.split(".")) {
    if (part === "#") return value?.length;
    value = value?.[part];
  }
  return value;
}

function filled(value) {
  if (typeof value === "string" && value.startsWith("$v")) {
    const dot = value.indexOf(".");
    return at(saved[value.slice(1, dot)], value.slice(dot + 1));
  }
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, filled(entry)]));
  }
  return value;
}

async function call(version, op, request) {
  const room = version === 1 ? sdk.orchestration.v1 : sdk.orchestration.v2;
  try {
    const answer = await room[camel(op)](...(request === null ? [] : [request]));
    const { contentType, statusCode, rawResponse, ...rest } = answer;
    return { ok: plain(Object.values(rest)[0]) };
  } catch (error) {
    if (error.errorCode) return { error: error.errorCode, status: error.statusCode, message: error.errorMessage };
    return { broken: `${error.name}: ${error.message} ${error.cause ?? ""} ${error.body ?? ""}`.slice(0, 2000) };
  }
}

async function step(one) {
  if (one.post) {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const answer = await fetch(url + one.post, { method: "POST", headers, body: JSON.stringify(one.body) });
    return answer.ok ? { ok: await answer.json() } : { error: answer.status };
  }
  if (one.pages) {
    const ids = [];
    for (let request = { pageSize: 2 }; ; ) {
      const found = await call(2, one.pages, request);
      if (!found.ok) return found;
      ids.push(...found.ok.cursor.data.map((row) => row.id));
      if (!found.ok.cursor.hasMore) return { ok: ids };
      request = { cursor: found.ok.cursor.next };
    }
  }
  const takesRequest = !one.op.startsWith("get_server_info") && !(one.version === 1 && one.op === "list_workflows");
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await call(one.version, one.op, takesRequest ? filled(one.request ?? {}) : null);
    if (!one.until || at(found.ok, one.until) !== undefined || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const one of steps) {
  const found = (results[one.name] = await step(one));
  if (one.save && found.ok) saved[one.save] = found.ok;
}
process.stdout.write(JSON.stringify(results));
