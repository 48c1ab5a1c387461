/** Phases as people see them. A phase that a newer server invents is a case, not a crash. */
export type Phase =
  | "queued"
  | "waiting"
  | "initializing"
  | "running"
  | "paused"
  | "succeeded"
  | "recovered"
  | "failed"
  | "timed_out"
  | "aborted"
  | "unknown";

/** In the order in which a person looks: what is wrong first, what waits for them next. */
export const PHASES: readonly Phase[] = [
  "failed",
  "timed_out",
  "paused",
  "running",
  "initializing",
  "waiting",
  "queued",
  "aborted",
  "succeeded",
  "recovered",
  "unknown",
];

const WORDS: Record<Phase, string> = {
  queued: "Queued",
  waiting: "Waiting for room",
  initializing: "Starting",
  running: "Running",
  paused: "Needs an answer",
  succeeded: "Succeeded",
  recovered: "Recovered",
  failed: "Failed",
  timed_out: "Timed out",
  aborted: "Aborted",
  unknown: "Unknown phase",
};

/** How a phase is called. */
export function phaseWord(phase: Phase): string {
  return WORDS[phase];
}

/** Nothing more happens in it. A phase that we do not know may still change. */
export function isOver(phase: Phase): boolean {
  switch (phase) {
    case "succeeded":
    case "recovered":
    case "failed":
    case "timed_out":
    case "aborted":
      return true;
    case "queued":
    case "waiting":
    case "initializing":
    case "running":
    case "paused":
    case "unknown":
      return false;
    default:
      return phase satisfies never;
  }
}

/** It ended in a way that somebody has to look at. */
export function isBad(phase: Phase): boolean {
  return phase === "failed" || phase === "timed_out";
}

/** Reads a phase out of an address; anything else is dropped. */
export function asPhase(text: string): Phase | undefined {
  return PHASES.find((phase) => phase === text);
}

export type PhaseCounts = Readonly<Partial<Record<Phase, number>>>;

/** Of counts those that somebody has to look at. */
export function badOf(counts: PhaseCounts): PhaseCounts {
  return Object.fromEntries(orderedCounts(counts).filter(([phase]) => isBad(phase)));
}

/** Counts in the order of looking, without those that are none. */
export function orderedCounts(counts: PhaseCounts): readonly (readonly [Phase, number])[] {
  return PHASES.map((phase) => [phase, counts[phase] ?? 0] as const).filter(([, count]) => count > 0);
}
