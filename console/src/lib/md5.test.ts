import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { Md5 } from "./md5";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

test("sums are those of everybody else, whatever the parts that bytes come in", () => {
  const all = Uint8Array.from({ length: 300 }, (_, index) => (index * 37) % 256);
  for (let length = 0; length <= all.length; length += 1) {
    const bytes = all.subarray(0, length);
    const [whole, parts] = [new Md5(), new Md5()];
    whole.add(bytes);
    for (let at = 0; at < length; at += 1 + (at % 70)) parts.add(bytes.subarray(at, Math.min(length, at + 1 + (at % 70))));
    const known = createHash("md5").update(bytes).digest("hex");
    expect([hex(whole.end()), hex(parts.end())]).toEqual([known, known]);
  }
});

test("a large file takes no long time", () => {
  const part = new Uint8Array(4 * 1_024 * 1_024).fill(7);
  const sum = new Md5();
  for (let index = 0; index < 8; index += 1) sum.add(part);
  expect(hex(sum.end())).toBe(createHash("md5").update(new Uint8Array(8 * part.length).fill(7)).digest("hex"));
});
