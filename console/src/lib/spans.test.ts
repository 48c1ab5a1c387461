import { expect, test } from "vitest";

import { spansOf } from "./spans";

const task = { kind: "task", phase: "succeeded", createdAt: 100, startedAt: 400, endedAt: 1_000 } as const;

test("what lies before the first attempt is waiting", () => {
  expect(spansOf(task, 9_000)).toEqual({ waited: { from: 100, to: 400 }, ran: { from: 400, to: 1_000 } });
  expect(spansOf({ ...task, phase: "running", endedAt: undefined }, 9_000).ran).toEqual({ from: 400, to: 9_000 });
  expect(spansOf({ ...task, startedAt: 100 }, 9_000).waited).toBeUndefined();
});

test("a task that has not begun only waits, also when it ended so", () => {
  expect(spansOf({ ...task, phase: "queued", startedAt: undefined, endedAt: undefined }, 900)).toEqual({ waited: { from: 100, to: 900 }, ran: undefined });
  expect(spansOf({ ...task, phase: "aborted", startedAt: undefined }, 9_000)).toEqual({ waited: { from: 100, to: 1_000 }, ran: undefined });
});

test("steps and questions do not wait for a place", () => {
  for (const kind of ["trace", "condition"] as const) {
    expect(spansOf({ ...task, kind, startedAt: undefined }, 9_000)).toEqual({ waited: undefined, ran: { from: 100, to: 1_000 } });
  }
});

test("clocks that disagree give no negative span", () => {
  expect(spansOf({ ...task, startedAt: 50 }, 0)).toEqual({ waited: undefined, ran: { from: 100, to: 1_000 } });
  expect(spansOf({ ...task, startedAt: 2_000 }, 0)).toEqual({ waited: { from: 100, to: 1_000 }, ran: { from: 1_000, to: 1_000 } });
  expect(spansOf({ ...task, phase: "running", startedAt: undefined, endedAt: undefined }, 5)).toEqual({ waited: { from: 100, to: 100 }, ran: undefined });
  expect(spansOf({ ...task, createdAt: undefined }, 5)).toEqual({ waited: undefined, ran: undefined });
});
