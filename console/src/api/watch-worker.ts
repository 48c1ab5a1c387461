/** The worker that the tabs of a browser share: one stream to the server for all of them. */
import { type FromRelay, Relay, type ToRelay } from "./relay";

/** Timers of hidden tabs run once a minute: a tab that was not heard for this long is closed. */
const GONE = 200_000;

interface Tab {
  readonly port: MessagePort;
  readonly watches: Set<string>;
  heard: number;
}

const tabs = new Map<number, Tab>();
let nextTab = 0;

// Names of watches are the tabs' own; here they get the number of the tab before them.
const relay = new Relay((message) => {
  const at = message.id.indexOf(" ");
  const tab = tabs.get(Number(message.id.slice(0, at)));
  tab?.port.postMessage({ ...message, id: message.id.slice(at + 1) } satisfies FromRelay);
});

function hear(number: number, tab: Tab, message: ToRelay): void {
  tab.heard = Date.now();
  switch (message.kind) {
    case "watch":
      tab.watches.add(message.id);
      relay.watch(`${String(number)} ${message.id}`, message.cursor, message.target);
      break;
    case "drop":
      tab.watches.delete(message.id);
      relay.drop(`${String(number)} ${message.id}`);
      break;
    case "alive":
      break;
    case "bye":
      forget(number, tab);
      break;
    default:
      message satisfies never;
  }
}

function forget(number: number, tab: Tab): void {
  for (const id of tab.watches) relay.drop(`${String(number)} ${id}`);
  tab.watches.clear();
  tabs.delete(number);
  tab.port.close();
}

self.addEventListener("connect", (event) => {
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (port === undefined) return;
  nextTab += 1;
  const number = nextTab;
  const tab: Tab = { port, watches: new Set(), heard: Date.now() };
  tabs.set(number, tab);
  port.onmessage = ({ data }: MessageEvent<ToRelay>) => hear(number, tab, data);
});

setInterval(() => {
  for (const [number, tab] of tabs) if (Date.now() - tab.heard > GONE) forget(number, tab);
}, 60_000);
