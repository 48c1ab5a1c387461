import { expect, test } from "vitest";

import { AXIS, LINE, rowIndexAt } from "./timeline-drawing";

test("a place on the timeline is a row, also when it is scrolled, and the axis is none", () => {
  expect([0, AXIS - 1].map((y) => rowIndexAt(y, 500))).toEqual([undefined, undefined]);
  expect([AXIS, AXIS + LINE - 1, AXIS + LINE].map((y) => rowIndexAt(y, 0))).toEqual([0, 0, 1]);
  expect(rowIndexAt(AXIS + LINE, 10 * LINE + 1)).toBe(11);
});
