import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The server that `npm run dev` talks to. */
const server = process.env.WINGBEAT_ENDPOINT ?? "http://127.0.0.1:8080";

const base = "/v2/";

/** The console is fetched while the frame of the page is drawn, and runs after that. */
const fetchedAhead: Plugin = {
  name: "fetched-ahead",
  transformIndexHtml: {
    order: "post",
    handler: (_page, { bundle }) => {
      const main = Object.values(bundle ?? {}).find((file) => file.type === "chunk" && file.name === "main");
      const files = main?.type === "chunk" ? [main.fileName, ...main.imports] : [];
      return files.map((file) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: base + file }, injectTo: "head" }));
    },
  },
};

export default defineConfig({
  base,
  plugins: [react(), fetchedAhead],
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
