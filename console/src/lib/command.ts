/** What to type in a shell for what is on the screen. */
import type { ActionRow, RunKey, Scope } from "./model";

/** Words as a shell has to be given them: what it would read in its own way is quoted. */
export function shell(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}

function inScope({ project, domain }: Scope): readonly string[] {
  return ["--project", project, "--domain", domain];
}

export function runCommand(key: RunKey): string {
  return shell("wingbeat", "get", "run", key.run, ...inScope(key));
}

/** Logs of an action, or where it has none, such as traces and conditions, what is known of it. */
export function actionCommand(key: RunKey, { kind, name, attempts }: Pick<ActionRow, "kind" | "name" | "attempts">): string {
  return kind === "task" && attempts > 0 ? logsCommand(key, name) : shell("wingbeat", "get", "action", key.run, name, ...inScope(key));
}

/** The actions of a group. */
export function groupCommand(key: RunKey, group: string): string {
  return shell("wingbeat", "get", "action", key.run, "--group", group, ...inScope(key));
}

/** Logs of one attempt, or of the latest. */
export function logsCommand(key: RunKey, action: string, attempt?: number): string {
  return shell("wingbeat", "logs", key.run, action, ...(attempt === undefined ? [] : ["--attempt", String(attempt)]), ...inScope(key));
}

/** Answers a condition. */
export function signalCommand(key: RunKey, condition: string, value: string): string {
  return shell("wingbeat", "signal", key.run, condition, value, ...inScope(key));
}

export function taskCommand(scope: Scope, name: string): string {
  return shell("wingbeat", "get", "task", name, ...inScope(scope));
}

/** The stock client shows one version of a task. */
export function versionCommand(scope: Scope, name: string, version: string): string {
  return shell("flyte", "get", "task", name, version, ...inScope(scope));
}

export const EXECUTORS_COMMAND = shell("wingbeat", "get", "executor");

export function queueCommand(name: string): string {
  return shell("wingbeat", "queue", "list", name);
}
