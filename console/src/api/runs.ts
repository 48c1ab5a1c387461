/** Lists of runs: pages from the server, and changes as they happen. */
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { skipToken, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { type Filter, Filter_Function, FilterSchema, Sort_Direction } from "../gen/flyteidl2/common/list_pb";
import type { TaskGroup as WireGroup } from "../gen/flyteidl2/workflow/run_definition_pb";
import type { RunRow, Scope } from "../lib/model";
import type { Phase, PhaseCounts } from "../lib/phase";
import { labelParts, NO_FILTER, type RunFilter } from "../lib/run-filter";
import { windowStart } from "../lib/time";
import { projectId, taskName } from "./ids";
import { follow } from "./live";
import { millis, person, phaseNumber, readPhase, readRun, time } from "./read";
import { type Problem, problemOf, runService } from "./transport";

const PAGE = 100;

function filter(field: string, fn: Filter_Function, values: string[]): Filter {
  return create(FilterSchema, { field, function: fn, values });
}

/** The filter as the server reads it. */
export function wireFilters(wanted: RunFilter, now: number): Filter[] {
  const filters: Filter[] = [];
  const numbers = wanted.phases.flatMap((phase) => phaseNumber(phase) ?? []);
  if (numbers.length > 0) filters.push(filter("phase", Filter_Function.VALUE_IN, numbers));
  if (wanted.task !== "") filters.push(filter("task_name", Filter_Function.CONTAINS_CASE_INSENSITIVE, [wanted.task]));
  if (wanted.user !== "") filters.push(filter("created_by", Filter_Function.EQUAL, [wanted.user]));
  const { key, value } = labelParts(wanted.label);
  if (key !== "") filters.push(value === undefined ? filter(`labels.${key}`, Filter_Function.EXISTS, []) : filter(`labels.${key}`, Filter_Function.EQUAL, [value]));
  const start = windowStart(wanted.since, now);
  if (start !== undefined) filters.push(filter("created_at", Filter_Function.GREATER_THAN_OR_EQUAL, [new Date(start).toISOString()]));
  return filters;
}

const NEWEST = { key: "created_at", direction: Sort_Direction.DESCENDING };

/** Pages of runs, newest first. */
export function useRunPages(scope: Scope, wanted: RunFilter) {
  return useInfiniteQuery({
    queryKey: ["runs", scope, wanted],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const request = { limit: PAGE, token: pageParam, filters: wireFilters(wanted, Date.now()), sortByFields: [NEWEST] };
      const answer = await runService.listRuns({ request, scopeBy: { case: "projectId", value: projectId(scope) } }, { signal });
      return { runs: answer.runs.map(readRun), next: answer.token };
    },
    getNextPageParam: (page) => (page.next === "" ? undefined : page.next),
  });
}

export interface LiveRuns {
  readonly runs: ReadonlyMap<string, RunRow>;
  /** Why the list does not change by itself. */
  readonly problem: Problem | undefined;
}

const NO_RUNS: LiveRuns = { runs: new Map(), problem: undefined };

/** Runs that changed since the page was opened, and the newest ones. */
export function useLiveRuns(scope: Scope): LiveRuns & { readonly onRetry: () => void } {
  const client = useQueryClient();
  const [tries, setTries] = useState(0);
  const { project, domain } = scope;
  useEffect(() => {
    const key = ["live-runs", project, domain];
    client.setQueryData<LiveRuns>(key, NO_RUNS);
    return follow({
      what: "runs",
      request: { target: { case: "projectId", value: projectId({ project, domain }) } },
      onMessage: ({ runs }) => {
        if (runs.length === 0) return;
        client.setQueryData<LiveRuns>(key, (before = NO_RUNS) => ({ runs: new Map([...before.runs, ...runs.map(readRun).map((run) => [run.run, run] as const)]), problem: undefined }));
      },
      // What changed meanwhile and is no more among the newest is read again.
      onReconnect: () => void client.invalidateQueries({ queryKey: ["runs"] }),
      onRefused: (error) => client.setQueryData<LiveRuns>(key, (before = NO_RUNS) => ({ ...before, problem: problemOf(error) })),
    });
  }, [client, project, domain, tries]);
  const now = useQuery<LiveRuns>({ queryKey: ["live-runs", project, domain], queryFn: skipToken, initialData: NO_RUNS }).data ?? NO_RUNS;
  return { ...now, onRetry: () => setTries((before) => before + 1) };
}

/** Runs of one kind. */
export interface Sought {
  readonly phases?: readonly Phase[];
  /** A window's name: those that ended in it, the last first. */
  readonly ended?: string;
  readonly paused?: boolean;
}

/** Runs for the first page; `more` says that there are others. */
export async function someRuns(scope: Scope, { phases = [], ended, paused = false }: Sought, limit: number, signal: AbortSignal): Promise<{ readonly runs: readonly RunRow[]; readonly more: boolean }> {
  const start = windowStart(ended, Date.now());
  const since = start === undefined ? [] : [filter("ended_at", Filter_Function.GREATER_THAN_OR_EQUAL, [new Date(start).toISOString()])];
  const request = { limit, filters: [...wireFilters({ ...NO_FILTER, phases }, 0), ...since], sortByFields: [start === undefined ? NEWEST : { ...NEWEST, key: "ended_at" }] };
  const answer = await runService.listRuns({ request, scopeBy: { case: "projectId", value: projectId(scope) }, pausedActionsOnly: paused }, { signal });
  return { runs: answer.runs.map(readRun), more: answer.token !== "" };
}

/** Runs of one task, newest first. */
export function useTaskRuns(scope: Scope, name: string) {
  return useQuery({
    queryKey: ["runs", { project: scope.project, domain: scope.domain }, "of-task", name],
    enabled: name !== "",
    queryFn: async ({ signal }) => {
      const request = { limit: 50, sortByFields: [NEWEST] };
      const scopeBy = { case: "taskName" as const, value: taskName(scope, name) };
      return (await runService.listRuns({ request, scopeBy }, { signal })).runs.map(readRun);
    },
    refetchInterval: 10_000,
  });
}

/** Runs of one task, summed up. */
export interface TaskGroup {
  readonly task: string;
  readonly title: string;
  readonly environment: string;
  readonly total: number;
  readonly latest: number | undefined;
  readonly recent: readonly { readonly run: string; readonly phase: Phase }[];
  readonly failureRate: number;
  readonly averageMs: number | undefined;
  readonly counts: PhaseCounts;
  readonly users: readonly string[];
}

const MONTH = "30d";

export interface TaskGroups {
  /** `undefined`: not known yet. */
  readonly groups: readonly TaskGroup[] | undefined;
  readonly problem: Problem | undefined;
}

const NO_GROUPS: TaskGroups = { groups: undefined, problem: undefined };

/** The server sums up so many runs, the newest ones. */
const GROUPED = 1_000;

/** No runs are left out of the picture. */
export function isWholePicture(groups: readonly TaskGroup[]): boolean {
  return groups.reduce((sum, group) => sum + group.total, 0) < GROUPED;
}

/** Runs of the last thirty days by task, live. */
export function useTaskGroups(scope: Scope): TaskGroups & { readonly onRetry: () => void } {
  const client = useQueryClient();
  const [tries, setTries] = useState(0);
  const { project, domain } = scope;
  useEffect(() => {
    const key = ["task-groups", project, domain];
    client.setQueryData<TaskGroups>(key, (before) => (before?.problem === undefined ? before : NO_GROUPS));
    const startDate = timestampFromMs(windowStart(MONTH, Date.now()) ?? 0);
    return follow({
      what: "groups",
      request: { scopeBy: { case: "projectId", value: projectId({ project, domain }) }, startDate },
      onMessage: ({ taskGroups }) => client.setQueryData<TaskGroups>(key, { groups: taskGroups.filter((group) => !group.shouldDelete).map(readGroup), problem: undefined }),
      onRefused: (error) => client.setQueryData<TaskGroups>(key, { groups: undefined, problem: problemOf(error) }),
    });
  }, [client, project, domain, tries]);
  const now = useQuery<TaskGroups>({ queryKey: ["task-groups", project, domain], queryFn: skipToken }).data ?? NO_GROUPS;
  return { ...now, onRetry: () => setTries((before) => before + 1) };
}

function readGroup(group: WireGroup): TaskGroup {
  const counts: Partial<Record<Phase, number>> = {};
  for (const { phase, count } of group.phaseCounts) counts[readPhase(phase)] = Number(count);
  return {
    task: group.taskName,
    title: group.shortName || group.taskName,
    environment: group.environmentName,
    total: Number(group.totalRuns),
    latest: time(group.latestRunTime),
    recent: group.recentStatuses.map((one) => ({ run: one.runName, phase: readPhase(one.phase) })),
    failureRate: group.averageFailureRate,
    averageMs: millis(group.averageDuration),
    counts,
    users: group.createdBy.map(person),
  };
}
