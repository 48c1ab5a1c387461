import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { enveloped, first, type FromRelay, joined, Relay } from "./relay";

/** Streams that were asked for, each with what it was asked and a way to answer. */
const streams: { asked: { id: string; cursor: string }[]; say: (message: object, flags?: number) => void; end: () => void }[] = [];
const told: FromRelay[] = [];

beforeEach(() => {
  streams.length = told.length = 0;
  vi.stubGlobal("fetch", (_address: string, init: { body: Uint8Array; signal: AbortSignal }) => {
    const asked = JSON.parse(first(init.body)?.text ?? "{}").subscriptions;
    let control: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (control = controller) });
    init.signal.addEventListener("abort", () => control?.error(new Error("aborted")));
    const say = (message: object, flags = 0): void => {
      const bytes = enveloped(JSON.stringify(message));
      bytes[0] = flags;
      // In two parts, as networks do.
      control?.enqueue(bytes.slice(0, 7));
      control?.enqueue(bytes.slice(7));
    };
    streams.push({ asked, say, end: () => control?.close() });
    return Promise.resolve(new Response(body));
  });
});
afterEach(() => vi.unstubAllGlobals());

const until = async (fits: () => boolean): Promise<void> => vi.waitFor(() => expect(fits()).toBe(true), { timeout: 10_000 });

test("envelopes are read however they are cut", () => {
  const bytes = joined(enveloped("äb"), enveloped("c"));
  expect(first(bytes.subarray(0, 4))).toBeUndefined();
  expect(first(bytes.subarray(0, 7))).toBeUndefined();
  expect(first(bytes)).toEqual({ flags: 0, text: "äb", length: 8 });
  expect(first(bytes.subarray(8))?.text).toBe("c");
});

test("a changed list is one new stream, from where each watch was", async () => {
  const relay = new Relay((message) => told.push(message));
  relay.watch("a", "0", { runs: {} });
  relay.watch("b", "7", { actions: {} });
  await until(() => streams.length === 1);
  expect(streams[0]?.asked).toEqual([{ id: "a", cursor: "0", runs: {} }, { id: "b", cursor: "7", actions: {} }]);
  streams[0]?.say({ id: "a", cursor: "5", runs: {} });
  await until(() => told.length === 1);
  relay.watch("c", "0", { logs: {} });
  await until(() => streams.length === 2);
  expect(streams[1]?.asked.map((one) => [one.id, one.cursor])).toEqual([["a", "5"], ["b", "7"], ["c", "0"]]);
  // A list that changes is no break.
  expect(told.every((message) => message.kind === "said")).toBe(true);
  relay.drop("a");
  relay.drop("b");
  relay.drop("c");
});

test("a stream that breaks is said and comes back; what is over or refused is asked for no more", async () => {
  const relay = new Relay((message) => told.push(message));
  relay.watch("log", "0", { logs: {} });
  relay.watch("bad", "0", { actions: {} });
  relay.watch("run", "0", { actions: {} });
  await until(() => streams.length === 1);
  streams[0]?.say({ id: "log", ended: {} });
  streams[0]?.say({ id: "bad", refused: { code: "not_found" } });
  streams[0]?.say({ id: "run", cursor: "3" });
  streams[0]?.say({ error: { code: "unavailable" } }, 2);
  await until(() => streams.length === 2);
  expect(told.filter((message) => message.kind === "down").map((message) => message.id)).toEqual(["run"]);
  expect(streams[1]?.asked.map((one) => [one.id, one.cursor])).toEqual([["run", "3"]]);
  streams[1]?.end();
  await until(() => streams.length === 3);
  relay.drop("run");
});

test("a list that is refused is asked for one by one, and the good ones go on", async () => {
  const relay = new Relay((message) => told.push(message));
  relay.watch("old", "0", { runs: {} });
  await until(() => streams.length === 1);
  streams[0]?.say({ id: "old", cursor: "4" });
  await until(() => told.length === 1);
  relay.watch("bad", "0", { actions: {} });
  relay.watch("good", "0", { actions: {} });
  await until(() => streams.length === 2);
  streams[1]?.say({ error: { code: "invalid_argument", message: "subscriptions[1]: too long" } }, 2);
  await until(() => streams.length === 5);
  const asked = streams.slice(2).map((stream) => stream.asked.map((one) => one.id));
  expect(asked).toEqual([["old"], ["bad"], ["good"]]);
  streams[3]?.say({ error: { code: "invalid_argument", message: "too long" } }, 2);
  await until(() => told.length === 2);
  expect(told[1]).toEqual({ kind: "said", id: "bad", message: { id: "bad", refused: { code: "invalid_argument", message: "too long" } } });
  await until(() => streams.length === 6);
  expect(streams[5]?.asked.map((one) => one.id)).toEqual(["old", "good"]);
  relay.drop("old");
  relay.drop("good");
});

test("more watches than one stream takes are several streams", async () => {
  const relay = new Relay(() => undefined);
  for (let index = 0; index < 65; index += 1) relay.watch(String(index), "0", { runs: {} });
  await until(() => streams.length === 2);
  expect(streams.map((stream) => stream.asked.length)).toEqual([64, 1]);
  for (let index = 0; index < 65; index += 1) relay.drop(String(index));
});
