import { expect, test } from "vitest";

import { ago, duration, elapsed, windowStart } from "./time";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [9_999, "9.9 s"],
  [59_999, "59 s"],
  [64_000, "1 min 04 s"],
  [3_840_000, "1 h 04 min"],
  [90_000_000, "1 d 01 h"],
  [-5, "0 ms"],
])("%d ms is %s", (ms, words) => expect(duration(ms)).toBe(words));

test.each([
  [0, "just now"],
  [-20_000, "just now"],
  [61_000, "1 min ago"],
  [3 * 86_400_000, "3 d ago"],
  [-7_200_000, "in 2 h"],
])("%d ms before now is %s, also when the clock is wrong", (span, words) => expect(ago(1e12 - span, 1e12)).toBe(words));

test("nothing takes less than no time", () => {
  expect(elapsed(10, 5, 20)).toBe(0);
  expect(elapsed(undefined, 5, 20)).toBeUndefined();
  expect(windowStart("1h", 3_600_000)).toBe(0);
  expect(windowStart("toString", 0)).toBeUndefined();
});
