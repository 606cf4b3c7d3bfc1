// @vitest-environment node
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
// @ts-expect-error a plain script, without types
import { generate } from "../scripts/schema.mjs";

it("has types that fit docs/openapi.json (otherwise run `npm run schema`)", async () => {
  const kept = await readFile(new URL("../src/api/schema.ts", import.meta.url), "utf8");
  expect(kept === (await generate())).toBe(true);
});
