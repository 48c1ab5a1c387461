/** Starts the console. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { isDisconnect } from "../api/transport";
import { router } from "./router";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A server that is away comes back; a server that refuses will refuse again.
      retry: (_count, error) => isDisconnect(error),
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
      networkMode: "always",
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
