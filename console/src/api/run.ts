/** One run: its actions as they change, details, data, logs, and what people can do to it. */
import { create } from "@bufbuild/protobuf";
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { ArtifactType } from "../gen/flyteidl2/dataproxy/dataproxy_service_pb";
import { type EventPayload, EventPayloadSchema } from "../gen/flyteidl2/workflow/run_service_pb";
import type { ActionData, ActionDetails, ActionRow, RunKey } from "../lib/model";
import { isOver } from "../lib/phase";
import { actionId, runId } from "./ids";
import { follow } from "./live";
import { readDetails, readEnriched, time } from "./read";
import { readNamed } from "./read-values";
import { dataService, platformService, type Problem, problemOf, runService } from "./transport";

/** More than this are not kept in a browser. Larger runs are read in windows (`run-view.ts`); this bounds what comes from
 * servers that have none. */
export const MOST_ACTIONS = 50_000;
/** Changes are shown this often at most: a large run changes hundreds of times a second. */
const SHOW_EVERY = 150;

export interface RunActions {
  readonly state: "loading" | "ready" | "refused";
  readonly problem: Problem | undefined;
  readonly actions: readonly ActionRow[];
  /** There are more actions than are kept. */
  readonly cut: boolean;
}

const LOADING: RunActions = { state: "loading", problem: undefined, actions: [], cut: false };

/** All actions of a run, live. What was refused is asked for again when somebody wants to try. */
export function useRunActions(key: RunKey): RunActions & { readonly onRetry: () => void } {
  const client = useQueryClient();
  const [tries, setTries] = useState(0);
  const { project, domain, run } = key;
  useEffect(() => {
    const query = ["actions", project, domain, run];
    client.setQueryData<RunActions>(query, (before) => (before?.state === "refused" ? LOADING : before));
    const rows = new Map<string, ActionRow>();
    let cut = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer = undefined;
      client.setQueryData<RunActions>(query, { state: "ready", problem: undefined, actions: [...rows.values()], cut });
    };
    const stop = follow({
      what: "actions",
      request: { runId: runId({ project, domain, run }) },
      onMessage: ({ enrichedActions }, { startedAt }) => {
        for (const enriched of enrichedActions) {
          const action = readEnriched(enriched, startedAt[enriched.action?.id?.name ?? ""]);
          if (rows.size < MOST_ACTIONS || rows.has(action.name)) rows.set(action.name, action);
          else cut = true;
        }
        if (rows.size > 0) timer ??= setTimeout(show, rows.size <= enrichedActions.length ? 0 : SHOW_EVERY);
      },
      onRefused: (error) => client.setQueryData<RunActions>(query, { ...LOADING, state: "refused", problem: problemOf(error) }),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, project, domain, run, tries]);
  const now = useQuery<RunActions>({ queryKey: ["actions", project, domain, run], queryFn: skipToken, initialData: LOADING, gcTime: 60_000 }).data ?? LOADING;
  return { ...now, onRetry: () => setTries((before) => before + 1) };
}

/** Gives back the memory of all actions of a run, which is read in windows from now on. */
export function useLetGo(key: RunKey): void {
  const client = useQueryClient();
  const { project, domain, run } = key;
  useEffect(() => client.removeQueries({ queryKey: ["actions", project, domain, run] }), [client, project, domain, run]);
}

/** Everything about an action; read again whenever its row says that something changed. */
export function useActionDetails(key: RunKey, row: ActionRow | undefined) {
  return useQuery<ActionDetails>({
    queryKey: ["details", key, row?.name, row?.phase, row?.attempts],
    enabled: row !== undefined,
    // Old details stay while new ones of the same action are read; those of another action do not.
    placeholderData: (before) => (before?.row.name === row?.name ? before : undefined),
    queryFn: async ({ signal }) => {
      const answer = await runService.getActionDetails({ actionId: actionId(key, row?.name ?? "") }, { signal });
      if (answer.details === undefined) throw new Error("the server's answer has no details");
      return readDetails(answer.details);
    },
  });
}

/** Settings of the run as people look for them. */
export interface RunInfo {
  readonly labels: Readonly<Record<string, string>>;
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly queue: string;
  readonly concurrency: number;
  readonly overwritesCache: boolean;
  readonly related: string;
}

export function useRunInfo(key: RunKey) {
  return useQuery({
    queryKey: ["run-info", key],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<RunInfo> => {
      const spec = (await runService.getRunDetails({ runId: runId(key) }, { signal })).details?.runSpec;
      return {
        labels: spec?.labels?.values ?? {},
        envs: (spec?.envs?.values ?? []).map(({ key: name, value }) => ({ key: name, value })),
        queue: spec?.queue ?? "",
        concurrency: spec?.maxActionConcurrency ?? 0,
        overwritesCache: spec?.cacheConfig?.overwriteCache ?? false,
        related: spec?.relation?.relatedTo?.name ?? "",
      };
    },
  });
}

/** Inputs and outputs; outputs appear when it is over. */
export function useActionData(key: RunKey, row: ActionRow) {
  return useQuery({
    queryKey: ["data", key, row.name, isOver(row.phase)],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<ActionData> => {
      const answer = await dataService.getActionData({ actionId: actionId(key, row.name) }, { signal });
      return {
        inputs: readNamed(answer.inputs?.literals ?? []),
        outputs: readNamed(answer.outputs?.literals ?? []),
        inputsUri: answer.inputsUri,
        outputsUri: answer.outputsUri,
      };
    },
  });
}

/** Why an action waits, in a sentence of the server. */
export function useReason(key: RunKey, row: ActionRow) {
  const waits = row.phase === "queued" || row.phase === "waiting" || row.phase === "initializing";
  return useQuery({
    queryKey: ["reason", key, row.name, row.phase],
    enabled: waits,
    refetchInterval: 3_000,
    queryFn: async ({ signal }) => {
      const { reason, until } = await platformService.explainAction({ actionId: actionId(key, row.name) }, { signal });
      return { reason, until: time(until) };
    },
  });
}

/** Where the report can be read for a while; `null` when there is none yet. It is looked for again at the end. */
export function useReport(key: RunKey, { name: action, attempts: attempt, phase }: ActionRow) {
  return useQuery({
    queryKey: ["report", key, action, attempt, isOver(phase)],
    enabled: attempt > 0,
    staleTime: 10 * 60_000,
    retry: false,
    queryFn: async ({ signal }): Promise<string | null> => {
      try {
        const source = { case: "actionAttemptId" as const, value: { actionId: actionId(key, action), attempt } };
        const answer = await dataService.createDownloadLink({ artifactType: ArtifactType.REPORT, source }, { signal });
        return answer.preSignedUrls?.signedUrl[0] ?? null;
      } catch (error) {
        if (problemOf(error).kind === "missing") return null;
        throw error;
      }
    },
  });
}

export async function abortRun(key: RunKey, reason: string): Promise<void> {
  await runService.abortRun({ runId: runId(key), reason });
}

export async function abortAction(key: RunKey, action: string, reason: string): Promise<void> {
  await runService.abortAction({ actionId: actionId(key, action), reason });
}

/** An answer to a condition, as it was typed. */
export type AnswerValue =
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string };

export async function answerCondition(key: RunKey, action: ActionRow, answer: AnswerValue): Promise<void> {
  await runService.signalEvent({ actionId: actionId(key, action.name), parentActionName: action.parent, payload: payload(answer) });
}

function payload(answer: AnswerValue): EventPayload {
  switch (answer.kind) {
    case "bool":
      return create(EventPayloadSchema, { value: { case: "boolValue", value: answer.value } });
    case "int":
      return create(EventPayloadSchema, { value: { case: "intValue", value: answer.value } });
    case "float":
      return create(EventPayloadSchema, { value: { case: "floatValue", value: answer.value } });
    case "string":
      return create(EventPayloadSchema, { value: { case: "stringValue", value: answer.value } });
    default:
      return answer satisfies never;
  }
}
