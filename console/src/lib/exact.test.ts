import { expect, test } from "vitest";

import { differences, plainValues } from "./compare";
import { exactMoment, exactSpan, jsonText } from "./exact";
import type { ValueView } from "./model";

const S = 1_000_000_000n;

test.each([
  [0n, "0 s"],
  [-300n * S, "-5 min"],
  [5_415n * S, "1 h 30 min 15 s"],
  [5_400n * S, "1 h 30 min"],
  [1_000n, "0.000001 s"],
  [-(86_400n * S + 1n), "-1 d 0.000000001 s"],
  [86_399_999_999_999n * S + 999_999_000n, "999999999 d 23 h 59 min 59.999999 s"],
])("%d ns are %s", (nanos, words) => expect(exactSpan(nanos)).toBe(words));

test("moments keep their microseconds", () => {
  expect(exactMoment(Date.UTC(2026, 0, 31, 12), 0)).toBe("2026-01-31T12:00:00.000Z");
  expect(exactMoment(Date.UTC(2026, 0, 31, 12), 1_000)).toBe("2026-01-31T12:00:00.000001Z");
  expect(exactMoment(Number.NaN, 0)).toBe("not a time");
});

test("numbers that JSON cannot say are said, and texts that look like them are texts", () => {
  expect(jsonText({ a: [Number.NaN, -Infinity, 2n ** 64n, -0, 0.5], b: "NaN", c: null })).toBe('{\n  "a": [\n    NaN,\n    -Infinity,\n    18446744073709551616,\n    -0,\n    0.5\n  ],\n  "b": "NaN",\n  "c": null\n}');
  expect(jsonText(undefined)).toBe("undefined");
});

test("a comparison sees what is exact", () => {
  const values = (at: number, nanos: number, span: bigint): unknown => {
    const all: Record<string, ValueView> = { when: { kind: "time", at, nanos }, span: { kind: "duration", nanos: span } };
    return plainValues(Object.entries(all).map(([name, value]) => ({ name, value })));
  };
  expect(differences(values(0, 1_000, S), values(0, 2_000, -S)).found).toEqual([
    { path: "when", left: "1970-01-01T00:00:00.000001Z", right: "1970-01-01T00:00:00.000002Z" },
    { path: "span", left: "1 s", right: "-1 s" },
  ]);
});
