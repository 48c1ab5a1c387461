import { expect, test } from "vitest";

import { parseAnswer } from "./answer";
import { aftermath, headline, ownEnd } from "./failure";
import { actionCommand, logsCommand, queueCommand, shell, signalCommand } from "./command";
import { decodeMsgpack } from "./msgpack";
import { asPhase, badOf, isOver, orderedCounts, PHASES } from "./phase";
import { actionSearch } from "./search";
import { extent, shifted, ticks, zoomed } from "./timeline";

test("MessagePack is read, and what is none is refused", () => {
  const bytes = Uint8Array.from([0x82, 0xa1, 0x61, 0x93, 0x01, 0xff, 0xc3, 0xa1, 0x62, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
  expect(decodeMsgpack(bytes)).toEqual({ ok: true, value: { a: [1, -1, true], b: 0.5 } });
  expect(decodeMsgpack(Uint8Array.from([0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toEqual({ ok: true, value: "18446744073709551615" });
  for (const bad of [[], [0xc1], [0xdb, 0xff, 0xff, 0xff, 0xff], [1, 2], Array.from({ length: 500 }, () => 0x91)]) expect(decodeMsgpack(Uint8Array.from(bad)).ok).toBe(false);
  expect(decodeMsgpack(Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff])).ok).toBe(false);
});

test("of a traceback the last line is the headline", () => {
  const text = 'Traceback (most recent call last):\n  File "a.py", line 1\n    x\nValueError: no such bird\n';
  expect(headline(text)).toEqual({ first: "ValueError: no such bird", rest: text.trim() });
  expect(headline("plain")).toEqual({ first: "plain", rest: "" });
  expect(headline("").first).toBe("");
  expect(headline("y".repeat(10_000)).first.length).toBeLessThan(500);
});

test("a failure is caught only in a run that succeeded, and a failed run says what it ended with", () => {
  expect((["succeeded", "recovered"] as const).map((phase) => aftermath(phase)?.includes("caught"))).toEqual([true, true]);
  expect((["running", "paused", "queued", "unknown"] as const).map(aftermath)).toEqual(Array.from({ length: 4 }, () => "The run goes on."));
  expect((["aborted", "failed", "timed_out"] as const).map(aftermath)).toEqual([undefined, undefined, undefined]);
  expect(ownEnd("failed", "division by zero", "ValueError: x")).toBe("ValueError: x");
  expect(ownEnd("failed", "", "ValueError: x")).toBe("ValueError: x");
  for (const [phase, cause, own] of [["failed", "division by zero", "ZeroDivisionError: division by zero"], ["failed", "E: x", "x"], ["failed", "x", ""], ["aborted", "x", "y"]] as const) expect(ownEnd(phase, cause, own)).toBeUndefined();
});

test("answers are read as their type wants", () => {
  expect(parseAnswer("string", "")).toEqual({ ok: false, message: "Write an answer first." });
  expect(parseAnswer("string", " ")).toEqual({ ok: true, answer: { kind: "string", value: " " } });
  expect(parseAnswer("int", " -42 ")).toEqual({ ok: true, answer: { kind: "int", value: -42n } });
  for (const [kind, text] of [["int", "4.2"], ["int", "9223372036854775808"], ["float", ""], ["float", "Infinity"], ["bool", "yes"]] as const) expect(parseAnswer(kind, text).ok).toBe(false);
});

test("phases: unknown ones are a case, and the bad ones come first", () => {
  expect(asPhase("purple")).toBeUndefined();
  expect(isOver("unknown")).toBe(false);
  expect(orderedCounts({ succeeded: 3, failed: 1, queued: 0 })).toEqual([["failed", 1], ["succeeded", 3]]);
  expect(badOf({ succeeded: 3, failed: 1, timed_out: 2, aborted: 4 })).toEqual({ failed: 1, timed_out: 2 });
  expect(new Set(PHASES).size).toBe(11);
});

test("the timeline stays inside the run", () => {
  const limit = { from: 0, to: 1_000 };
  expect(zoomed(limit, limit, 500, 0.5)).toEqual({ from: 250, to: 750 });
  expect(zoomed({ from: 250, to: 750 }, limit, 500, 8)).toEqual(limit);
  expect(shifted({ from: 250, to: 750 }, limit, 900)).toEqual({ from: 500, to: 1_000 });
  expect(extent([], 5_000)).toEqual({ from: 4_000, to: 5_000 });
  expect(ticks({ from: 100, to: 1_100 }, 100, 5)).toEqual([100, 300, 500, 700, 900, 1_100].slice(0, ticks({ from: 100, to: 1_100 }, 100, 5).length));
});

test("only what has attempts has logs to print", () => {
  const key = { project: "p", domain: "d", run: "r" };
  expect(actionCommand(key, { kind: "task", name: "a0", attempts: 1 })).toBe("wingbeat logs r a0 --project p --domain d");
  for (const [kind, attempts] of [["trace", 0], ["condition", 1], ["task", 0]] as const) expect(actionCommand(key, { kind, name: "x", attempts })).toBe("wingbeat get action r x --project p --domain d");
  expect(logsCommand(key, "a0", 2)).toBe("wingbeat logs r a0 --attempt 2 --project p --domain d");
  expect(queueCommand("fast")).toBe("wingbeat queue list fast");
});

test("a shell reads what is quoted as one word", () => {
  expect(signalCommand({ project: "p", domain: "d", run: "r" }, "go-on", "it's; $(rm) fine")).toBe("wingbeat signal r go-on 'it'\\''s; $(rm) fine' --project p --domain d");
  expect(shell("", "a b", "x.y/z=1")).toBe("'' 'a b' x.y/z=1");
});

test("an address says only what views know", () => expect(actionSearch({ i: "a0", line: 7, evil: "x", q: "" })).toEqual({ i: "a0", line: "7" }));
