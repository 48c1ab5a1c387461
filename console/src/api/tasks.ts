/** Deployed tasks, and starting runs of them. */
import type { JsonObject } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";

import { RelationType } from "../gen/flyteidl2/common/run_pb";
import { RunSource } from "../gen/flyteidl2/workflow/run_definition_pb";
import { Filter_Function } from "../gen/flyteidl2/common/list_pb";
import type { LaunchOptions } from "../lib/launch";
import type { ActionRow, RunKey, Scope, TaskRef, TaskView } from "../lib/model";
import type { Phase } from "../lib/phase";
import { actionId, projectId, runId, taskId, taskName } from "./ids";
import { person, readPhase, time } from "./read";
import { readTask } from "./read-task";
import { dataService, runService, taskService, translatorService } from "./transport";

export interface TaskRow {
  readonly ref: TaskRef;
  readonly title: string;
  readonly environment: string;
  readonly summary: string;
  readonly deployedAt: number | undefined;
  readonly deployedBy: string;
  readonly latest: { readonly run: string; readonly phase: Phase; readonly at: number | undefined } | undefined;
}

/** Deployed tasks, one row per name. */
export function useTasks(scope: Scope, text: string) {
  return useQuery<{ readonly rows: readonly TaskRow[]; readonly more: boolean }>({
    queryKey: ["tasks", scope, text],
    placeholderData: (before) => before,
    queryFn: async ({ signal }) => {
      const filters = text === "" ? [] : [{ field: "name", function: Filter_Function.CONTAINS_CASE_INSENSITIVE, values: [text] }];
      const answer = await taskService.listTasks({ request: { limit: 500, filters }, scopeBy: { case: "projectId", value: projectId(scope) } }, { signal });
      const rows = answer.tasks.map((task): TaskRow => {
        const latest = task.taskSummary?.latestRun;
        return {
          ref: { ...scope, name: task.taskId?.name ?? "", version: task.taskId?.version ?? "" },
          title: task.metadata?.shortName ?? "",
          environment: task.metadata?.environmentName ?? "",
          summary: task.metadata?.shortDescription ?? "",
          deployedAt: time(task.metadata?.deployedAt),
          deployedBy: person(task.metadata?.deployedBy),
          latest: latest && { run: latest.runId?.name ?? "", phase: readPhase(latest.phase), at: time(latest.runTime) },
        };
      });
      return { rows, more: answer.token !== "" };
    },
  });
}

export interface VersionRow {
  readonly version: string;
  readonly deployedAt: number | undefined;
  readonly deployedBy: string;
}

/** Versions of a task, newest first. */
export function useVersions(scope: Scope, name: string) {
  return useQuery({
    queryKey: ["versions", scope.project, scope.domain, name],
    enabled: name !== "",
    queryFn: async ({ signal }): Promise<readonly VersionRow[]> => {
      const answer = await taskService.listVersions({ request: { limit: 200 }, taskName: taskName(scope, name) }, { signal });
      const rows = answer.versions.map((one) => ({ version: one.version, deployedAt: time(one.deployedAt), deployedBy: person(one.deployedBy) }));
      return rows.sort((left, right) => (right.deployedAt ?? 0) - (left.deployedAt ?? 0));
    },
  });
}

/** The form for a task's inputs, as JSON schema. */
export interface TaskDetails {
  readonly ref: TaskRef;
  readonly task: TaskView;
  readonly environment: string;
  readonly deployedAt: number | undefined;
  readonly deployedBy: string;
}

async function fetchSpec(ref: TaskRef, signal?: AbortSignal) {
  const answer = await taskService.getTaskDetails({ taskId: taskId(ref) }, signal && { signal });
  const { details } = answer;
  if (details?.spec === undefined) throw new Error("the server's answer has no task");
  return { details, spec: details.spec };
}

export function useTask(ref: TaskRef | undefined) {
  return useQuery({
    queryKey: ["task", ref],
    enabled: ref !== undefined,
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<TaskDetails> => {
      if (ref === undefined) throw new Error("no task is chosen");
      const { details, spec } = await fetchSpec(ref, signal);
      return {
        ref,
        task: readTask(spec),
        environment: details.metadata?.environmentName ?? "",
        deployedAt: time(details.metadata?.deployedAt),
        deployedBy: person(details.metadata?.deployedBy),
      };
    },
  });
}

/** The form of a task, with the inputs of an earlier run as its values if one is named. */
export function useForm(ref: TaskRef, like: RunKey | undefined) {
  return useQuery({
    queryKey: ["form", ref, like],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<unknown> => {
      const { spec } = await fetchSpec(ref, signal);
      if (like === undefined) return (await translatorService.taskSpecToLaunchFormJson({ taskSpec: spec }, { signal })).json;
      const { inputs } = await dataService.getActionData({ actionId: actionId(like, "a0") }, { signal });
      const variables = spec.taskTemplate?.interface?.inputs;
      const form = await translatorService.literalsToLaunchFormJson({ literals: inputs?.literals ?? [], ...(variables && { variables }) }, { signal });
      return form.json;
    },
  });
}

/** Starts a run; the server checks the values and says which one does not fit. */
export async function launch(ref: TaskRef, values: Readonly<Record<string, unknown>>, options: LaunchOptions): Promise<string> {
  const { spec } = await fetchSpec(ref);
  const variables = spec.taskTemplate?.interface?.inputs;
  const { literals } = await translatorService.jsonValuesToLiterals({ values: values as JsonObject, ...(variables && { variables }) });
  const key: RunKey = { ...ref, run: options.name };
  const answer = await runService.createRun({
    id: options.name === "" ? { case: "projectId", value: projectId(ref) } : { case: "runId", value: runId(key) },
    task: { case: "taskId", value: taskId(ref) },
    inputWrapper: { case: "inputs", value: { literals } },
    source: RunSource.WEB,
    runStartTime: timestampNow(),
    runSpec: {
      labels: { values: { ...options.labels } },
      envs: { values: Object.entries(options.envs).map(([key, value]) => ({ key, value })) },
      queue: options.queue,
      maxActionConcurrency: options.concurrency,
      ...(options.overwriteCache && { cacheConfig: { overwriteCache: true } }),
    },
  });
  return answer.run?.action?.id?.run?.name ?? "";
}

/** Runs the same task with the same inputs and settings again: all of it, or only what has not succeeded. */
export async function rerun(key: RunKey, root: Pick<ActionRow, "name">, what: "all" | "rest" = "all"): Promise<string> {
  const [{ details }, { inputs }] = await Promise.all([
    runService.getRunDetails({ runId: runId(key) }),
    dataService.getActionData({ actionId: actionId(key, root.name) }),
  ]);
  const spec = details?.action?.spec;
  if (spec?.case !== "task") throw new Error("only runs of tasks can be started again");
  const answer = await runService.createRun({
    id: { case: "projectId", value: projectId(key) },
    task: { case: "taskSpec", value: spec.value },
    inputWrapper: { case: "inputs", value: inputs ?? {} },
    source: RunSource.WEB,
    runStartTime: timestampNow(),
    runSpec: {
      ...(details?.runSpec?.labels && { labels: details.runSpec.labels }),
      ...(details?.runSpec?.envs && { envs: details.runSpec.envs }),
      queue: details?.runSpec?.queue ?? "",
      maxActionConcurrency: details?.runSpec?.maxActionConcurrency ?? 0,
      relation: { relatedTo: runId(key), relationType: what === "all" ? RelationType.RERUN : RelationType.RECOVER },
    },
  });
  return answer.run?.action?.id?.run?.name ?? "";
}
