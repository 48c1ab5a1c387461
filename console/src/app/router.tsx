/** Addresses, as the SDK prints them. Pages are loaded when they are first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, type SearchSchemaInput } from "@tanstack/react-router";

import { actionSearch, type ActionSearch, compareSearch, type CompareSearch, runsSearch, type RunsSearch, taskSearch, type TaskSearch, tasksSearch, type TasksSearch } from "../lib/search";
import { Loading } from "../ui/states";
import { Crash, Frame, NotHere } from "./frame";

const rootRoute = createRootRoute({ component: Frame, notFoundComponent: NotHere, errorComponent: Crash });

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./pages"), "Home"),
});

const scope = createRoute({
  getParentRoute: () => rootRoute,
  path: "/domain/$domain/project/$project",
});

const scopeIndex = createRoute({
  getParentRoute: () => scope,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/domain/$domain/project/$project/runs", params, replace: true });
  },
});

const runs = createRoute({
  getParentRoute: () => scope,
  path: "/runs",
  validateSearch: (raw: RunsSearch & SearchSchemaInput): RunsSearch => runsSearch({ ...raw }),
  component: lazyRouteComponent(() => import("./pages"), "Runs"),
});

const run = createRoute({
  getParentRoute: () => scope,
  path: "/runs/$run",
  validateSearch: (raw: ActionSearch & SearchSchemaInput): ActionSearch => actionSearch({ ...raw }),
  component: lazyRouteComponent(() => import("./run-page"), "Run"),
});

const compare = createRoute({
  getParentRoute: () => scope,
  path: "/runs/$run/compare",
  validateSearch: (raw: CompareSearch & SearchSchemaInput): CompareSearch => compareSearch({ ...raw }),
  component: lazyRouteComponent(() => import("./compare-page"), "Compare"),
});

const queues = createRoute({
  getParentRoute: () => rootRoute,
  path: "/queues",
  component: lazyRouteComponent(() => import("./queues-page"), "Queues"),
});

const queue = createRoute({
  getParentRoute: () => rootRoute,
  path: "/queues/$queue",
  component: lazyRouteComponent(() => import("./queues-page"), "Queue"),
});

const tasks = createRoute({
  getParentRoute: () => scope,
  path: "/tasks",
  validateSearch: (raw: TasksSearch & SearchSchemaInput): TasksSearch => tasksSearch({ ...raw }),
  component: lazyRouteComponent(() => import("./task-pages"), "Tasks"),
});

const task = createRoute({
  getParentRoute: () => scope,
  path: "/tasks/$task",
  validateSearch: (raw: TaskSearch & SearchSchemaInput): TaskSearch => taskSearch({ ...raw }),
  component: lazyRouteComponent(() => import("./task-pages"), "Task"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([home, queues, queue, scope.addChildren([scopeIndex, runs, run, compare, tasks, task])]),
  basepath: "/v2",
  // Plain addresses that people can read and write, not JSON in them.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));
    return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
  },
  defaultPreload: "intent",
  defaultPendingComponent: () => <Loading what="the page" />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
