import { expect, test } from "vitest";

import { askingOf, EACH, leftInWords, newestOf } from "./attention";
import type { RunRow, Scope } from "./model";

test("what is not asked is said by name, and many scopes are asked less often", () => {
  const projects = Array.from({ length: 15 }, (_, index) => ({ id: `p${String(index)}`, domains: ["a", "b", "c"] }));
  const { asked, left, again } = askingOf(projects);
  expect([asked.length, left.length, again]).toEqual([30, 15, 40_000]);
  expect(leftInWords(left)).toBe("Not looked at here: p10/a, p10/b, p10/c, p11/a, p11/b, p11/c, p12/a, p12/b, p12/c, p13/a and 5 more.");
  expect(leftInWords(left.slice(0, 1))).toBe("Not looked at here: p10/a.");
  expect(askingOf(projects.slice(0, 1))).toMatchObject({ left: [], again: 5_000 });
  expect(askingOf([])).toEqual({ asked: [], left: [], again: 5_000 });
});

test("the newest runs are shown, and what has more is known", () => {
  const run = (name: string, endedAt: number): RunRow => ({ run: name, group: "", parent: "", kind: "task", name: "a0", title: "t", task: undefined, environment: "", queue: "", phase: "failed", createdAt: 1, startedAt: 1, endedAt, attempts: 1, cache: "disabled", children: {}, user: "", labels: {}, source: "" });
  const [one, two, three]: [Scope, Scope, Scope] = [{ project: "p", domain: "one" }, { project: "p", domain: "two" }, { project: "p", domain: "three" }];
  const { runs, more } = newestOf([{ scope: one, runs: [run("old", 1), run("new", 99)], more: false }, { scope: two, runs: Array.from({ length: EACH - 1 }, (_, index) => run(`r${String(index)}`, 10 + index)), more: false }, { scope: three, runs: [], more: true }], (found) => found.endedAt);
  expect([runs.length, runs[0]?.run, runs[0]?.scope.domain]).toEqual([EACH, "new", "one"]);
  expect(more).toEqual([one, three]);
});
