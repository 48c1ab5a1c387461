/** Something done to many runs at once, after a question that says to which. */
import { type JSX, useState } from "react";

import { abortRun } from "../../api/run";
import { rerun } from "../../api/tasks";
import type { RunRow, Scope } from "../../lib/model";
import { Ask } from "../../ui/controls";

interface Props {
  readonly what: "abort" | "rerun";
  readonly scope: Scope;
  readonly runs: readonly RunRow[];
  readonly onClose: () => void;
  /** Called with the name of each new run. */
  readonly onStarted: (run: string) => void;
  readonly onDone: () => void;
}

const WORDS = {
  abort: { verb: "Abort", failed: "could not be aborted" },
  rerun: { verb: "Run again", failed: "could not be started again" },
} as const;

/** So many calls are under way at once: a browser opens six connections, and streams need some of them. */
const AT_ONCE = 3;

export function Many({ what, scope, runs, onClose, onStarted, onDone }: Props): JSX.Element {
  // The question is about the runs of this moment, also when more of them end while it is read. What was done is
  // taken out, so that a second try is about the rest.
  const [asked, setAsked] = useState(runs);
  const { verb, failed } = WORDS[what];
  const one = async (run: RunRow): Promise<void> => {
    const key = { ...scope, run: run.run };
    if (what === "abort") await abortRun(key, "aborted in the console");
    else onStarted(await rerun(key, run));
  };
  const all = async (): Promise<void> => {
    const left: RunRow[] = [];
    let reason = "";
    const queue = [...asked];
    const work = async (): Promise<void> => {
      for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
        try {
          await one(run);
        } catch (error) {
          left.push(run);
          reason = error instanceof Error ? error.message : String(error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (left.length > 0) {
      setAsked(left);
      throw new Error(`${String(left.length)} of ${String(asked.length)} runs ${failed}: ${reason}`);
    }
    onDone();
  };
  return (
    <Ask title={`${verb} ${String(asked.length)} ${asked.length === 1 ? "run" : "runs"}?`} confirm={`${verb}: ${String(asked.length)}`} danger={what === "abort"} onConfirm={all} onClose={onClose}>
      {what === "rerun" && <p>Each becomes a new run with the same code, inputs, labels, environment variables and queue.</p>}
      <ul className="well mono" tabIndex={0}>
        {asked.slice(0, 20).map((run) => (
          <li key={run.run}>
            {run.run} {run.title}
          </li>
        ))}
        {asked.length > 20 && <li>and {asked.length - 20} more</li>}
      </ul>
    </Ask>
  );
}
