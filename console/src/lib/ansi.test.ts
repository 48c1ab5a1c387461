import { expect, test } from "vitest";

import { pieces, plain, visible } from "./ansi";

const ESC = "\u001b";

test("colours of terminals become styles", () => {
  expect(pieces(`${ESC}[1;31mbad${ESC}[0m fine`)).toEqual([
    { text: "bad", colour: 1, bold: true, dim: false },
    { text: " fine", colour: undefined, bold: false, dim: false },
  ]);
  expect(pieces(`${ESC}[38;5;2mgreen${ESC}[39m${ESC}[38;2;1;31;4mtrue`).map((piece) => piece.colour)).toEqual([2, undefined]);
});

test("whatever else a line tells a terminal is not shown", () => {
  expect(plain(`a${ESC}]0;title\u0007b${ESC}[2Jc\u0007d\u0000e`)).toBe("abcde");
  expect(visible("user\u202egnp.exe")).toBe("usergnp.exe");
  expect(plain(`${ESC}[31`)).not.toContain(ESC);
});

test("of a progress bar only the last state is shown", () => {
  expect(pieces("10 %\r50 %\r100 %\r")[0]?.text).toBe("100 %");
});

test("a very long line of escapes is read in no time", () => {
  const started = performance.now();
  expect(plain(`${ESC}[`.repeat(200_000)).length).toBeGreaterThan(0);
  expect(performance.now() - started).toBeLessThan(2_000);
});
