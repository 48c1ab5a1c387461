import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Channel } from "./channel";
import { enveloped, first, type FromRelay, type ToRelay } from "./relay";
import { Tabs } from "./tabs";

const SILENCE = 1_000;

/** Streams that the worker opened, each with what it asked for and a way to answer. */
const streams: { asked: { id: string; cursor: string }[]; say: (message: object) => void }[] = [];
let now = 0;
let tabs: Tabs;
let opened: number;
let port: { onmessage: ((event: { data: unknown }) => void) | null } | undefined;

beforeEach(() => {
  streams.length = 0;
  now = opened = 0;
  tabs = new Tabs({ silence: SILENCE, now: () => now });
  vi.stubGlobal("fetch", (_address: string, init: { body: Uint8Array; signal: AbortSignal }) => {
    let control: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (control = controller) });
    init.signal.addEventListener("abort", () => control?.error(new Error("aborted")));
    streams.push({ asked: JSON.parse(first(init.body)?.text ?? "{}").subscriptions, say: (message) => control?.enqueue(enveloped(JSON.stringify(message))) });
    return Promise.resolve(new Response(body));
  });
  vi.stubGlobal("window", new EventTarget());
  // A worker in this process: what is said to a closed port is lost, as in a browser.
  vi.stubGlobal(
    "SharedWorker",
    class {
      readonly port = { onmessage: null, postMessage: (message: ToRelay) => this.open && this.hear(message) };
      private open = true;
      private readonly hear = tabs.open({ postMessage: (data) => this.answer(data), close: () => (this.open = false) });
      constructor() {
        opened += 1;
        port = this.port;
      }
      private answer(data: unknown): void {
        const to: typeof port = this.port;
        to.onmessage?.({ data });
      }
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

const until = async (fits: () => boolean): Promise<void> => vi.waitFor(() => expect(fits()).toBe(true), { timeout: 5_000 });

test("a tab that slept for too long is live again, from where it was", async () => {
  const heard: FromRelay[] = [];
  const channel = new Channel();
  const stop = channel.watch("0", { runs: {} }, (message) => heard.push(message));
  await until(() => streams.length === 1);
  streams[0]?.say({ id: streams[0].asked[0]?.id, cursor: "4" });
  await until(() => heard.length === 1);
  now = SILENCE + 1;
  tabs.forgetSilent();
  await until(() => streams.length === 2);
  expect([opened, streams[1]?.asked[0]?.cursor]).toEqual([2, "4"]);
  streams[1]?.say({ id: streams[1].asked[0]?.id, cursor: "5" });
  await until(() => heard.length === 2);
  stop();
});

test("a tab that is heard is kept, and one that watches nothing does not come back", async () => {
  const channel = new Channel();
  const stop = channel.watch("0", { runs: {} }, () => undefined);
  await until(() => streams.length === 1);
  now = SILENCE;
  tabs.forgetSilent();
  expect(opened).toBe(1);
  stop();
  now = 3 * SILENCE;
  tabs.forgetSilent();
  expect([opened, port?.onmessage]).toEqual([1, null]);
});
