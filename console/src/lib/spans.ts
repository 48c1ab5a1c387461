/** The times of an action: how long it waited until it ran, and how long it ran. Pure. */
import type { ActionRow } from "./model";
import { isOver } from "./phase";
import type { Span } from "./timeline";

export interface Spans {
  readonly waited: Span | undefined;
  readonly ran: Span | undefined;
}

type Timed = Pick<ActionRow, "kind" | "phase" | "createdAt" | "startedAt" | "endedAt">;

/** What goes on reaches to `now`. What lies between two attempts counts as running. */
export function spansOf(action: Timed, now: number): Spans {
  const { createdAt, endedAt } = action;
  if (createdAt === undefined) return { waited: undefined, ran: undefined };
  const to = Math.max(createdAt, endedAt ?? (isOver(action.phase) ? createdAt : now));
  // Only tasks wait for a place to run: a step happens where it is recorded, and a question is open at once.
  const startedAt = action.startedAt ?? (action.kind === "task" ? undefined : createdAt);
  if (startedAt === undefined) return { waited: { from: createdAt, to }, ran: undefined };
  const from = Math.min(Math.max(startedAt, createdAt), to);
  return { waited: from > createdAt ? { from: createdAt, to: from } : undefined, ran: { from, to } };
}
