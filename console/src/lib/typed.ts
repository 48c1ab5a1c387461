/** What stands in a field whose text also lives in the address. The address follows later, sometimes after more was typed:
 * then what comes back is old, and must not take the place of what is typed. Pure. */
export interface Typed {
  readonly text: string;
  /** What the address said last. */
  readonly seen: string;
  /** What the address was told and has not said yet, oldest first. */
  readonly told: readonly string[];
}

export function typedOf(seen: string): Typed {
  return { text: seen, seen, told: [] };
}

export function typing(state: Typed, text: string): Typed {
  return { ...state, text };
}

/** Is there something to tell? */
export function isNews({ text, seen, told }: Typed): boolean {
  return text !== (told.at(-1) ?? seen);
}

export function telling(state: Typed): Typed {
  return { ...state, told: [...state.told, state.text] };
}

/** The address says something: an echo of what it was told, or a change from elsewhere, which wins. */
export function hearing(state: Typed, seen: string): Typed {
  const at = state.told.indexOf(seen);
  return at < 0 ? typedOf(seen) : { ...state, seen, told: state.told.slice(at + 1) };
}
