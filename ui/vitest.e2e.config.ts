import { defineConfig } from "vitest/config";

// The running application in a real browser: slow, and one at a time.
export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    // As for the Rust tests that start programs: a machine out of breath gets a second try, which is told and to be looked into.
    retry: 1,
  },
});
