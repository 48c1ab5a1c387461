import { expect, test } from "vitest";

import { addressOf, placeOf, refusalOf, rootOf } from "./upload";

const ROOT = rootOf(Uint8Array.from({ length: 16 }, (_, index) => index));

test("files of a folder keep their places in it", () => {
  expect(ROOT).toBe("000102030405060708090a0b0c0d0e0f");
  const deep = { name: "x.bin", webkitRelativePath: "birds/a/b/x.bin" };
  expect(placeOf(deep, "folder", ROOT)).toEqual({ filenameRoot: `${ROOT}/a/b`, filename: "x.bin" });
  expect(placeOf({ name: "y", webkitRelativePath: "birds/y" }, "folder", ROOT)).toEqual({ filenameRoot: ROOT, filename: "y" });
  expect(placeOf({ name: "x.bin", webkitRelativePath: "" }, "file", ROOT)).toEqual({ filenameRoot: "", filename: "x.bin" });
  expect(placeOf({ name: "x.parquet", webkitRelativePath: "" }, "dataframe", ROOT)).toEqual({ filenameRoot: "", filename: "00000" });
});

test("an input gets the address of its file, or of the folder around its files", () => {
  const native = `s3://bucket/uploads/p/d/${ROOT}/a/x.bin`;
  expect(addressOf(native, "file", ROOT)).toBe(native);
  expect(addressOf(native, "folder", ROOT)).toBe(`s3://bucket/uploads/p/d/${ROOT}`);
  expect(addressOf("s3://bucket/uploads/p/d/abc/00000", "dataframe", ROOT)).toBe("s3://bucket/uploads/p/d/abc");
});

test("what a browser may not do is said before it is tried", () => {
  expect(refusalOf("http://here:1/x?y", "http://here:1")).toBeUndefined();
  expect(refusalOf("/x?y", "http://here:1")).toBeUndefined();
  expect(refusalOf("https://store.example/x", "http://here:1")).toContain("takes files at https://store.example");
});
