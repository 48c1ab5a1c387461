/** What to type in a shell for what is on the screen. */
import type { ActionRow, RunKey } from "./model";

/** Logs of an action, or where it has none, such as traces and conditions, what is known of it. */
export function commandOf({ run }: RunKey, { kind, name, attempts }: Pick<ActionRow, "kind" | "name" | "attempts">): string {
  return kind === "task" && attempts > 0 ? `wingbeat logs ${run} ${name}` : `wingbeat get action ${run} ${name}`;
}
