import { describe, expect, it } from "vitest";

import { closed, layoutOf, type Opened, placeOf, rowOf, settled, SLICE, sliceOf, WINDOW, windowsOf } from "./window";

const totals = new Map([
  ["a0", 1_000_000],
  ["x", 250],
  ["y", 3],
]);
const opened = new Map<string, Opened>([
  ["y", { parent: "x", at: 120 }],
  ["x", { parent: "a0", at: 7 }],
]);

describe("layoutOf", () => {
  const layout = layoutOf("a0", totals, opened);
  it("puts the lists of opened actions below them", () => {
    expect(layout.total).toBe(1_000_253);
    expect(layout.parts.map(({ list, offset, count }) => [list, offset, count])).toEqual([
      ["a0", 0, 8],
      ["x", 0, 121],
      ["y", 0, 3],
      ["x", 121, 129],
      ["a0", 8, 999_992],
    ]);
  });
  it("finds the place of every kind of row", () => {
    expect(placeOf(layout, 7)).toEqual({ list: "a0", at: 7, depth: 0 });
    expect(placeOf(layout, 8)).toEqual({ list: "x", at: 0, depth: 1 });
    expect(placeOf(layout, 129)).toEqual({ list: "y", at: 0, depth: 2 });
    expect(placeOf(layout, 132)).toEqual({ list: "x", at: 121, depth: 1 });
    expect(placeOf(layout, 261)).toEqual({ list: "a0", at: 8, depth: 0 });
    expect(placeOf(layout, 1_000_252)).toEqual({ list: "a0", at: 999_999, depth: 0 });
    expect(placeOf(layout, 1_000_253)).toBeUndefined();
    expect(placeOf(layout, -1)).toBeUndefined();
  });
  it("finds the row of a place, if its list is open", () => {
    for (const row of [0, 7, 8, 128, 129, 131, 132, 260, 261, 1_000_252]) {
      const place = placeOf(layout, row);
      expect(rowOf(layout, place?.list ?? "", place?.at ?? -1)).toBe(row);
    }
    expect(rowOf(layout, "z", 0)).toBeUndefined();
    expect(rowOf(layout, "y", 3)).toBeUndefined();
    expect(rowOf(layoutOf("a0", new Map([["a0", 9]]), opened), "x", 2)).toBeUndefined();
  });
  it("asks only for the windows that are seen, each once", () => {
    expect(windowsOf(layout, 120, 140)).toEqual([
      { list: "x", window: 1 },
      { list: "y", window: 0 },
    ]);
    expect(windowsOf(layout, 0, 9)).toEqual([
      { list: "a0", window: 0 },
      { list: "x", window: 0 },
    ]);
    expect(windowsOf(layout, 1_000_250, 2_000_000)).toEqual([{ list: "a0", window: 9_999 }]);
    expect(windowsOf(layout, 5, 5)).toEqual([]);
  });
  it("leaves out what stands beyond the end of its list, and lists nobody has counted", () => {
    expect(layoutOf("a0", new Map([["a0", 2]]), new Map([["x", { parent: "a0", at: 5 }]])).total).toBe(2);
    expect(layoutOf("a0", new Map(), opened)).toEqual({ parts: [], total: 0 });
  });
});

describe("opened actions", () => {
  it("follow rows that were pushed down, and stay where nothing was read", () => {
    const rows = Array.from({ length: WINDOW }, (_, index) => ({ name: index === 9 ? "x" : `n${String(index)}` }));
    expect(settled(opened, new Map([["a0/0", rows]])).get("x")).toEqual({ parent: "a0", at: 9 });
    expect(settled(opened, new Map())).toBe(opened);
  });
  it("are closed with all below them", () => {
    expect([...closed(opened, "x").keys()]).toEqual([]);
    expect([...closed(opened, "y").keys()]).toEqual(["x"]);
  });
});

it("cuts long lists into slices", () => {
  expect([sliceOf(0), sliceOf(SLICE - 1), sliceOf(SLICE)]).toEqual([0, 0, 1]);
});
