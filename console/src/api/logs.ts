/** Lines of one attempt, followed until it ends. */
import { useEffect, useState } from "react";

import type { LogLine, RunKey } from "../lib/model";
import { actionId } from "./ids";
import { follow } from "./live";
import { time } from "./read";
import { type Problem, problemOf } from "./transport";

/** Older lines are let go: a browser is no place for a gigabyte of text. */
export const MOST_LINES = 50_000;
/** What is shown of one line; the rest is named by its length. */
export const MOST_OF_A_LINE = 10_000;

export interface LogTail {
  readonly lines: readonly LogLine[];
  readonly ended: boolean;
  readonly problem: Problem | undefined;
  readonly dropped: number;
}

const NOTHING: LogTail = { lines: [], ended: false, problem: undefined, dropped: 0 };

/** The tail of an attempt. Lines are kept here and not in the query cache: they are many, and only appended. */
export function useLogs(key: RunKey, action: string, attempt: number, enabled: boolean): LogTail {
  const [tail, setTail] = useState<LogTail>(NOTHING);
  const { project, domain, run } = key;
  useEffect(() => {
    setTail(NOTHING);
    if (!enabled || attempt === 0) return undefined;
    let fresh: LogLine[] = [];
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      const more = fresh;
      fresh = [];
      setTail((before) => appended(before, more));
    };
    const stop = follow({
      what: "logs",
      request: { actionId: actionId({ project, domain, run }, action), attempt },
      onMessage: ({ logs }) => {
        for (const line of logs.flatMap((one) => one.lines)) {
          count += 1;
          fresh.push({ number: count, at: time(line.timestamp), text: shortened(line.message), system: line.originator === 2 });
        }
        if (fresh.length > 0) timer ??= setTimeout(flush, 60);
      },
      onEnd: () => {
        flush();
        setTail((before) => ({ ...before, ended: true }));
      },
      onRefused: (error) => setTail((before) => ({ ...before, problem: problemOf(error) })),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [project, domain, run, action, attempt, enabled]);
  return tail;
}

function appended(before: LogTail, more: readonly LogLine[]): LogTail {
  if (more.length === 0) return before;
  const all = [...before.lines, ...more];
  const over = Math.max(0, all.length - MOST_LINES);
  return { ...before, lines: over > 0 ? all.slice(over) : all, dropped: before.dropped + over };
}

function shortened(message: string): string {
  const text = message.endsWith("\n") ? message.slice(0, -1) : message;
  return text.length <= MOST_OF_A_LINE ? text : `${text.slice(0, MOST_OF_A_LINE)} … (${String(text.length - MOST_OF_A_LINE)} characters more)`;
}
