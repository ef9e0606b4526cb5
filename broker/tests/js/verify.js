// Verifies a provider with the options that stand on stdin; fails when the verification does.
const { readFileSync } = require("node:fs");
const { Verifier } = require("@pact-foundation/pact");

new Verifier(JSON.parse(readFileSync(0, "utf8"))).verifyProvider().catch((error) => {
  console.error(String(error));
  process.exitCode = 1;
});
