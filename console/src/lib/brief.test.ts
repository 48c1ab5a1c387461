import { expect, test } from "vitest";

import { briefly } from "./brief";
import type { ValueView } from "./model";

function text(value: ValueView): string | undefined {
  return briefly([{ name: "x", value }], 1).shown[0]?.text;
}

test("values in a few words", () => {
  expect(text({ kind: "number", text: "22" })).toBe("22");
  expect(text({ kind: "text", text: "" })).toBe("empty");
  expect(text({ kind: "text", text: "two\n lines" })).toBe("two lines");
  expect(text({ kind: "text", text: "🦆".repeat(30) })).toBe(`${"🦆".repeat(23)}…`);
  expect(text({ kind: "list", items: [{ kind: "none" }] })).toBe("1 item");
  expect(text({ kind: "map", entries: [] })).toBe("0 entries");
  expect(text({ kind: "link", what: "folder", uri: "s3://bucket/data/birds/", format: "" })).toBe("birds");
  expect(text({ kind: "time", at: Number.NaN, nanos: 0 })).toBe("not a time");
  expect(text({ kind: "bool", value: false })).toBe("false");
});

test("only the first ones are shown, and the rest is counted", () => {
  const values = ["a", "b", "c", "d"].map((name) => ({ name, value: { kind: "none" } as const }));
  expect(briefly(values, 3).more).toBe(1);
  expect(briefly(values, 3).shown.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(briefly([], 3)).toEqual({ shown: [], more: 0 });
});
