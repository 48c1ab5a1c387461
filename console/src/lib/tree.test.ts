import { expect, test } from "vitest";

import type { ActionRow } from "./model";
import { type Folding, groupId, rootCause, type TreeFilter, treeRows } from "./tree";

const ALL: TreeFilter = { text: "", phases: new Set(), group: "" };
const NONE: Folding = new Map();

function action(name: string, parent: string, more: Partial<ActionRow> = {}): ActionRow {
  const fixed = { run: "r", group: "", kind: "task", title: name, task: undefined, environment: "", queue: "", phase: "succeeded", createdAt: 1, startedAt: 1, endedAt: 2, attempts: 1, cache: "disabled", children: {} } as const;
  return { ...fixed, name, parent, ...more };
}

function ids(actions: readonly ActionRow[], folding = NONE, filter = ALL): readonly string[] {
  return treeRows(actions, folding, filter).map((row) => `${"  ".repeat(row.depth)}${row.id}`);
}

test("children stand under their parents, in the order of their start", () => {
  const actions = [action("c", "a0", { createdAt: 9 }), action("b", "a0", { createdAt: 3 }), action("d", "b"), action("a0", "")];
  expect(ids(actions)).toEqual(["a0", "  b", "    d", "  c"]);
  expect(ids(actions, new Map([["b", false]]))).toEqual(["a0", "  b", "  c"]);
});

test("large groups are folded until somebody opens them", () => {
  const many = Array.from({ length: 21 }, (_, index) => action(`m${String(index)}`, "a0", { group: "grid", phase: index === 0 ? "failed" : "running" }));
  const actions = [action("a0", ""), ...many, action("few", "a0", { group: "pair" })];
  expect(ids(actions)).toEqual(expect.arrayContaining(["a0", "  a0/grid", "  a0/pair", "    few"]));
  expect(ids(actions)).toHaveLength(4);
  expect(ids(actions, new Map([[groupId("a0", "grid"), true]]))).toHaveLength(25);
  const group = treeRows(actions, NONE, ALL).find((row) => row.id === "a0/grid");
  expect(group?.kind === "group" && group.counts).toEqual({ failed: 1, running: 20 });
});

test("a filter keeps what leads to its hits, and opens it", () => {
  const actions = [action("a0", ""), action("b", "a0"), action("c", "b", { title: "Needle" }), action("d", "b")];
  const rows = treeRows(actions, NONE, { text: "needle", phases: new Set(), group: "" });
  expect(rows.map((row) => [row.id, row.kind === "action" && row.dimmed])).toEqual([["a0", true], ["b", true], ["c", false]]);
  expect(ids(actions, NONE, { text: "", phases: new Set(["failed"]), group: "" })).toEqual([]);
});

test("an action whose parent is not there yet is shown all the same", () => {
  expect(ids([action("lost", "gone")])).toEqual(["lost"]);
});

test("a run that failed did so because of what it heard last", () => {
  const failed = (name: string, parent: string, endedAt: number | undefined, more: Partial<ActionRow> = {}): ActionRow => action(name, parent, { phase: "failed", endedAt, ...more });
  const actions = [failed("a0", "", 9), failed("b", "a0", 8), failed("c", "b", 7, { phase: "timed_out" }), failed("d", "b", 6), failed("caught", "a0", 3), failed("deep", "caught", 2)];
  expect(rootCause(actions)?.name).toBe("c");
  // What fails after its parent, or is aborted with it, is no reason of it.
  expect(rootCause([failed("a0", "", 9), failed("b", "a0", 10), action("c", "a0", { phase: "aborted", endedAt: 8 })])?.name).toBe("a0");
  expect(rootCause([failed("a0", "", undefined), failed("b", "a0", 10)])?.name).toBe("b");
  expect(rootCause([action("a0", "")])).toBeUndefined();
});

test("in a run that did not fail it is the first failure without a failed child", () => {
  for (const phase of ["running", "succeeded", "aborted"] as const) {
    const actions = [action("a0", "", { phase }), action("b", "a0", { phase: "failed", endedAt: 8 }), action("c", "b", { phase: "timed_out", endedAt: 7 }), action("d", "b", { phase: "failed", endedAt: 6 })];
    expect(rootCause(actions)?.name).toBe("d");
  }
});

test("a hundred thousand actions become rows in a moment", () => {
  const actions = [action("a0", ""), ...Array.from({ length: 100_000 }, (_, index) => action(`n${String(index)}`, "a0", { createdAt: index }))];
  const started = performance.now();
  expect(treeRows(actions, new Map([["a0", true]]), ALL)).toHaveLength(100_001);
  // A tenth of a second on an idle machine; a busy one must not fail the build.
  expect(performance.now() - started).toBeLessThan(8_000);
});
