/** Whether the server answers, for the banner that says so. Every stream and the calls report under a name. */
import { useSyncExternalStore } from "react";

export type LinkState = { readonly state: "connected" } | { readonly state: "reconnecting"; readonly since: number };

const CONNECTED: LinkState = { state: "connected" };

class Link {
  private readonly broken = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private now: LinkState = CONNECTED;

  up(name: string): void {
    this.broken.delete(name);
    // Whoever answers a call also serves streams: they come back by themselves, each with its own wait.
    if (this.broken.size === 0 && this.now.state !== "connected") this.set(CONNECTED);
  }

  down(name: string): void {
    this.broken.add(name);
    if (this.now.state === "connected") this.set({ state: "reconnecting", since: Date.now() });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): LinkState => this.now;

  private set(state: LinkState): void {
    this.now = state;
    for (const listener of this.listeners) listener();
  }
}

export const link = new Link();

/** The state of the connection. */
export function useLink(): LinkState {
  return useSyncExternalStore(link.subscribe, link.read);
}
