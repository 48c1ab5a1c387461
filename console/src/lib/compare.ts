/** What is different between two runs. Pure: values and specs become paths with texts, actions are summed up by task. */
import { exactMoment, exactSpan } from "./exact";
import type { ActionRow, NamedValue, ValueView } from "./model";
import { isOver, type Phase, type PhaseCounts, PHASES } from "./phase";
import { spansOf } from "./spans";
import { countPhases, groupBy } from "./tree";

export interface Difference {
  readonly path: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** A larger value is compared up to here, and the page says so; nobody reads more differences than these. */
const MOST_LEAVES = 20_000;
const EMPTY = "empty";

/** Values as they are compared: numbers, lists and maps of them. */
export function plainValues(values: readonly NamedValue[]): unknown {
  return Object.fromEntries(values.map(({ name, value }) => [name, plainValue(value)]));
}

function plainValue(value: ValueView): unknown {
  switch (value.kind) {
    case "none":
      return null;
    case "text":
      return JSON.stringify(value.text);
    case "number":
      return value.text;
    case "bool":
      return value.value;
    case "time":
      return exactMoment(value.at, value.nanos);
    case "duration":
      return exactSpan(value.nanos);
    case "json":
      return quoted(value.value);
    case "list":
      return value.items.map(plainValue);
    case "map":
      return Object.fromEntries(value.entries.map((entry) => [entry.name, plainValue(entry.value)]));
    case "link":
      return value.uri;
    case "error":
      return value.message;
    case "bytes":
      return `${String(value.size)} bytes`;
    case "unknown":
      return "unknown";
    default:
      return value satisfies never;
  }
}

/** Texts inside of JSON can be told from numbers, and from words of ours. */
function quoted(value: unknown): unknown {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return value.map(quoted);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, quoted(one)])) : value;
}

export interface Differences {
  readonly found: readonly Difference[];
  /** Names of values that are too large to be compared to their end. */
  readonly cut: readonly string[];
}

/** Every place where the two say something different, name by name, as far as each is walked through. */
export function differences(left: unknown, right: unknown, most = MOST_LEAVES): Differences {
  const names = [...new Set([...namesOf(left), ...namesOf(right)])];
  // Very many names share what there is.
  const budget = Math.max(Math.ceil(most / 20), Math.min(most, Math.floor((10 * most) / Math.max(1, names.length))));
  const found: Difference[] = [];
  const cut: string[] = [];
  for (const name of names) {
    const [before, after] = [leaves(valueOf(left, name), step("", name), budget), leaves(valueOf(right, name), step("", name), budget)];
    if (before.cut || after.cut) cut.push(name);
    for (const path of new Set([...before.texts.keys(), ...after.texts.keys()])) {
      const one = { path, left: before.texts.get(path), right: after.texts.get(path) };
      // Where a walk was cut, what is missing may still come.
      const unsure = (one.left === undefined && before.cut) || (one.right === undefined && after.cut);
      // Where one side is empty, what the other side has in it says enough.
      const shell = (one.left === undefined && before.filled.has(path)) || (one.right === undefined && after.filled.has(path));
      if (one.left !== one.right && !unsure && !(shell && (one.left ?? one.right) === EMPTY)) found.push(one);
    }
  }
  return { found, cut };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function namesOf(value: unknown): readonly string[] {
  return isMap(value) ? Object.keys(value) : [];
}

function valueOf(value: unknown, name: string): unknown {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The path of what is called so; names that could be taken for a path are quoted. */
function step(path: string, name: string): string {
  if (!/^[^.[\]"]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

interface Leaves {
  readonly texts: ReadonlyMap<string, string>;
  /** Paths of lists and maps that have something in them. */
  readonly filled: ReadonlySet<string>;
  readonly cut: boolean;
}

function leaves(value: unknown, from: string, most: number): Leaves {
  const [texts, filled] = [new Map<string, string>(), new Set<string>()];
  let cut = false;
  const inside = (path: string, items: Iterable<readonly [string, unknown]>): void => {
    let empty = true;
    for (const [below, item] of items) {
      empty = false;
      walk(item, below);
      if (cut) break;
    }
    if (empty) texts.set(path, EMPTY);
    else filled.add(path);
  };
  const walk = (one: unknown, path: string): void => {
    if (one === undefined) return;
    if (texts.size >= most) cut = true;
    else if (Array.isArray(one)) inside(path, indexedBy(one, path));
    else if (isMap(one)) inside(path, namedBy(one, path));
    else texts.set(path, String(one));
  };
  walk(value, from);
  return { texts, filled, cut };
}

function* indexedBy(items: readonly unknown[], path: string): Generator<readonly [string, unknown]> {
  for (const [index, item] of items.entries()) yield [`${path}[${String(index)}]`, item];
}

function* namedBy(items: Readonly<Record<string, unknown>>, path: string): Generator<readonly [string, unknown]> {
  for (const name in items) if (Object.hasOwn(items, name)) yield [step(path, name), items[name]];
}

/** The part of an action's message that says what runs. */
export function specOf(raw: string): unknown {
  try {
    const details: unknown = JSON.parse(raw);
    return typeof details === "object" && details !== null && "task" in details ? details.task : undefined;
  } catch {
    return undefined;
  }
}

/** Actions of one task in one run. */
export interface TaskSide {
  readonly count: number;
  readonly counts: PhaseCounts;
  /** Of those that are over, or of a sample of them; half of these took longer. */
  readonly median: number | undefined;
}

export interface TaskChange {
  readonly title: string;
  readonly left: TaskSide | undefined;
  readonly right: TaskSide | undefined;
}

/** Durations differ all the time: this much is worth a look. */
const WORTH_MS = 500;
const WORTH_SHARE = 0.2;

/** Tasks whose actions did something else in the other run, and how many tasks did the same. */
export interface TaskChanges {
  readonly changed: readonly TaskChange[];
  readonly same: number;
  /** There are more tasks, of which nothing is known. */
  readonly cut: boolean;
}

/** Of runs whose actions are all there. */
export function taskChanges(left: readonly ActionRow[], right: readonly ActionRow[]): TaskChanges {
  return { ...changes(sides(left), sides(right)), cut: false };
}

/** The largest tasks of a run, and how many it has. */
export interface TaskSums {
  readonly tasks: readonly { readonly name: string; readonly total: number; readonly counts: PhaseCounts }[];
  readonly nTasks: number;
}

/** Median durations of samples, by task. */
export type Usual = ReadonlyMap<string, number>;

/** Of runs of which only sums are known. A task that is missing among the largest may still be there: nothing is said of
 * it. Nor is a duration that only one of the runs has a sample of. */
export function sumChanges(left: TaskSums, right: TaskSums, usual: { readonly left: Usual; readonly right: Usual }): TaskChanges {
  const medianOf = (name: string, side: Usual): number | undefined => (usual.left.has(name) && usual.right.has(name) ? side.get(name) : undefined);
  const known = ({ tasks }: TaskSums, side: Usual): ReadonlyMap<string, TaskSide> => new Map(tasks.map(({ name, total, counts }) => [name, { count: total, counts, median: medianOf(name, side) }]));
  const isCut = ({ tasks, nTasks }: TaskSums): boolean => nTasks > tasks.length;
  const [before, after] = [known(left, usual.left), known(right, usual.right)];
  const common = (one: ReadonlyMap<string, TaskSide>, other: ReadonlyMap<string, TaskSide>): ReadonlyMap<string, TaskSide> => new Map([...one].filter(([name]) => other.has(name)));
  return { ...changes(isCut(right) ? common(before, after) : before, isCut(left) ? common(after, before) : after), cut: isCut(left) || isCut(right) };
}

/** The largest tasks that both runs have: those whose durations are worth a look. */
export function sampled(left: TaskSums, right: TaskSums, most: number): readonly string[] {
  const others = new Map(right.tasks.map(({ name, total }) => [name, total]));
  const common = left.tasks.flatMap(({ name, total }) => (others.has(name) ? [{ name, total: total + (others.get(name) ?? 0) }] : []));
  const sorted = common.sort((one, other) => other.total - one.total || (one.name < other.name ? -1 : 1));
  return sorted.slice(0, most).map(({ name }) => name);
}

function changes(before: ReadonlyMap<string, TaskSide>, after: ReadonlyMap<string, TaskSide>): { readonly changed: readonly TaskChange[]; readonly same: number } {
  const all = [...new Set([...before.keys(), ...after.keys()])].map((title) => ({ title, left: before.get(title), right: after.get(title) }));
  const changed = all.filter((one) => differs(one.left, one.right));
  return { changed, same: all.length - changed.length };
}

function sides(actions: readonly ActionRow[]): ReadonlyMap<string, TaskSide> {
  const groups = groupBy(actions, (action) => action.title);
  return new Map([...groups].map(([title, members]) => [title, { count: members.length, counts: countPhases(members), median: median(members) }]));
}

export function median(actions: readonly ActionRow[]): number | undefined {
  const spans = actions.flatMap((action) => {
    const ran = isOver(action.phase) && action.endedAt !== undefined ? spansOf(action, action.endedAt).ran : undefined;
    return ran === undefined ? [] : [ran.to - ran.from];
  });
  return spans.sort((one, other) => one - other)[Math.floor(spans.length / 2)];
}

function differs(left: TaskSide | undefined, right: TaskSide | undefined): boolean {
  if (left === undefined || right === undefined) return true;
  const same = (phase: Phase): boolean => (left.counts[phase] ?? 0) === (right.counts[phase] ?? 0);
  return !PHASES.every(same) || isSlower(left.median, right.median);
}

/** One of the two took much longer than the other. */
export function isSlower(left: number | undefined, right: number | undefined): boolean {
  if (left === undefined || right === undefined) return left !== right;
  const apart = Math.abs(left - right);
  return apart > WORTH_MS && apart > WORTH_SHARE * Math.max(left, right);
}
