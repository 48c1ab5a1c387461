import { expect, test } from "vitest";

import type { LogLine } from "./model";
import { appended, letGo } from "./tail";

const line = (number: number): LogLine => ({ number, at: undefined, text: `line ${String(number)}`, system: false });

test("only the last lines are kept, and how many were let go is known", () => {
  const some = appended({ lines: [], dropped: 0 }, [1, 2, 3].map(line), 4);
  expect([some.lines.length, some.dropped]).toEqual([3, 0]);
  const more = appended(some, [4, 5, 6].map(line), 4);
  expect([more.lines.map((one) => one.number), more.dropped]).toEqual([[3, 4, 5, 6], 2]);
  expect(letGo(some.lines, more.lines)).toBe(2);
  expect(letGo(more.lines, more.lines)).toBe(0);
});

test("a list of other lines has let nothing go", () => {
  const lines = [1, 2, 3].map(line);
  expect(letGo(lines, [])).toBe(0);
  expect(letGo([], lines)).toBe(0);
  expect(letGo(lines, [line(3)])).toBe(0);
  expect(letGo(lines.slice(1), lines)).toBe(0);
});
