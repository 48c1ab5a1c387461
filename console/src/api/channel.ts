/** The way from this tab to the relay: the worker that all tabs share, or one in this page where there is none. */
import { type FromRelay, Relay, type ToRelay, type ToTab } from "./relay";

type Hear = (message: FromRelay) => void;

const ALIVE_EVERY = 30_000;

export class Channel {
  private readonly hearers = new Map<string, Hear>();
  /** What is watched now, so that it can be told to another relay. */
  private readonly watched = new Map<string, Extract<ToRelay, { kind: "watch" }>>();
  private send: ((message: ToRelay) => void) | undefined;
  private nextName = 0;

  /** Watches from a cursor on until the returned function is called. */
  watch(cursor: string, target: Readonly<Record<string, unknown>>, hear: Hear): () => void {
    this.nextName += 1;
    const id = String(this.nextName);
    const message = { kind: "watch", id, cursor, target } as const;
    this.hearers.set(id, hear);
    this.watched.set(id, message);
    this.relay()(message);
    return () => {
      this.hearers.delete(id);
      if (this.watched.delete(id)) this.relay()({ kind: "drop", id });
    };
  }

  private relay(): (message: ToRelay) => void {
    this.send ??= typeof SharedWorker === "undefined" ? this.own() : this.shared();
    return this.send;
  }

  private shared(): (message: ToRelay) => void {
    const worker = new SharedWorker(new URL("./watch-worker.ts", import.meta.url), { type: "module", name: "wingbeat" });
    const alive = setInterval(() => worker.port.postMessage({ kind: "alive" } satisfies ToRelay), ALIVE_EVERY);
    const leave = (): void => {
      worker.port.postMessage({ kind: "bye" } satisfies ToRelay);
      end();
      // A page that comes back out of the browser's memory begins anew.
      window.addEventListener("pageshow", () => this.repeat(), { once: true });
    };
    const end = (): void => {
      clearInterval(alive);
      window.removeEventListener("pagehide", leave);
      worker.port.onmessage = null;
      this.send = undefined;
    };
    worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => {
      if (data.kind === "gone") {
        // This tab slept, and what it said since was said to nobody.
        end();
        this.repeat();
      } else this.hear(data);
    };
    // A worker that cannot be loaded: the page does it itself.
    worker.onerror = () => {
      end();
      this.send = this.own();
      this.repeat();
    };
    window.addEventListener("pagehide", leave);
    return (message) => worker.port.postMessage(message);
  }

  private own(): (message: ToRelay) => void {
    const relay = new Relay((message) => this.hear(message));
    return (message) => {
      if (message.kind === "watch") relay.watch(message.id, message.cursor, message.target);
      else if (message.kind === "drop") relay.drop(message.id);
    };
  }

  private repeat(): void {
    if (this.watched.size === 0) return;
    const send = this.relay();
    for (const message of this.watched.values()) send(message);
  }

  private hear(message: FromRelay): void {
    const known = this.watched.get(message.id);
    if (message.kind === "said" && known !== undefined) {
      if (message.message.cursor !== undefined) this.watched.set(message.id, { ...known, cursor: message.message.cursor });
      if (message.message.ended !== undefined || message.message.refused !== undefined) this.watched.delete(message.id);
    }
    this.hearers.get(message.id)?.(message);
  }
}

export const channel = new Channel();
