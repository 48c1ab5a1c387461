/** Large runs in parts: counts, windows of rows and sums over time. Nothing here may read a whole run. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { keepPreviousData, useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import { type CountedActions, ListWindowRequest_Sort, type ListWindowResponse, type PhaseCount } from "../gen/wingbeat/platform/v1/run_view_pb";
import type { Buckets } from "../lib/buckets";
import { MOST_BUCKETS } from "../lib/buckets";
import type { ActionRow, RunKey } from "../lib/model";
import { isBad, isOver, orderedCounts, type Phase, type PhaseCounts } from "../lib/phase";
import type { Span } from "../lib/timeline";
import { earliest, lastBefore } from "../lib/tree";
import { type Wanted, WINDOW, windowKey } from "../lib/window";
import { actionId, runId } from "./ids";
import { millis, phaseNumber, readAction, readCounts, readDetails, time } from "./read";
import { problemOf, runService, runViewService } from "./transport";

/** Runs with more actions are read in windows: a browser would hold all of them, and the server send each change. */
const WINDOWED_ABOVE = 5_000;
/** Lowers it, for tests and for slow machines. */
const LOWERED = "wingbeat.windowed-above";
/** While something happens, what is on the screen is read again this often; a hidden tab reads nothing. */
const AGAIN = 1_500;
/** What has left the screen is kept so long. */
const KEPT = 60_000;
/** The action that every run begins with. */
export const ROOT = "a0";

function windowedAbove(): number {
  try {
    const asked = Number(window.localStorage.getItem(LOWERED) ?? Number.NaN);
    return asked >= 1 && asked < WINDOWED_ABOVE ? asked : WINDOWED_ABOVE;
  } catch {
    // A browser may refuse to store anything.
    return WINDOWED_ABOVE;
  }
}

/** How a run is read. */
export interface Reading {
  readonly windowed: boolean;
  /** With more actions it is read in windows; a server that has none lets it grow to what a browser keeps. */
  readonly most: number;
}

/** Decides once for each page; `undefined` as long as nobody knows. */
export function useReading(key: RunKey): Reading | undefined {
  return useQuery({
    queryKey: ["reading", key],
    staleTime: Infinity,
    gcTime: 0,
    queryFn: async ({ signal }): Promise<Reading> => {
      const most = windowedAbove();
      try {
        const answer = await runViewService.getRunCounts({ runId: runId(key), limit: 1 }, { signal });
        return { windowed: Number(answer.all?.total ?? 0n) > most, most };
      } catch (error) {
        if (problemOf(error).kind === "disconnected") throw error;
        // A refusal is said by what reads the actions.
        return { windowed: false, most: Number.MAX_SAFE_INTEGER };
      }
    },
  }).data;
}

/** Actions that have a group or a task in common. */
export interface Counted {
  readonly name: string;
  readonly total: number;
  readonly counts: PhaseCounts;
}

export interface Counts {
  readonly all: Counted;
  readonly groups: readonly Counted[];
  readonly nGroups: number;
  readonly tasks: readonly Counted[];
  readonly nTasks: number;
}

function phasesOf(counts: readonly PhaseCount[]): PhaseCounts {
  return readCounts(Object.fromEntries(counts.map(({ phase, count }) => [phase, Number(count)])));
}

function readCounted(counted: CountedActions | undefined): Counted {
  return { name: counted?.name ?? "", total: Number(counted?.total ?? 0n), counts: phasesOf(counted?.phases ?? []) };
}

/** Is one of the counted actions not at its end? Until the first counts are there, something may happen. */
export function isMoving(counts: Counts | undefined): boolean {
  return counts === undefined || orderedCounts(counts.all.counts).some(([phase]) => !isOver(phase) && phase !== "unknown");
}

function countsQuery(key: RunKey, parent: string, limit: number, live: boolean) {
  return {
    queryKey: ["view", key, "counts", parent, limit],
    staleTime: live ? 0 : Infinity,
    // The root's end may be heard of before that of what it waited for.
    refetchInterval: ({ state }: { readonly state: { readonly data: Counts | undefined } }) => (live || isMoving(state.data) ? AGAIN : (false as const)),
    queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<Counts> => {
      const answer = await runViewService.getRunCounts({ runId: runId(key), parent, limit }, { signal });
      return { all: readCounted(answer.all), groups: answer.groups.map(readCounted), nGroups: Number(answer.nGroups), tasks: answer.tasks.map(readCounted), nTasks: Number(answer.nTasks) };
    },
  } as const;
}

/** Groups and tasks that a page has place for. */
const USUAL_SUMS = 100;
/** Groups and tasks that the server sums up at once. */
export const MOST_SUMS = 1_000;

/** Counts of a whole run but its root, by phase, group and task. */
export function useCounts(key: RunKey, live: boolean, most = USUAL_SUMS) {
  return useQuery(countsQuery(key, "", most, live));
}

/** How many direct children each of some actions has. */
export function useChildTotals(key: RunKey, parents: readonly string[], live: boolean): ReadonlyMap<string, number> {
  const found = useQueries({ queries: parents.map((parent) => countsQuery(key, parent, 1, live)) });
  return new Map(parents.map((parent, index) => [parent, found[index]?.data?.all.total ?? 0]));
}

/** What was read while something happened is read once more when nothing does any longer. `undefined`: not known yet. */
export function useReadAtEnd(key: RunKey, live: boolean | undefined): void {
  const client = useQueryClient();
  const lived = useRef(false);
  const { project, domain, run } = key;
  useEffect(() => {
    if (live === false && lived.current) void client.invalidateQueries({ queryKey: ["view", { project, domain, run }] });
    if (live !== undefined) lived.current = live;
  }, [client, project, domain, run, live]);
}

/** One action as it is now. */
export function useActionNow(key: RunKey, name: string) {
  return useQuery({
    queryKey: ["view", key, "action", name],
    staleTime: AGAIN,
    queryFn: async ({ signal }): Promise<ActionRow> => {
      const answer = await runService.getActionDetails({ actionId: actionId(key, name) }, { signal });
      if (answer.details === undefined) throw new Error("the server's answer has no details");
      return readDetails(answer.details).row;
    },
    refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data.phase) ? false : AGAIN),
  });
}

/** Tells what a list knows of an action already, so that nothing has to be waited for. */
export function useKnown(key: RunKey): (action: ActionRow) => void {
  const client = useQueryClient();
  return useCallback((action) => client.setQueryData<ActionRow>(["view", key, "action", action.name], action), [client, key]);
}

export function readRows(answer: ListWindowResponse): readonly ActionRow[] {
  return answer.rows.map((row) => readAction(row.action, phasesOf(row.children), row.startedAt));
}

export function numbersOf(phases: readonly Phase[]): number[] {
  return phases.flatMap((phase) => phaseNumber(phase) ?? []).map(Number);
}

/** Rows of lists by windows; `list` is a parent's name, or empty for all that the phases fit. */
export function useWindows(key: RunKey, wanted: readonly Wanted[], phases: readonly Phase[], live: boolean): ReadonlyMap<string, readonly ActionRow[]> {
  const found = useQueries({
    queries: wanted.map(({ list, window }) => ({
      queryKey: ["view", key, "window", list, phases, window],
      staleTime: live ? AGAIN : Infinity,
      gcTime: KEPT,
      refetchInterval: live ? AGAIN : (false as const),
      queryFn: async ({ signal }: { readonly signal: AbortSignal }) => readRows(await runViewService.listWindow({ runId: runId(key), parent: list, phases: numbersOf(phases), limit: WINDOW, offset: BigInt(window * WINDOW) }, { signal })),
    })),
  });
  return new Map(wanted.flatMap(({ list, window }, index) => (found[index]?.data === undefined ? [] : [[windowKey(list, window), found[index].data] as const])));
}

/** What is looked for from the beginning of the list on. */
export interface Search {
  readonly phases: readonly Phase[];
  readonly text: string;
  readonly group: string;
  /** Only those that began in it. */
  readonly started: Span | undefined;
}

/** Rows that meet a search, page by page. Few pages are read again while something happens, many are not. */
export function useFound(key: RunKey, search: Search, live: boolean) {
  const { phases, text, group, started } = search;
  const request = {
    runId: runId(key),
    phases: numbersOf(phases),
    text,
    ...(group !== "" && { group }),
    ...(started !== undefined && { sort: ListWindowRequest_Sort.STARTED, startedFrom: timestampFromMs(Math.floor(started.from)), startedBefore: timestampFromMs(Math.ceil(started.to)) }),
    limit: WINDOW,
  };
  return useInfiniteQuery({
    queryKey: ["view", key, "found", phases, text, group, started],
    staleTime: live ? AGAIN : Infinity,
    gcTime: KEPT,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const answer = await runViewService.listWindow({ ...request, token: pageParam }, { signal });
      return { rows: readRows(answer), token: answer.token };
    },
    getNextPageParam: ({ token }) => (token === "" ? undefined : token),
    refetchInterval: ({ state }) => (live && (state.data?.pages.length ?? 0) <= 2 ? AGAIN : false),
  });
}

/** Failed actions that are looked at to find where a failure began. */
const CANDIDATES = 100;
const DEEPEST = 50;

/** Where a failure began, by the rule of `rootCause`. Of very many failed children the newest are looked at. */
export function useCause(key: RunKey, root: ActionRow | undefined, counts: PhaseCounts, live: boolean) {
  const failed = (counts.failed ?? 0) + (counts.timed_out ?? 0) > 0;
  return useQuery({
    queryKey: ["view", key, "cause", failed, root?.phase],
    enabled: root !== undefined && (failed || isBad(root.phase)),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    refetchInterval: live ? 10 * AGAIN : false,
    queryFn: async ({ signal }): Promise<ActionRow | null> => {
      const bad = async (parent: string, descending: boolean): Promise<readonly ActionRow[]> => readRows(await runViewService.listWindow({ runId: runId(key), parent, phases: numbersOf(["failed", "timed_out"]), descending, limit: CANDIDATES }, { signal }));
      return root !== undefined && isBad(root.phase) ? heardLast(root, (parent) => bad(parent, true)) : failedFirst((parent) => bad(parent, false));
    },
  });
}

type Failed = (parent: string) => Promise<readonly ActionRow[]>;

/** From a failed root down to what failed last before its parent did. */
async function heardLast(root: ActionRow, failed: Failed): Promise<ActionRow> {
  let cause = root;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const next = lastBefore(await failed(cause.name), cause);
    if (next === undefined) break;
    cause = next;
  }
  return cause;
}

/** What failed first of all that has no failed child; from the first window on, which holds the oldest. */
async function failedFirst(failed: Failed): Promise<ActionRow | null> {
  let cause: ActionRow | null = null;
  for (let depth = 0, parent = ""; depth < DEEPEST; depth += 1) {
    const bad = await failed(parent);
    const leaf = earliest(bad.filter(({ children }) => (children.failed ?? 0) + (children.timed_out ?? 0) === 0));
    const next = leaf ?? bad[0];
    if (next === undefined) break;
    cause = next;
    if (leaf !== undefined) break;
    parent = next.name;
  }
  return cause;
}

/** Questions to people that are open, the first few. */
export function useOpenQuestions(key: RunKey, counts: PhaseCounts, live: boolean): readonly ActionRow[] {
  const asked = (counts.paused ?? 0) > 0;
  const { data } = useQuery({
    queryKey: ["view", key, "questions"],
    enabled: asked,
    refetchInterval: live ? AGAIN : false,
    queryFn: async ({ signal }) => readRows(await runViewService.listWindow({ runId: runId(key), phases: numbersOf(["paused"]), limit: 20 }, { signal })),
  });
  return asked ? (data ?? []) : [];
}

/** Sums over time; `undefined` as a part means all of the run. */
export function useBuckets(key: RunKey, part: Span | undefined, parts: number, live: boolean) {
  return useQuery({
    queryKey: ["view", key, "timeline", part, parts],
    staleTime: live ? 0 : Infinity,
    gcTime: KEPT,
    placeholderData: keepPreviousData,
    refetchInterval: live ? AGAIN : false,
    queryFn: async ({ signal }): Promise<Buckets> => {
      const span = part === undefined ? {} : { from: timestampFromMs(Math.floor(part.from)), to: timestampFromMs(Math.ceil(part.to)) };
      const answer = await runViewService.getTimeline({ runId: runId(key), buckets: Math.min(parts, MOST_BUCKETS), ...span }, { signal });
      const buckets = answer.buckets.map((one) => ({ created: Number(one.created), started: Number(one.started), ended: phasesOf(one.ended), waiting: Number(one.waiting), running: Number(one.running) }));
      return { from: time(answer.from) ?? 0, width: millis(answer.width) ?? 0, resolution: millis(answer.resolution) ?? 0, buckets };
    },
  });
}
