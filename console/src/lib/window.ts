/** Which rows of which lists stand where, when a run is read in windows. A list is the children of one action (or what a
 * filter found); opened actions have the list of their children below them. Pure, and never proportional to the rows. */

/** Rows that are asked for at once. */
export const WINDOW = 100;

/** Rows of one scroller: browsers end at some ten million pixels. */
export const SLICE = 200_000;

/** Where an opened action stands: in the list of its parent's children. */
export interface Opened {
  readonly parent: string;
  readonly at: number;
}

/** Rows of the screen that follow each other, and follow each other in one list too. */
export interface Part {
  readonly start: number;
  readonly list: string;
  readonly offset: number;
  readonly count: number;
  readonly depth: number;
}

export interface Layout {
  readonly parts: readonly Part[];
  readonly total: number;
}

/** A row of a list. */
export interface Place {
  readonly list: string;
  readonly at: number;
  readonly depth: number;
}

/** A window of a list. */
export interface Wanted {
  readonly list: string;
  readonly window: number;
}

/** The lists that are open, cut where one stands inside another. */
export function layoutOf(root: string, totals: ReadonlyMap<string, number>, opened: ReadonlyMap<string, Opened>): Layout {
  const inside = new Map<string, { readonly name: string; readonly at: number }[]>();
  for (const [name, { parent, at }] of opened) inside.set(parent, [...(inside.get(parent) ?? []), { name, at }]);
  const parts: Part[] = [];
  let start = 0;
  const add = (list: string, offset: number, end: number, depth: number): void => {
    if (end <= offset) return;
    parts.push({ start, list, offset, count: end - offset, depth });
    start += end - offset;
  };
  const walk = (list: string, depth: number): void => {
    const total = totals.get(list) ?? 0;
    let done = 0;
    for (const { name, at } of (inside.get(list) ?? []).sort((left, right) => left.at - right.at)) {
      if (at >= total) break;
      add(list, done, at + 1, depth);
      done = at + 1;
      walk(name, depth + 1);
    }
    add(list, done, total, depth);
  };
  walk(root, 0);
  return { parts, total: start };
}

/** Which row of which list stands in a row of the screen. */
export function placeOf({ parts }: Layout, row: number): Place | undefined {
  let [low, high] = [0, parts.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const part = parts[middle];
    if (part === undefined) return undefined;
    if (row < part.start) high = middle - 1;
    else if (row >= part.start + part.count) low = middle + 1;
    else return { list: part.list, at: part.offset + row - part.start, depth: part.depth };
  }
  return undefined;
}

/** The row of the screen in which a row of a list stands; `undefined` when its list is not open so far. */
export function rowOf({ parts }: Layout, list: string, at: number): number | undefined {
  const part = parts.find((one) => one.list === list && at >= one.offset && at < one.offset + one.count);
  return part === undefined ? undefined : part.start + at - part.offset;
}

/** The windows that rows of the screen need, from `first` to before `end`. */
export function windowsOf({ parts }: Layout, first: number, end: number): readonly Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { start, count, offset, list } of parts) {
    const from = Math.max(first, start);
    const to = Math.min(end, start + count);
    if (from >= to) continue;
    const last = windowAt(offset + to - 1 - start);
    for (let window = windowAt(offset + from - start); window <= last; window += 1) wanted.set(windowKey(list, window), { list, window });
  }
  return [...wanted.values()];
}

export function windowAt(row: number): number {
  return Math.floor(row / WINDOW);
}

export function windowKey(list: string, window: number): string {
  return `${list}/${String(window)}`;
}

/** Opened actions where they stand now: actions that were made at the same moment as others may push them down. What
 * was not read stays where it was; the same map comes back when nothing moved. */
export function settled(opened: ReadonlyMap<string, Opened>, read: ReadonlyMap<string, readonly { readonly name: string }[]>): ReadonlyMap<string, Opened> {
  let moved = false;
  const next = new Map<string, Opened>();
  for (const [name, place] of opened) {
    const window = windowAt(place.at);
    const near = [window, window + 1].flatMap((one) => (read.get(windowKey(place.parent, one)) ?? []).map((row, index) => ({ name: row.name, at: one * WINDOW + index })));
    const at = near.find((row) => row.name === name)?.at ?? place.at;
    moved ||= at !== place.at;
    next.set(name, { parent: place.parent, at });
  }
  return moved ? next : opened;
}

/** The opened actions without one of them and without all that is open below it. */
export function closed(opened: ReadonlyMap<string, Opened>, name: string): ReadonlyMap<string, Opened> {
  const gone = new Set([name]);
  for (let before = 0; before < gone.size; ) {
    before = gone.size;
    for (const [child, { parent }] of opened) if (gone.has(parent)) gone.add(child);
  }
  return new Map([...opened].filter(([child]) => !gone.has(child)));
}

/** Which slice of a long list a row is in. */
export function sliceOf(row: number): number {
  return Math.floor(row / SLICE);
}
