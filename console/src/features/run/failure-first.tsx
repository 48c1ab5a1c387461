/** Why a run failed, above everything else: the action where it began, its message, its attempts, its last lines. */
import type { JSX } from "react";

import { useLastLines } from "../../api/logs";
import { useActionDetails } from "../../api/run";
import { plain } from "../../lib/ansi";
import { aftermath, headline, ownEnd } from "../../lib/failure";
import type { ActionRow, RunKey } from "../../lib/model";
import { isBad, phaseWord } from "../../lib/phase";
import { PhaseBadge, PhaseMark } from "../../ui/phase";

const LAST_LINES = 8;

interface Props {
  readonly runKey: RunKey;
  readonly root: ActionRow;
  readonly cause: ActionRow;
  readonly onSelect: (action: ActionRow) => void;
  readonly onLogs: () => void;
}

export function FailureFirst({ runKey, root, cause, onSelect, onLogs }: Props): JSX.Element {
  const details = useActionDetails(runKey, cause).data;
  const failure = details?.failure ?? details?.attempts.at(-1)?.failure;
  const lines = useLastLines(runKey, cause.name, cause.attempts, LAST_LINES, details?.attempts.at(-1)?.hasLogs === true);
  const { first, rest } = headline(plain(failure?.message ?? ""));
  const isRoot = cause.name === root.name;
  const ending = useActionDetails(runKey, isRoot || !isBad(root.phase) ? undefined : root).data;
  const end = ending === undefined ? undefined : ownEnd(root.phase, first, headline(plain(ending.failure?.message ?? "")).first);
  const after = isRoot ? undefined : aftermath(root.phase);
  return (
    <section className={isBad(root.phase) ? "card bad stack" : "card stack"} aria-label="root cause">
      <div className="line wrap">
        <PhaseBadge phase={cause.phase} />
        <h2>
          <button type="button" className="quiet" onClick={() => onSelect(cause)}>
            {cause.title} <span className="mono soft">{cause.name}</span>
          </button>
        </h2>
        {failure !== undefined && failure.code !== "" && <code>{failure.code}</code>}
        {failure !== undefined && failure.blame !== "unknown" && <span className="label">{failure.blame === "user" ? "in the task's code" : "in the platform"}</span>}
        {details !== undefined && details.attempts.length > 1 && (
          <span className="line">
            <span className="soft">attempts</span>
            {details.attempts.map((attempt) => (
              <PhaseMark key={attempt.attempt} phase={attempt.phase} label={`attempt ${String(attempt.attempt)}: ${phaseWord(attempt.phase)}`} />
            ))}
          </span>
        )}
        <span className="grow" />
        <button type="button" onClick={onLogs}>
          All its logs
        </button>
      </div>
      {after !== undefined && <p className="soft">{after}</p>}
      <p>
        <strong>{first === "" ? "It failed without a message." : first}</strong>
      </p>
      {end !== undefined && (
        <p>
          The run ended with: {ending?.failure !== undefined && ending.failure.code !== "" && <code>{ending.failure.code}</code>} <strong>{end}</strong>
        </p>
      )}
      {rest !== "" && (
        <details>
          <summary>The whole message</summary>
          <pre className="well" tabIndex={0}>{rest}</pre>
        </details>
      )}
      {lines.length > 0 && (
        <div>
          <h3 className="soft">Last lines of its log</h3>
          <pre className="well" tabIndex={0} data-testid="last-lines">{lines.map((line) => plain(line.text)).join("\n")}</pre>
        </div>
      )}
    </section>
  );
}
