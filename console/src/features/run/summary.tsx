/** An action at a glance: why it waits or failed, its attempts, what went in and what came out. */
import type { JSX } from "react";

import { useActionData, useReason } from "../../api/run";
import { problemOf } from "../../api/transport";
import { plain } from "../../lib/ansi";
import { cacheSentence } from "../../lib/cache";
import { headline } from "../../lib/failure";
import type { ActionDetails, ActionRow, RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { Copy } from "../../ui/controls";
import { QueueLink } from "../../ui/queue-link";
import { Failed, Loading } from "../../ui/states";
import { LinkExtra, type LinkValue, Values } from "../../ui/value";
import { When } from "../../ui/when";
import { Attempts } from "./attempts";
import { Linked } from "./linked";
import { Question } from "./questions";

interface Props {
  readonly runKey: RunKey;
  readonly action: ActionRow;
  readonly details: ActionDetails;
}

export function Summary({ runKey, action, details }: Props): JSX.Element {
  const cache = cacheSentence(action.cache);
  return (
    <>
      <Why runKey={runKey} action={action} />
      {details.failure !== undefined && <FailureText message={details.failure.message} />}
      {details.abort !== undefined && (
        <p className="card">
          Aborted{details.abort.by === "" ? "" : ` by ${details.abort.by}`}: {details.abort.reason === "" ? "no reason was given" : details.abort.reason}
        </p>
      )}
      {action.kind === "condition" && action.phase === "paused" && <Question runKey={runKey} action={action} />}
      {details.answeredBy !== undefined && <p>Answered{details.answeredBy === "" ? "" : ` by ${details.answeredBy}`}.</p>}
      {cache !== undefined && <p className="soft">{cache}</p>}
      <Data runKey={runKey} action={action} />
      {action.kind === "task" && <Attempts runKey={runKey} action={action.name} attempts={details.attempts} />}
    </>
  );
}

function FailureText({ message }: { readonly message: string }): JSX.Element {
  const { first, rest } = headline(plain(message));
  return (
    <div className="card bad">
      <strong>{first}</strong>
      {rest !== "" && (
        <details>
          <summary>The whole message</summary>
          <pre className="well" tabIndex={0}>{rest}</pre>
        </details>
      )}
    </div>
  );
}

function Why({ runKey, action }: { readonly runKey: RunKey; readonly action: ActionRow }): JSX.Element | null {
  const reason = useReason(runKey, action).data;
  if (reason === undefined || reason.reason === "") return null;
  return (
    <p className="card">
      <strong>Why it waits:</strong> {reason.reason}
      {reason.until !== undefined && (
        <>
          {" "}
          (<When at={reason.until} />)
        </>
      )}
      {action.queue !== "" && (
        <span className="soft">
          {" "}
          In queue <QueueLink queue={action.queue} />
        </span>
      )}
    </p>
  );
}

function Data({ runKey, action }: { readonly runKey: RunKey; readonly action: ActionRow }): JSX.Element {
  const data = useActionData(runKey, action);
  if (data.isError) return <Failed problem={problemOf(data.error)} onRetry={() => void data.refetch()} />;
  if (data.data === undefined) return <Loading what="inputs and outputs" />;
  const { inputs, outputs, inputsUri, outputsUri } = data.data;
  const none = isOver(action.phase) ? "No outputs." : "None yet: they appear when it has succeeded.";
  const behind = ({ what, uri }: LinkValue): JSX.Element | null => (what === "large value" || uri === "" ? null : <Linked key={uri} link={{ run: runKey, action: action.name, uri }} what={what} />);
  return (
    <LinkExtra value={behind}>
      <div className="line">
        <h3>Inputs</h3>
        {inputsUri !== "" && <Copy text={inputsUri} label="Copy address" />}
      </div>
      <Values values={inputs} none="No inputs." />
      <div className="line">
        <h3>Outputs</h3>
        {outputsUri !== "" && outputs.length > 0 && <Copy text={outputsUri} label="Copy address" />}
      </div>
      <Values values={outputs} none={none} />
    </LinkExtra>
  );
}
