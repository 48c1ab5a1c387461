/** Messages of failures are often whole tracebacks: what a person needs is at their end. */

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
