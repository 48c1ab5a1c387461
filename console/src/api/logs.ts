/** Lines of one attempt, followed until it ends. */
import { useEffect, useState } from "react";

import type { LogLine, RunKey } from "../lib/model";
import { appended, type Kept } from "../lib/tail";
import { actionId } from "./ids";
import { follow } from "./live";
import { time } from "./read";
import { type Problem, problemOf } from "./transport";

/** Older lines are let go: a browser is no place for a gigabyte of text. */
export const MOST_LINES = 50_000;
/** What is shown of one line; the rest is named by its length. */
export const MOST_OF_A_LINE = 10_000;

export interface LogTail extends Kept {
  readonly ended: boolean;
  readonly problem: Problem | undefined;
}

const NOTHING: LogTail = { lines: [], ended: false, problem: undefined, dropped: 0 };

/** The tail of an attempt. Lines are kept here and not in the query cache: they are many, and only appended. */
export function useLogs(key: RunKey, action: string, attempt: number, enabled: boolean): LogTail & { readonly onRetry: () => void } {
  const [tail, setTail] = useState<LogTail>(NOTHING);
  const [tries, setTries] = useState(0);
  const { project, domain, run } = key;
  useEffect(() => {
    setTail(NOTHING);
    if (!enabled || attempt === 0) return undefined;
    let fresh: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      const more = fresh;
      fresh = [];
      if (more.length > 0) setTail((before) => ({ ...before, ...appended(before, more, MOST_LINES) }));
    };
    const stop = followLines({ project, domain, run }, action, attempt, {
      onLines: (lines) => {
        fresh.push(...lines);
        timer ??= setTimeout(flush, 60);
      },
      onEnd: () => {
        flush();
        setTail((before) => ({ ...before, ended: true }));
      },
      onRefused: (problem) => setTail((before) => ({ ...before, problem })),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [project, domain, run, action, attempt, enabled, tries]);
  return { ...tail, onRetry: () => setTries((before) => before + 1) };
}

/** The last lines of an attempt, when all of them were read; until then nobody knows which are the last. */
export function useLastLines(key: RunKey, action: string, attempt: number, most: number, enabled: boolean): readonly LogLine[] {
  const [last, setLast] = useState(NOTHING.lines);
  const { project, domain, run } = key;
  useEffect(() => {
    setLast(NOTHING.lines);
    if (!enabled || attempt === 0) return undefined;
    let kept: Kept = NOTHING;
    return followLines({ project, domain, run }, action, attempt, {
      onLines: (lines) => {
        kept = appended(kept, lines, most);
      },
      onEnd: () => setLast(kept.lines),
      onRefused: () => undefined,
    });
  }, [project, domain, run, action, attempt, most, enabled]);
  return last;
}

interface LineHearer {
  readonly onLines: (lines: readonly LogLine[]) => void;
  readonly onEnd: () => void;
  readonly onRefused: (problem: Problem) => void;
}

function followLines(key: RunKey, action: string, attempt: number, hearer: LineHearer): () => void {
  let count = 0;
  return follow({
    what: "logs",
    request: { actionId: actionId(key, action), attempt },
    onMessage: ({ logs }) => {
      const lines = logs.flatMap((one) => one.lines).map((line) => ({ number: (count += 1), at: time(line.timestamp), text: shortened(line.message), system: line.originator === 2 }));
      if (lines.length > 0) hearer.onLines(lines);
    },
    onEnd: hearer.onEnd,
    onRefused: (error) => hearer.onRefused(problemOf(error)),
  });
}

function shortened(message: string): string {
  const text = message.endsWith("\n") ? message.slice(0, -1) : message;
  return text.length <= MOST_OF_A_LINE ? text : `${text.slice(0, MOST_OF_A_LINE)} … (${String(text.length - MOST_OF_A_LINE)} characters more)`;
}
