/** Lists of runs: pages from the server, and changes as they happen. */
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { skipToken, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { type Filter, Filter_Function, FilterSchema, Sort_Direction } from "../gen/flyteidl2/common/list_pb";
import type { TaskGroup as WireGroup } from "../gen/flyteidl2/workflow/run_definition_pb";
import type { RunRow, Scope } from "../lib/model";
import type { Phase, PhaseCounts } from "../lib/phase";
import { labelParts, type RunFilter } from "../lib/run-filter";
import { windowStart } from "../lib/time";
import { projectId, taskName } from "./ids";
import { follow } from "./live";
import { millis, person, phaseNumber, readPhase, readRun, time } from "./read";
import { runService } from "./transport";

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

const NO_RUNS: ReadonlyMap<string, RunRow> = new Map();

/** Runs that changed since the page was opened, and the newest ones. */
export function useLiveRuns(scope: Scope): ReadonlyMap<string, RunRow> {
  const client = useQueryClient();
  const { project, domain } = scope;
  useEffect(() => {
    const key = ["live-runs", project, domain];
    client.setQueryData(key, NO_RUNS);
    return follow({
      what: "runs",
      request: { target: { case: "projectId", value: projectId({ project, domain }) } },
      onMessage: ({ runs }) => {
        if (runs.length === 0) return;
        client.setQueryData<ReadonlyMap<string, RunRow>>(key, (before = NO_RUNS) => {
          const after = new Map(before);
          for (const run of runs.map(readRun)) after.set(run.run, run);
          return after;
        });
      },
      // What changed meanwhile and is no more among the newest is read again.
      onReconnect: () => void client.invalidateQueries({ queryKey: ["runs"] }),
      onRefused: () => undefined,
    });
  }, [client, project, domain]);
  return useQuery<ReadonlyMap<string, RunRow>>({ queryKey: ["live-runs", project, domain], queryFn: skipToken, initialData: NO_RUNS }).data ?? NO_RUNS;
}

/** Runs of one kind, for the first page; `more` says that there are others. */
export async function someRuns(scope: Scope, what: { phases?: readonly Phase[]; since?: string; paused?: boolean }, limit: number, signal: AbortSignal): Promise<{ runs: readonly RunRow[]; more: boolean }> {
  const wanted: RunFilter = { phases: what.phases ?? [], task: "", user: "", label: "", since: what.since ?? "" };
  const request = { limit, filters: wireFilters(wanted, Date.now()), sortByFields: [NEWEST] };
  const answer = await runService.listRuns({ request, scopeBy: { case: "projectId", value: projectId(scope) }, pausedActionsOnly: what.paused ?? false }, { signal });
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

/** Runs of the last thirty days by task, live. */
export function useTaskGroups(scope: Scope, enabled: boolean) {
  const client = useQueryClient();
  const { project, domain } = scope;
  useEffect(() => {
    if (!enabled) return undefined;
    const startDate = timestampFromMs(windowStart(MONTH, Date.now()) ?? 0);
    return follow({
      what: "groups",
      request: { scopeBy: { case: "projectId", value: projectId({ project, domain }) }, startDate },
      onMessage: ({ taskGroups }) => client.setQueryData(["task-groups", project, domain], taskGroups.filter((group) => !group.shouldDelete).map(readGroup)),
      onRefused: () => client.setQueryData(["task-groups", project, domain], []),
    });
  }, [client, project, domain, enabled]);
  return useQuery<readonly TaskGroup[]>({ queryKey: ["task-groups", project, domain], queryFn: skipToken }).data;
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
