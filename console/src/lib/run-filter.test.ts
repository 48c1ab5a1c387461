import { expect, test } from "vitest";

import type { RunRow } from "./model";
import { filterOf, labelParts, matches, merged, NO_FILTER, searchOf } from "./run-filter";

function run(name: string, more: Partial<RunRow> = {}): RunRow {
  const fixed = { name: "a0", parent: "", group: "", kind: "task", title: "t", task: { project: "p", domain: "d", name: "env.train", version: "1" }, environment: "env", queue: "", phase: "running", createdAt: 100, startedAt: 100, endedAt: undefined, attempts: 1, cache: "disabled", children: {}, user: "ann", labels: { team: "birds" }, source: "" } as const;
  return { ...fixed, run: name, ...more };
}

test("a filter survives its address, and nonsense in an address is dropped", () => {
  const filter = { phases: ["failed", "running"], task: "tr", user: "ann", label: "team=birds", since: "24h" } as const;
  expect(filterOf(searchOf(filter))).toEqual(filter);
  expect(filterOf({ phase: "purple,failed", since: "ever" })).toEqual({ ...NO_FILTER, phases: ["failed"] });
  expect(searchOf(NO_FILTER)).toEqual({});
});

test.each([
  [{ phases: ["failed"] as const }, false],
  [{ task: "TRAIN" }, true],
  [{ user: "an" }, false],
  [{ label: "team" }, true],
  [{ label: "team=fish" }, false],
  [{ label: "other=" }, false],
  [{ since: "1h" }, true],
])("%j on a running row: %s", (some, fits) => expect(matches(run("r"), { ...NO_FILTER, ...some }, 200)).toBe(fits));

test("rows that arrive live replace those of the pages, and join them only where pages reach", () => {
  const pages = [run("new", { createdAt: 50 }), run("old", { createdAt: 20 })];
  const live = new Map([run("new", { createdAt: 50, phase: "succeeded" }), run("newest", { createdAt: 90 }), run("ancient", { createdAt: 1 })].map((one) => [one.run, one]));
  expect(merged(pages, live, NO_FILTER, 100).map((one) => [one.run, one.phase])).toEqual([["newest", "running"], ["new", "succeeded"], ["old", "running"]]);
});

test("labels are read from their text", () => {
  expect(labelParts(" a = b=c ")).toEqual({ key: "a", value: "b=c" });
  expect(labelParts("a")).toEqual({ key: "a", value: undefined });
});
