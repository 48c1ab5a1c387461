import { expect, test } from "vitest";

import { differences, plainValues, sampled, specOf, sumChanges, taskChanges, type TaskSums } from "./compare";
import { bucketsOf, durationsOf } from "./history";
import type { ActionRow, RunRow } from "./model";

function action(name: string, title: string, took: number, more: Partial<ActionRow> = {}): ActionRow {
  return { run: "r", group: "", parent: "a0", kind: "task", name, title, task: undefined, environment: "", queue: "", phase: "succeeded", createdAt: 0, startedAt: 1_000, endedAt: 1_000 + took, attempts: 1, cache: "disabled", children: {}, ...more };
}

test("only what differs is said, with where it is", () => {
  const left = plainValues([{ name: "n", value: { kind: "number", text: "1" } }, { name: "t", value: { kind: "text", text: "1" } }, { name: "c", value: { kind: "json", value: { lr: 0.1, deep: [1, { a: true }] } } }]);
  const right = plainValues([{ name: "n", value: { kind: "number", text: "2" } }, { name: "t", value: { kind: "text", text: "1" } }, { name: "c", value: { kind: "json", value: { lr: 0.1, deep: [1, { a: false }, 3] } } }]);
  expect(differences(left, right).found).toEqual([
    { path: "n", left: "1", right: "2" },
    { path: "c.deep[1].a", left: "true", right: "false" },
    { path: "c.deep[2]", left: undefined, right: "3" },
  ]);
  expect(differences(left, left)).toEqual({ found: [], cut: [] });
  expect(differences({ labels: {} }, { labels: { team: "birds" }, list: [] }).found).toEqual([{ path: "labels.team", left: undefined, right: "birds" }, { path: "list", left: undefined, right: "empty" }]);
  expect([specOf('{"task":{"a":1}}'), specOf("[1"), specOf("7")]).toEqual([{ a: 1 }, undefined, undefined]);
});

test("large values are compared up to a bound, which is said, and what lies beyond is neither the same nor different", () => {
  const large = (first: number, length: number): unknown => ({ list: Array.from({ length }, (_, index) => (index === 0 ? first : index)), after: first });
  expect(differences(large(1, 100), large(2, 100), 50)).toEqual({ found: [{ path: "list[0]", left: "1", right: "2" }, { path: "after", left: "1", right: "2" }], cut: ["list"] });
  // The left is known to its end: what the right has beyond it is new, and what the left has beyond the cut is not gone.
  expect(differences({ list: [1] }, { list: [1, 2, 3, 4] }, 3)).toEqual({ found: [{ path: "list[1]", left: undefined, right: "2" }, { path: "list[2]", left: undefined, right: "3" }], cut: ["list"] });
  expect(differences({ map: { z: 1 } }, { map: { a: 1, b: 2, c: 3, z: 1 } }, 3).found.map((one) => one.path)).toEqual(["map.a", "map.b", "map.c"]);
});

test("texts are no numbers, words are not what they say, and names are no paths", () => {
  const json = (value: unknown): unknown => plainValues([{ name: "v", value: { kind: "json", value } }]);
  expect(differences(json(["1", "empty", "null"]), json([1, [], null])).found).toEqual([
    { path: "v[0]", left: '"1"', right: "1" },
    { path: "v[1]", left: '"empty"', right: "empty" },
    { path: "v[2]", left: '"null"', right: "null" },
  ]);
  expect(differences({ a: { "b.c": 1 } }, { a: { b: { c: 1 } } }).found.map((one) => one.path)).toEqual(['a["b.c"]', "a.b.c"]);
});

test("actions are compared by task: numbers, phases and durations that are worth a look", () => {
  const left = [action("a", "load", 1_000), action("b", "fit", 4_000), action("c", "old", 1), action("s", "same", 100)];
  const right = [action("d", "load", 1_100), action("e", "fit", 9_000), action("f", "fit", 9_000, { phase: "failed" }), action("t", "same", 300)];
  const { changed, same } = taskChanges(left, right);
  expect(changed.map((one) => [one.title, one.left?.count, one.right?.count, one.right?.counts.failed])).toEqual([["fit", 1, 2, 1], ["old", 1, undefined, undefined]]);
  expect(same).toBe(2);
  expect(taskChanges([action("a", "x", 1_000)], [action("a", "x", 3_000)]).changed).toHaveLength(1);
});

test("large runs are compared by sums of their tasks, and nothing is said of what was not summed up", () => {
  const sums = (more: number, ...tasks: readonly (readonly [string, number, number])[]): TaskSums => ({ tasks: tasks.map(([name, total, failed]) => ({ name, total, counts: { succeeded: total - failed, failed } })), nTasks: tasks.length + more });
  const left = sums(0, ["load", 1_000_000, 0], ["fit", 10, 1], ["old", 2, 0]);
  const right = sums(0, ["load", 1_000_000, 0], ["fit", 10, 2], ["new", 1, 0]);
  const none = { left: new Map(), right: new Map() };
  const { changed, same, cut } = sumChanges(left, right, none);
  expect(changed.map((one) => [one.title, one.left?.count, one.right?.count, one.right?.counts.failed])).toEqual([["fit", 10, 10, 2], ["old", 2, undefined, undefined], ["new", undefined, 1, 0]]);
  expect([same, cut]).toEqual([1, false]);
  // Where the right is cut, `old` may be there; what is new in it is new, as all of the left is known.
  const unsure = sumChanges(left, { ...right, nTasks: 2_000 }, none);
  expect(unsure.changed.map((one) => one.title)).toEqual(["fit", "new"]);
  expect([unsure.same, unsure.cut]).toEqual([1, true]);
  expect(sumChanges(sums(0), sums(0), none)).toEqual({ changed: [], same: 0, cut: false });
  // Samples tell what the sums do not; half a sample tells nothing.
  const slower = sumChanges(left, right, { left: new Map([["load", 1_000], ["fit", 5]]), right: new Map([["load", 9_000]]) });
  expect(slower.changed.map((one) => [one.title, one.left?.median, one.right?.median])).toEqual([["load", 1_000, 9_000], ["fit", undefined, undefined], ["old", undefined, undefined], ["new", undefined, undefined]]);
  expect(sampled(left, right, 9)).toEqual(["load", "fit"]);
  expect(sampled(left, right, 1)).toEqual(["load"]);
});

const run = (name: string, more: Partial<RunRow>): RunRow => ({ ...action("a0", "t", 0), run: name, user: "", labels: {}, source: "", ...more });

test("durations stand in the order of the runs, also with a clock that is wrong", () => {
  const { points, most } = durationsOf([run("b", { createdAt: 200, endedAt: 100 }), run("a", { createdAt: 100, endedAt: 1_600 }), run("c", { createdAt: 300, endedAt: undefined, phase: "running" }), run("never", { createdAt: undefined })], 1_000);
  expect(points.map((point) => [point.run, point.ms])).toEqual([["a", 1_500], ["b", 0], ["c", 700]]);
  expect([most, points[0]?.y]).toEqual([2_000, 0.75]);
  expect(durationsOf([], 0).points).toEqual([]);
});

test("runs are counted by when they began", () => {
  const buckets = bucketsOf([run("a", { createdAt: 0 }), run("b", { createdAt: 9, phase: "failed" }), run("c", { createdAt: 9 })], 2);
  expect(buckets.map((one) => [one.total, one.counts])).toEqual([[1, { succeeded: 1 }], [2, { failed: 1, succeeded: 1 }]]);
  expect(bucketsOf([], 4)).toEqual([]);
});
