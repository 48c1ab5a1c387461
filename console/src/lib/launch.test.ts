import { expect, test } from "vitest";

import { leftOut, NO_SETTINGS, optionsOf, pairsOf, settingsLike } from "./launch";

test("settings become options, and empty ones say nothing", () => {
  expect(optionsOf(NO_SETTINGS)).toEqual({ ok: true, options: { name: "", labels: {}, envs: {}, queue: "", concurrency: 0, overwriteCache: false } });
  const typed = { name: " mine ", labels: "a=b\n c = d=e\n", envs: "FLAGS= --x,y=1\r\nEMPTY=", queue: "gpu ", concurrency: " 12 ", overwriteCache: true };
  expect(optionsOf(typed)).toEqual({ ok: true, options: { name: "mine", labels: { a: "b", c: " d=e" }, envs: { FLAGS: " --x,y=1", EMPTY: "" }, queue: "gpu", concurrency: 12, overwriteCache: true } });
});

test("what cannot be read is refused where it stands", () => {
  for (const [setting, text] of [["labels", "team"], ["labels", "a=b\n=c"], ["envs", "A=1\nB"], ["concurrency", "0"], ["concurrency", "many"], ["concurrency", "1.5"], ["concurrency", "-1"], ["concurrency", "4294967296"]] as const) {
    expect(optionsOf({ ...NO_SETTINGS, [setting]: text })).toMatchObject({ ok: false, setting });
  }
  expect(pairsOf("fine=1\n  odd ")).toBe("odd");
});

test("a run's settings are said again, but for its name", () => {
  const run = { labels: { team: "birds" }, envs: [{ key: "A", value: "1=2" }, { key: "KEY", value: "two\nlines" }], queue: "gpu", concurrency: 3 };
  const again = settingsLike(run);
  expect(leftOut(run.envs)).toEqual(["KEY"]);
  expect(optionsOf(again)).toEqual({ ok: true, options: { name: "", labels: { team: "birds" }, envs: { A: "1=2" }, queue: "gpu", concurrency: 3, overwriteCache: false } });
  expect(settingsLike({ labels: {}, envs: [], queue: "", concurrency: 0 })).toEqual(NO_SETTINGS);
});
