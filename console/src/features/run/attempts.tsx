/** Attempts of an action, the latest first, each with its phases and their times. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

import { plain } from "../../lib/ansi";
import { logsCommand } from "../../lib/command";
import { headline } from "../../lib/failure";
import type { AttemptView, PhaseStep, RunKey } from "../../lib/model";
import { isOver, phaseWord } from "../../lib/phase";
import { actionSearch } from "../../lib/search";
import { Copy } from "../../ui/controls";
import { PhaseBadge, toneOf } from "../../ui/phase";
import { Elapsed, When } from "../../ui/when";

interface Of {
  readonly runKey: RunKey;
  readonly action: string;
}

export function Attempts({ attempts, ...of }: Of & { readonly attempts: readonly AttemptView[] }): JSX.Element | null {
  if (attempts.length === 0) return null;
  return (
    <>
      <h3>{attempts.length === 1 ? "Attempt" : `${String(attempts.length)} attempts`}</h3>
      {[...attempts].reverse().map((attempt) => (
        <Attempt key={attempt.attempt} attempt={attempt} {...of} />
      ))}
    </>
  );
}

function Attempt({ runKey, action, attempt }: Of & { readonly attempt: AttemptView }): JSX.Element {
  const message = headline(plain(attempt.failure?.message ?? "")).first;
  return (
    <div className={`attempt stack tone-${toneOf(attempt.phase)}`} style={{ gap: 5 }}>
      <div className="line wrap">
        <strong>#{attempt.attempt}</strong>
        <PhaseBadge phase={attempt.phase} />
        <Elapsed from={attempt.startedAt} to={attempt.endedAt} running={!isOver(attempt.phase)} />
        <span className="soft">
          <When at={attempt.startedAt} />
        </span>
        {attempt.hasLogs && (
          <>
            <Link to="/domain/$domain/project/$project/runs/$run" params={runKey} search={(before) => actionSearch({ ...before, i: action, tab: "logs", attempt: attempt.attempt, line: undefined })} aria-label={`Logs of attempt ${String(attempt.attempt)}`}>
              Logs
            </Link>
            <Copy text={logsCommand(runKey, action, attempt.attempt)} label="Copy as CLI" />
          </>
        )}
      </div>
      {message !== "" && <p className="error-text">{message}</p>}
      <ol className="line wrap small" aria-label="phases" style={{ gap: "2px 14px" }}>
        {attempt.steps.filter((step) => !isOver(step.phase)).map((step) => (
          <Step key={`${step.phase}-${String(step.from)}`} step={step} />
        ))}
      </ol>
      {attempt.events.length > 0 && (
        <details>
          <summary className="small soft">What happened around it</summary>
          <ul className="small stack" style={{ gap: 3 }}>
            {attempt.events.map((event, index) => (
              <li key={index} className="line wrap">
                <When at={event.at} /> <strong className={event.warning ? "error-text" : ""}>{event.reason}</strong> <span>{headline(plain(event.message)).first}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Step({ step }: { readonly step: PhaseStep }): JSX.Element {
  return (
    <li>
      <span className="soft">{phaseWord(step.phase)}</span> <Elapsed from={step.from} to={step.to} running={step.to === undefined} />
    </li>
  );
}
