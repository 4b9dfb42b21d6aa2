import { defineConfig } from "vitest/config";

// During development the pages come from Vite and the interface from a running service or dev/mock.mjs.
const api = process.env["HYDRONUM_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  server: { proxy: { "/api": api, "/health": api } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy of the service allows no data: scripts or fonts
    chunkSizeWarningLimit: 1200, // MapLibre is one large chunk, loaded after the lists are painted
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
