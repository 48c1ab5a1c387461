import { expect, test } from "vitest";

import { PHASES } from "./phase";
import { shapeOf, shapePlace } from "./shapes";

test("no two phases have one shape", () => expect(new Set(PHASES.map(shapeOf)).size).toBe(PHASES.length));

test("a shape stands on its bar where it fits, and else beside it, in the chart", () => {
  expect(shapePlace(100, 114, 500, 10)).toEqual({ x: 102, on: true });
  expect(shapePlace(100, 113, 500, 10)).toEqual({ x: 115, on: false });
  expect(shapePlace(498, 500, 500, 10)).toEqual({ x: 490, on: false });
});
