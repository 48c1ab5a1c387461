/** Messages of the wire into views: the only place that knows field names and enum numbers of runs and actions. */
import { toJsonString } from "@bufbuild/protobuf";
import { type Duration, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

import type { EnrichedIdentity } from "../gen/flyteidl2/common/identity_pb";
import { ActionPhase } from "../gen/flyteidl2/common/phase_pb";
import { CatalogCacheStatus } from "../gen/flyteidl2/core/catalog_pb";
import { SimpleType } from "../gen/flyteidl2/core/types_pb";
import type { TaskIdentifier } from "../gen/flyteidl2/task/task_definition_pb";
import {
  type Action,
  type ActionAttempt,
  type ActionDetails as WireDetails,
  ActionDetailsSchema,
  ActionType,
  ClusterEvent_Type,
  type ConditionAction,
  ConditionPromptType,
  type EnrichedAction,
  type ErrorInfo,
  ErrorInfo_Kind,
  type Run,
  RunSource,
} from "../gen/flyteidl2/workflow/run_definition_pb";
import type { ActionDetails, ActionKind, ActionRow, Answer, AttemptView, CacheStatus, ConditionView, Failure, RunRow, TaskRef } from "../lib/model";
import type { Phase, PhaseCounts } from "../lib/phase";
import { readTask } from "./read-task";

const PHASE_OF: Readonly<Record<number, Phase>> = {
  [ActionPhase.QUEUED]: "queued",
  [ActionPhase.WAITING_FOR_RESOURCES]: "waiting",
  [ActionPhase.INITIALIZING]: "initializing",
  [ActionPhase.RUNNING]: "running",
  [ActionPhase.SUCCEEDED]: "succeeded",
  [ActionPhase.FAILED]: "failed",
  [ActionPhase.ABORTED]: "aborted",
  [ActionPhase.TIMED_OUT]: "timed_out",
  [ActionPhase.PAUSED]: "paused",
  [ActionPhase.RECOVERED]: "recovered",
};

export function readPhase(number: number | undefined): Phase {
  return PHASE_OF[number ?? 0] ?? "unknown";
}

/** Numbers of phases, for filters. */
export function phaseNumber(phase: Phase): string | undefined {
  return Object.entries(PHASE_OF).find(([, name]) => name === phase)?.[0];
}

const CACHE_OF: Readonly<Record<number, CacheStatus>> = {
  [CatalogCacheStatus.CACHE_DISABLED]: "disabled",
  [CatalogCacheStatus.CACHE_MISS]: "miss",
  [CatalogCacheStatus.CACHE_HIT]: "hit",
  [CatalogCacheStatus.CACHE_POPULATED]: "populated",
  [CatalogCacheStatus.CACHE_LOOKUP_FAILURE]: "lookup failed",
  [CatalogCacheStatus.CACHE_PUT_FAILURE]: "store failed",
  [CatalogCacheStatus.CACHE_SKIPPED]: "skipped",
  [CatalogCacheStatus.CACHE_EVICTED]: "evicted",
};

const SOURCE_OF: Readonly<Record<number, string>> = {
  [RunSource.WEB]: "console",
  [RunSource.CLI]: "client",
  [RunSource.SCHEDULE_TRIGGER]: "schedule",
  [RunSource.TRACKED]: "tracked",
  [RunSource.ARTIFACT_TRIGGER]: "artifact",
};

export function time(at: Timestamp | undefined): number | undefined {
  return at === undefined ? undefined : timestampMs(at);
}

export function millis(span: Duration | undefined): number | undefined {
  return span === undefined ? undefined : Number(span.seconds) * 1_000 + span.nanos / 1e6;
}

export function person(identity: EnrichedIdentity | undefined): string {
  const principal = identity?.principal;
  switch (principal?.case) {
    case "user":
      return principal.value.spec?.email || principal.value.spec?.userHandle || principal.value.id?.subject || "";
    case "application":
      return principal.value.spec?.name || principal.value.id?.subject || "";
    default:
      return "";
  }
}

export function readTaskRef(id: TaskIdentifier | undefined): TaskRef | undefined {
  return id === undefined ? undefined : { project: id.project, domain: id.domain, name: id.name, version: id.version };
}

export function readCounts(counts: Readonly<Record<number, number>>): PhaseCounts {
  const read: Partial<Record<Phase, number>> = {};
  for (const [number, count] of Object.entries(counts)) {
    const phase = readPhase(Number(number));
    read[phase] = (read[phase] ?? 0) + count;
  }
  return read;
}

/** What actions and their details have in common. */
type ActionLike = Pick<Action, "id" | "metadata" | "status">;

export function readAction(action: ActionLike | undefined, children: PhaseCounts = {}, startedAt?: Timestamp): ActionRow {
  const { metadata, status, id } = action ?? {};
  const spec = metadata?.spec;
  return {
    run: id?.run?.name ?? "",
    name: id?.name ?? "",
    parent: metadata?.parent ?? "",
    group: metadata?.group ?? "",
    kind: readKind(metadata?.actionType),
    title: title(spec) || metadata?.funtionName || id?.name || "",
    task: spec?.case === "task" ? readTaskRef(spec.value.id) : undefined,
    environment: metadata?.environmentName ?? "",
    queue: spec?.case === "task" ? spec.value.queue || DEFAULT_QUEUE : "",
    phase: readPhase(status?.phase),
    createdAt: time(status?.startTime),
    startedAt: time(startedAt),
    endedAt: time(status?.endTime),
    attempts: status?.attempts ?? 0,
    cache: CACHE_OF[status?.cacheStatus ?? 0] ?? "unknown",
    children,
  };
}

/** What no queue means on the wire. */
const DEFAULT_QUEUE = "default";

type Spec = NonNullable<Action["metadata"]>["spec"];

function title(spec: Spec | undefined): string {
  switch (spec?.case) {
    case "task":
      return spec.value.shortName || spec.value.id?.name || "";
    case "trace":
    case "condition":
      return spec.value.name;
    default:
      return "";
  }
}

function readKind(type: ActionType | undefined): ActionKind {
  switch (type) {
    case ActionType.TASK:
      return "task";
    case ActionType.TRACE:
      return "trace";
    case ActionType.CONDITION:
      return "condition";
    default:
      return "unknown";
  }
}

export function readEnriched(enriched: EnrichedAction, startedAt: Timestamp | undefined): ActionRow {
  return readAction(enriched.action, readCounts(enriched.childrenPhaseCounts), startedAt);
}

export function readRun(run: Run): RunRow {
  const metadata = run.action?.metadata;
  return {
    ...readAction(run.action),
    user: person(metadata?.executedBy),
    labels: run.labels,
    source: SOURCE_OF[metadata?.source ?? 0] ?? "",
  };
}

export function readFailure(error: ErrorInfo | undefined): Failure | undefined {
  if (error === undefined) return undefined;
  const blame = error.kind === ErrorInfo_Kind.USER ? "user" : error.kind === ErrorInfo_Kind.SYSTEM ? "platform" : "unknown";
  return { message: error.message, code: error.code, blame };
}

function readAttempt(attempt: ActionAttempt): AttemptView {
  return {
    attempt: attempt.attempt,
    phase: readPhase(attempt.phase),
    startedAt: time(attempt.startTime),
    endedAt: time(attempt.endTime),
    failure: readFailure(attempt.errorInfo),
    steps: attempt.phaseTransitions.map((step) => ({ phase: readPhase(step.phase), from: time(step.startTime), to: time(step.endTime) })),
    events: attempt.clusterEvents.map((event) => ({
      at: time(event.occurredAt),
      reason: event.reason,
      message: event.message,
      warning: event.type === ClusterEvent_Type.WARNING,
    })),
    hasLogs: attempt.logsAvailable,
    cache: CACHE_OF[attempt.cacheStatus] ?? "unknown",
  };
}

function readCondition(condition: ConditionAction): ConditionView {
  return {
    name: condition.name,
    prompt: condition.prompt,
    markdown: condition.promptType === ConditionPromptType.MARKDOWN,
    description: condition.description,
    answer: readAnswer(condition.type?.type.case === "simple" ? condition.type.type.value : SimpleType.STRING),
  };
}

function readAnswer(type: SimpleType): Answer {
  switch (type) {
    case SimpleType.BOOLEAN:
      return "bool";
    case SimpleType.INTEGER:
      return "int";
    case SimpleType.FLOAT:
      return "float";
    default:
      return "string";
  }
}

function firstRunning(attempts: readonly AttemptView[]): number | undefined {
  const reused = attempts.find(({ cache }) => cache === "hit");
  return reused?.startedAt ?? attempts.flatMap(({ steps }) => steps).find(({ phase }) => phase === "running")?.from;
}

export function readDetails(details: WireDetails): ActionDetails {
  const { result, spec } = details;
  const abort = result.case === "abortInfo" ? { reason: result.value.reason, by: person(result.value.abortedBy) } : undefined;
  const attempts = details.attempts.map(readAttempt);
  return {
    row: { ...readAction(details), startedAt: firstRunning(attempts) },
    user: person(details.metadata?.executedBy),
    failure: result.case === "errorInfo" ? readFailure(result.value) : undefined,
    abort,
    answeredBy: result.case === "signalInfo" ? person(result.value.signalledBy) : undefined,
    condition: spec.case === "condition" ? readCondition(spec.value) : undefined,
    task: spec.case === "task" ? readTask(spec.value) : undefined,
    attempts,
    raw: toJsonString(ActionDetailsSchema, details, { prettySpaces: 2 }),
  };
}
