import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Relative, so that the same build works at http://127.0.0.1:PORT/ and at tauri://localhost/.
  base: "./",
  plugins: [svelte()],
  build: {
    target: ["es2022", "safari16", "chrome111"],
    // The polyfill would be an inline script, which our CSP refuses.
    modulePreload: { polyfill: false },
    // Icons stay files: nothing depends on data: addresses being allowed for scripts or styles.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ["/v1", "/sandbox", "/docs", "/livez", "/readyz"].map((path) => [
        path,
        { target: process.env.WHATISUP_URL ?? "http://127.0.0.1:9487", changeOrigin: true },
      ]),
    ),
  },
  // Vitest would otherwise take Svelte's server build, where runes do nothing.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    setupFiles: [],
  },
});
