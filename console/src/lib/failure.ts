/** Messages of failures are often whole tracebacks: what a person needs is at their end. */

import { isBad, isOver, type Phase } from "./phase";

const MOST = 400;

export interface Headline {
  readonly first: string;
  /** The whole message, if the headline is not all of it. */
  readonly rest: string;
}

/** The line that says what happened. In a Python traceback that is the last one that is not indented. */
export function headline(message: string): Headline {
  const text = message.trim();
  const lines = text.split("\n");
  const traceback = lines.findIndex((line) => /^\s*(\||\+|Traceback \(most recent call last\))/.test(line)) >= 0;
  const chosen = traceback ? lines.findLast((line) => /^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning|Timeout)?\b.*/.test(line) && !line.startsWith("Traceback")) : lines[0];
  const first = (chosen ?? lines[0] ?? "").trim();
  const cut = first.length > MOST ? `${first.slice(0, MOST)} …` : first;
  return { first: cut, rest: cut === text ? "" : text };
}

/** What became of the run in which something failed; a run that was aborted says so itself. */
export function aftermath(root: Phase): string | undefined {
  if (root === "succeeded" || root === "recovered") return "The run succeeded all the same: this failure was caught.";
  return isOver(root) ? undefined : "The run goes on.";
}

/** What the run itself says at its end, where that is not the same as what its cause says. */
export function ownEnd(root: Phase, cause: string, own: string): string | undefined {
  if (!isBad(root) || own === "" || (cause !== "" && (own.includes(cause) || cause.includes(own)))) return undefined;
  return own;
}
