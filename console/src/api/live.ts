/** Streams that come back by themselves. A hidden tab gives its streams up after a while: a browser opens only six
 * connections to a server, and tabs that nobody sees must not keep them from the one that somebody does. */
import { link } from "./link";
import { isDisconnect } from "./transport";

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5_000;
/** The server says something at least every ten seconds; a stream that is silent for longer is dead. */
const SILENCE = 45_000;
const HIDDEN_FOR = 20_000;

export interface Follow<M> {
  readonly open: (signal: AbortSignal) => AsyncIterable<M>;
  readonly onMessage: (message: M) => void;
  /** Called before the first message of every connection but the first. */
  readonly onReconnect?: () => void;
  /** The stream has said everything and was closed by the server. */
  readonly onEnd?: () => void;
  /** The server refuses: trying again makes no sense. */
  readonly onRefused: (error: unknown) => void;
  /** Does the end of the stream mean that there is nothing more? */
  readonly finite: boolean;
}

let nextName = 0;

/** Follows a stream until the returned function is called. */
export function follow<M>(what: Follow<M>): () => void {
  const stop = new AbortController();
  const name = `stream-${String((nextName += 1))}`;
  void keepOpen(what, name, stop.signal);
  return () => {
    stop.abort();
    link.up(name);
  };
}

async function keepOpen<M>(what: Follow<M>, name: string, stop: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  for (let connections = 0; !stop.aborted; ) {
    await untilVisible(stop);
    try {
      let first = true;
      const outcome = await readOnce(what.open, stop, (message) => {
        if (first) {
          first = false;
          wait = FIRST_WAIT;
          link.up(name);
          if (connections > 0) what.onReconnect?.();
          connections += 1;
        }
        what.onMessage(message);
      });
      if (outcome === "hidden") continue;
      link.up(name);
      if (what.finite) {
        what.onEnd?.();
        return;
      }
    } catch (error) {
      if (stop.aborted) return;
      if (!isDisconnect(error)) {
        link.up(name);
        what.onRefused(error);
        return;
      }
      link.down(name);
    }
    await sleep(wait * (0.75 + Math.random() / 2), stop);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Reads one connection to its end. Throws what it throws; silence counts as a disconnect. */
async function readOnce<M>(open: (signal: AbortSignal) => AsyncIterable<M>, stop: AbortSignal, onMessage: (message: M) => void): Promise<"ended" | "hidden"> {
  const connection = new AbortController();
  let hidden = false;
  let silence = setTimeout(() => connection.abort(), SILENCE);
  let away: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = (): void => {
    clearTimeout(away);
    if (!document.hidden) return;
    away = setTimeout(() => {
      hidden = true;
      connection.abort();
    }, HIDDEN_FOR);
  };
  document.addEventListener("visibilitychange", onVisibility);
  try {
    for await (const message of open(AbortSignal.any([stop, connection.signal]))) {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE);
      if (!stop.aborted) onMessage(message);
    }
    return "ended";
  } catch (error) {
    if (hidden) return "hidden";
    if (connection.signal.aborted) throw new TypeError("network: the stream fell silent", { cause: error });
    throw error;
  } finally {
    clearTimeout(silence);
    clearTimeout(away);
    document.removeEventListener("visibilitychange", onVisibility);
  }
}

async function untilVisible(stop: AbortSignal): Promise<void> {
  if (!document.hidden) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      if (document.hidden && !stop.aborted) return;
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    document.addEventListener("visibilitychange", done);
    stop.addEventListener("abort", done, { once: true });
  });
}

async function sleep(ms: number, stop: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
