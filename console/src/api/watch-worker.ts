/** The worker that the tabs of a browser share: one stream to the server for all of them. */
import type { ToRelay } from "./relay";
import { Tabs } from "./tabs";

/** Timers of hidden tabs run once a minute: a tab that was not heard for this long is closed, or sleeps. */
const SILENCE = 200_000;
const LOOK_EVERY = 60_000;

const tabs = new Tabs({ silence: SILENCE, now: () => performance.now() });

self.addEventListener("connect", (event) => {
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (port === undefined) return;
  const hear = tabs.open({ postMessage: (message) => port.postMessage(message), close: () => port.close() });
  port.onmessage = ({ data }: MessageEvent<ToRelay>) => hear(data);
});

setInterval(() => tabs.forgetSilent(), LOOK_EVERY);
