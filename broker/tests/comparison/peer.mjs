// What @pactflow/openapi-pact-comparator says of cases.
//
//   npm install --prefix DIR @pactflow/openapi-pact-comparator@2.3.1
//   node peer.mjs DIR/node_modules < cases.json
//
// In: [{"name", "pact", "document"}]. Out: [{"name", "peer": "pass" | "fail" | "crash", "codes": [error codes]}].
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const entry = resolve(process.argv[2], "@pactflow/openapi-pact-comparator/dist/index.mjs");
const { Comparator } = await import(pathToFileURL(entry).href);

async function verdict({ name, pact, document }) {
  const codes = new Set();
  try {
    for await (const result of new Comparator({ oas: document }).compare(pact)) {
      if (result.type === "error") codes.add(result.code);
    }
  } catch (error) {
    return { name, peer: "crash", codes: [String(error.message).slice(0, 100)] };
  }
  return { name, peer: codes.size ? "fail" : "pass", codes: [...codes].sort() };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
const verdicts = [];
for (const one of cases) verdicts.push(await verdict(one));
process.stdout.write(JSON.stringify(verdicts));
