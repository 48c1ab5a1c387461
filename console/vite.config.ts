import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The server that `npm run dev` talks to. */
const server = process.env.WINGBEAT_ENDPOINT ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/v2/",
  plugins: [react()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, emptyOutDir: false },
  worker: { format: "es" },
  server: {
    proxy: {
      // The server refuses calls of other origins, and this page's origin is another one.
      "^/(flyteidl2|wingbeat)\\.": {
        target: server,
        changeOrigin: true,
        configure: (proxy) => proxy.on("proxyReq", (request) => request.setHeader("origin", server)),
      },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
