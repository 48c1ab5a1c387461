/** What views are made of. Times are milliseconds since 1970, as the server's clock says. */
import type { Phase, PhaseCounts } from "./phase";

/** Where things live. */
export interface Scope {
  readonly project: string;
  readonly domain: string;
}

export interface RunKey extends Scope {
  readonly run: string;
}

export interface TaskRef extends Scope {
  readonly name: string;
  readonly version: string;
}

export type ActionKind = "task" | "trace" | "condition" | "unknown";

export type CacheStatus = "disabled" | "miss" | "hit" | "populated" | "lookup failed" | "store failed" | "skipped" | "evicted" | "unknown";

/** An action as lists and trees show it. */
export interface ActionRow {
  readonly run: string;
  readonly name: string;
  readonly parent: string;
  readonly group: string;
  readonly kind: ActionKind;
  readonly title: string;
  readonly task: TaskRef | undefined;
  readonly environment: string;
  /** Where a task waits for its place; empty for what needs none. */
  readonly queue: string;
  readonly phase: Phase;
  readonly createdAt: number | undefined;
  /** When its first attempt began to run; `undefined` also where nobody has said it, as in lists of runs. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly attempts: number;
  readonly cache: CacheStatus;
  readonly children: PhaseCounts;
}

/** A run: its root action and what belongs to the whole. */
export interface RunRow extends ActionRow {
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: string;
}

export interface Failure {
  readonly message: string;
  readonly code: string;
  readonly blame: "user" | "platform" | "unknown";
}

export interface PhaseStep {
  readonly phase: Phase;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface ClusterEvent {
  readonly at: number | undefined;
  readonly reason: string;
  readonly message: string;
  readonly warning: boolean;
}

export interface AttemptView {
  readonly attempt: number;
  readonly phase: Phase;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly failure: Failure | undefined;
  readonly steps: readonly PhaseStep[];
  readonly events: readonly ClusterEvent[];
  readonly hasLogs: boolean;
  readonly cache: CacheStatus;
}

export type Answer = "bool" | "int" | "float" | "string";

/** A question that a run asks people. */
export interface ConditionView {
  readonly name: string;
  readonly prompt: string;
  readonly markdown: boolean;
  readonly description: string;
  readonly answer: Answer;
}

export interface InterfaceVariable {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

export interface TaskView {
  readonly type: string;
  readonly inputs: readonly InterfaceVariable[];
  readonly outputs: readonly InterfaceVariable[];
  readonly defaults: readonly NamedValue[];
  readonly summary: string;
  readonly text: string;
  readonly source: string;
  readonly cacheVersion: string;
  readonly cached: boolean;
  readonly retries: number;
  readonly hasReport: boolean;
}

/** Everything about one action. */
export interface ActionDetails {
  readonly row: ActionRow;
  readonly user: string;
  readonly failure: Failure | undefined;
  readonly abort: { readonly reason: string; readonly by: string } | undefined;
  readonly answeredBy: string | undefined;
  readonly condition: ConditionView | undefined;
  readonly task: TaskView | undefined;
  readonly attempts: readonly AttemptView[];
  /** The message as the API has it, for people who want to see all of it. */
  readonly raw: string;
}

/** A value as it is shown. */
export type ValueView =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  /** Milliseconds since 1970, and what is beyond them in nanoseconds. */
  | { readonly kind: "time"; readonly at: number; readonly nanos: number }
  | { readonly kind: "duration"; readonly nanos: bigint }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "list"; readonly items: readonly ValueView[] }
  | { readonly kind: "map"; readonly entries: readonly NamedValue[] }
  | { readonly kind: "link"; readonly what: "file" | "folder" | "dataframe" | "large value"; readonly uri: string; readonly format: string }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "bytes"; readonly size: number; readonly tag: string }
  | { readonly kind: "unknown" };

export interface NamedValue {
  readonly name: string;
  readonly value: ValueView;
}

export interface ActionData {
  readonly inputs: readonly NamedValue[];
  readonly outputs: readonly NamedValue[];
  readonly inputsUri: string;
  readonly outputsUri: string;
}

/** A link in the data of an action. */
export interface LinkKey {
  readonly run: RunKey;
  readonly action: string;
  readonly uri: string;
}

/** A file below a link; the path of the link's own file is empty. */
export interface FileRow {
  readonly path: string;
  readonly size: number;
}

/** The beginning of a data frame. */
export interface FrameView {
  readonly columns: readonly string[];
  /** `undefined`: so much has to be read for them that somebody has to ask for it. */
  readonly rows: readonly (readonly string[])[] | undefined;
  /** What has to be read for the rows, in bytes. */
  readonly cost: number;
  readonly total: number;
  readonly files: number;
  /** There are more files than were counted. */
  readonly moreFiles: boolean;
}

export interface LogLine {
  readonly number: number;
  readonly at: number | undefined;
  readonly text: string;
  readonly system: boolean;
}
