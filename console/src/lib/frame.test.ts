import { expect, test } from "vitest";

import { costOf, filesInWords, type RowGroup } from "./frame";

const group = (rows: number, ...chunks: readonly (readonly [string, number, boolean])[]): RowGroup => ({ rows, chunks: chunks.map(([column, bytes, indexed]) => ({ column, bytes, indexed })) });

test("what is read for the first rows is what cannot be read in part", () => {
  const large = [group(1_000_000, ["a", 500, false], ["b", 300, true], ["c", 7, false]), group(1_000_000, ["a", 500, false])];
  expect(costOf(large, ["a", "b"], 20)).toBe(500);
  expect(costOf(large, ["b"], 20)).toBe(0);
  expect(costOf(large, ["c", "a"], 20)).toBe(507);
  const small = [group(5, ["a", 1, true]), group(10, ["a", 2, false]), group(100, ["a", 4, true], ["a", 8, false]), group(9, ["a", 16, false])];
  expect(costOf(small, ["a"], 20)).toBe(1 + 2 + 8);
  expect(costOf([], ["a"], 20)).toBe(0);
});

test("the number of files is not that of the first page", () => {
  expect([filesInWords(1, false), filesInWords(3, false), filesInWords(200, true)]).toEqual(["", " in the first of 3 files", " in the first of more than 200 files"]);
});
