/** Times and durations that keep themselves up to date, with the exact value on hover. */
import { type JSX, useSyncExternalStore } from "react";

import { ago, duration, exact } from "../lib/time";

// One clock for the page: a thousand rows do not need a thousand timers.
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const still = (): (() => void) => () => undefined;

/** The present time, once a second; standing still when nothing depends on it. */
export function useNow(ticking = true): number {
  return useSyncExternalStore(ticking ? subscribe : still, () => now);
}

export function When({ at }: { readonly at: number | undefined }): JSX.Element {
  const present = useNow(at !== undefined);
  if (at === undefined) return <span className="soft">–</span>;
  return (
    <time className="number" dateTime={new Date(at).toISOString()} title={exact(at)}>
      {ago(at, present)}
    </time>
  );
}

export function Elapsed({ from, to, running }: { readonly from: number | undefined; readonly to: number | undefined; readonly running: boolean }): JSX.Element {
  const present = useNow(running);
  if (from === undefined || (to === undefined && !running)) return <span className="soft">–</span>;
  const title = `from ${exact(from)}${to === undefined ? "" : ` to ${exact(to)}`}`;
  return (
    <span className="number" title={title}>
      {duration((to ?? present) - from)}
    </span>
  );
}
