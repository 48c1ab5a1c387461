import { expect, test } from "vitest";

import { differences, plainValues, specOf, taskChanges } from "./compare";
import { bucketsOf, durationsOf } from "./history";
import type { ActionRow, RunRow } from "./model";

function action(name: string, title: string, took: number, more: Partial<ActionRow> = {}): ActionRow {
  return { run: "r", group: "", parent: "a0", kind: "task", name, title, task: undefined, environment: "", phase: "succeeded", startedAt: 1_000, endedAt: 1_000 + took, attempts: 1, cache: "disabled", children: {}, ...more };
}

test("only what differs is said, with where it is", () => {
  const left = plainValues([{ name: "n", value: { kind: "number", text: "1" } }, { name: "t", value: { kind: "text", text: "1" } }, { name: "c", value: { kind: "json", value: { lr: 0.1, deep: [1, { a: true }] } } }]);
  const right = plainValues([{ name: "n", value: { kind: "number", text: "2" } }, { name: "t", value: { kind: "text", text: "1" } }, { name: "c", value: { kind: "json", value: { lr: 0.1, deep: [1, { a: false }, 3] } } }]);
  expect(differences(left, right)).toEqual([
    { path: "n", left: "1", right: "2" },
    { path: "c.deep[1].a", left: "true", right: "false" },
    { path: "c.deep[2]", left: undefined, right: "3" },
  ]);
  expect(differences(left, left)).toEqual([]);
  expect(differences({ labels: {} }, { labels: { team: "birds" }, list: [] })).toEqual([{ path: "labels.team", left: undefined, right: "birds" }, { path: "list", left: undefined, right: "empty" }]);
  expect([specOf('{"task":{"a":1}}'), specOf("[1"), specOf("7")]).toEqual([{ a: 1 }, undefined, undefined]);
});

test("actions are compared by task: numbers, phases and durations that are worth a look", () => {
  const left = [action("a", "load", 1_000), action("b", "fit", 4_000), action("c", "old", 1), action("s", "same", 100)];
  const right = [action("d", "load", 1_100), action("e", "fit", 9_000), action("f", "fit", 9_000, { phase: "failed" }), action("t", "same", 300)];
  const { changed, same } = taskChanges(left, right);
  expect(changed.map((one) => [one.title, one.left?.count, one.right?.count, one.right?.counts.failed])).toEqual([["fit", 1, 2, 1], ["old", 1, undefined, undefined]]);
  expect(same).toBe(2);
  expect(taskChanges([action("a", "x", 1_000)], [action("a", "x", 3_000)]).changed).toHaveLength(1);
});

const run = (name: string, more: Partial<RunRow>): RunRow => ({ ...action("a0", "t", 0), run: name, user: "", labels: {}, source: "", ...more });

test("durations stand in the order of the runs, also with a clock that is wrong", () => {
  const { points, most } = durationsOf([run("b", { startedAt: 200, endedAt: 100 }), run("a", { startedAt: 100, endedAt: 1_600 }), run("c", { startedAt: 300, endedAt: undefined, phase: "running" }), run("never", { startedAt: undefined })], 1_000);
  expect(points.map((point) => [point.run, point.ms])).toEqual([["a", 1_500], ["b", 0], ["c", 700]]);
  expect([most, points[0]?.y]).toEqual([2_000, 0.75]);
  expect(durationsOf([], 0).points).toEqual([]);
});

test("runs are counted by when they began", () => {
  const buckets = bucketsOf([run("a", { startedAt: 0 }), run("b", { startedAt: 9, phase: "failed" }), run("c", { startedAt: 9 })], 2);
  expect(buckets.map((one) => [one.total, one.counts])).toEqual([[1, { succeeded: 1 }], [2, { failed: 1, succeeded: 1 }]]);
  expect(bucketsOf([], 4)).toEqual([]);
});
