// Writes src/api/schema.ts from docs/openapi.json. `--check` only tells whether it is up to date.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL(process.env.OPENAPI ?? "../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.ts", import.meta.url);

export async function generate() {
  const document = JSON.parse(await readFile(source, "utf8"));
  const header = "// Generated from docs/openapi.json by `npm run schema`. Do not edit.\n\n";
  return header + astToString(await openapiTS(document, { alphabetize: true }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fresh = await generate();
  if (process.argv.includes("--check")) {
    const kept = await readFile(target, "utf8").catch(() => "");
    if (kept !== fresh) {
      console.error("src/api/schema.ts is stale: run `npm run schema`");
      process.exit(1);
    }
  } else {
    await writeFile(target, fresh);
  }
}
