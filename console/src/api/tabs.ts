/** The tabs of a browser that share one relay. A tab that is silent for long is forgotten, and told so: it may only have
 * slept. */
import { type FromRelay, Relay, type ToRelay, type ToTab } from "./relay";

/** The way back to a tab. */
export interface Port {
  readonly postMessage: (message: ToTab) => void;
  readonly close: () => void;
}

interface Tab {
  readonly port: Port;
  readonly watches: Set<string>;
  heard: number;
}

interface Limits {
  /** A tab that was not heard for so many milliseconds is forgotten. */
  readonly silence: number;
  /** A clock that only goes forward. */
  readonly now: () => number;
}

export class Tabs {
  private readonly tabs = new Map<number, Tab>();
  private nextTab = 0;
  // Names of watches are the tabs' own; here they get the number of the tab before them.
  private readonly relay = new Relay((message) => this.tell(message));

  constructor(private readonly limits: Limits) {}

  /** Takes in a tab, and answers what hears it. */
  open(port: Port): (message: ToRelay) => void {
    this.nextTab += 1;
    const number = this.nextTab;
    const tab: Tab = { port, watches: new Set(), heard: this.limits.now() };
    this.tabs.set(number, tab);
    return (message) => this.hear(number, tab, message);
  }

  /** Forgets tabs that were silent for too long. */
  forgetSilent(): void {
    const { silence, now } = this.limits;
    for (const [number, tab] of this.tabs) {
      if (now() - tab.heard <= silence) continue;
      tab.port.postMessage({ kind: "gone" });
      this.forget(number, tab);
    }
  }

  private tell(message: FromRelay): void {
    const at = message.id.indexOf(" ");
    const tab = this.tabs.get(Number(message.id.slice(0, at)));
    tab?.port.postMessage({ ...message, id: message.id.slice(at + 1) });
  }

  private hear(number: number, tab: Tab, message: ToRelay): void {
    tab.heard = this.limits.now();
    switch (message.kind) {
      case "watch":
        tab.watches.add(message.id);
        this.relay.watch(`${String(number)} ${message.id}`, message.cursor, message.target);
        break;
      case "drop":
        tab.watches.delete(message.id);
        this.relay.drop(`${String(number)} ${message.id}`);
        break;
      case "alive":
        break;
      case "bye":
        this.forget(number, tab);
        break;
      default:
        message satisfies never;
    }
  }

  private forget(number: number, tab: Tab): void {
    for (const id of tab.watches) this.relay.drop(`${String(number)} ${id}`);
    tab.watches.clear();
    this.tabs.delete(number);
    tab.port.close();
  }
}
