import { expect, test } from "vitest";

import { fieldOfMessage, fieldsOf, givenOf } from "./form";

const FORM = {
  type: "object",
  properties: {
    note: { oneOf: [{ type: "string" }, { type: "null" }], format: "union" },
    x: { type: "integer", description: "how many" },
    lr: { type: "number", default: 0.5 },
    colour: { type: "string", enum: ["red", "blue"] },
    data: { type: "object", format: "blob", properties: { uri: { type: "string", default: "" }, dimensionality: { type: "string", default: "MULTIPART" } } },
    grid: { type: "array", items: { type: "number" }, default: [1, 2] },
  },
  required: ["x", "colour"],
};
const fields = fieldsOf(FORM, ["x", "lr", "note"]);
const field = (name: string) => {
  const found = fields.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

test("fields come in the order of the interface, with their kinds and defaults", () => {
  expect(fields.map((one) => [one.name, one.type.kind, one.required, one.initial])).toEqual([
    ["x", "whole", true, ""],
    ["lr", "number", false, "0.5"],
    ["note", "text", false, ""],
    ["colour", "choice", true, ""],
    ["data", "link", false, ""],
    ["grid", "json", false, "[\n  1,\n  2\n]"],
  ]);
  expect(fieldsOf("nonsense")).toEqual([]);
});

test.each([
  ["x", "7", { ok: true, value: 7 }],
  ["x", "seven", { ok: true, value: "seven" }],
  ["x", "", { ok: true, absent: true }],
  ["note", "", { ok: true, value: null }],
  ["note", "hi", { ok: true, value: "hi" }],
  ["data", " s3://x ", { ok: true, value: { dimensionality: "MULTIPART", uri: "s3://x" } }],
  ["grid", "[1]", { ok: true, value: [1] }],
])("%s typed as %j is sent as %j", (name, text, given) => expect(givenOf(field(name), text)).toEqual(given));

test("what cannot be sent is refused", () => {
  expect(givenOf(field("x"), "9007199254740993").ok).toBe(false);
  expect(givenOf(field("grid"), "[1").ok).toBe(false);
});

test("a message of the server finds its field", () => {
  expect(fieldOfMessage("`grid[2].lr`: expected number, got text", fields)).toBe("grid");
  expect(fieldOfMessage("`console.quick` wants `x`", fields)).toBe("x");
  expect(fieldOfMessage("no room", fields)).toBeUndefined();
});
