/** What the run is, how it stands, and what can be done to all of it. */
import { Link, useNavigate } from "@tanstack/react-router";
import { type JSX, useState } from "react";

import { abortRun, useActionData, useRunInfo } from "../../api/run";
import { rerun, useVersions } from "../../api/tasks";
import { briefly } from "../../lib/brief";
import { runCommand } from "../../lib/command";
import type { ActionRow, RunKey } from "../../lib/model";
import { isOver, type PhaseCounts, phaseWord } from "../../lib/phase";
import { Ask, Copy } from "../../ui/controls";
import { QueueLink } from "../../ui/queue-link";
import { PhaseBadge, PhaseBar, PhaseTally } from "../../ui/phase";
import { useTitle } from "../../ui/title";
import { Elapsed, When } from "../../ui/when";

const MOST_INPUTS = 3;

interface Props {
  readonly runKey: RunKey;
  readonly root: ActionRow;
  readonly counts: PhaseCounts;
  readonly total: number;
  /** Leads to what went into the run and came out of it. */
  readonly onData: () => void;
}

export function RunHeader({ runKey, root, counts, total, onData }: Props): JSX.Element {
  useTitle(`${phaseWord(root.phase)}: ${root.title}`, runKey.run);
  const info = useRunInfo(runKey).data;
  const scope = { project: runKey.project, domain: runKey.domain };
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="heading">
        <h1>{root.title}</h1>
        <PhaseBadge phase={root.phase} boxed />
        <span className="mono soft">{runKey.run}</span>
        <span className="grow" />
        <Actions runKey={runKey} root={root} />
      </div>
      <div className="line wrap" style={{ gap: "4px 18px" }}>
        <span>
          <Elapsed from={root.createdAt} to={root.endedAt} running={!isOver(root.phase)} /> <span className="soft">in all</span>
        </span>
        <span>
          <span className="soft">started</span> <When at={root.createdAt} />
        </span>
        {root.task !== undefined && (
          <Link to="/domain/$domain/project/$project/tasks/$task" params={{ ...scope, task: root.task.name }} search={{ version: root.task.version }} className="mono">
            {root.task.name}
          </Link>
        )}
        {root.queue !== "" && root.queue !== "default" && (
          <span>
            <span className="soft">queue</span> <QueueLink queue={root.queue} />
          </span>
        )}
        <span>
          <span className="number">{total.toLocaleString()}</span> <span className="soft">{total === 1 ? "action" : "actions"}</span>
        </span>
        <PhaseTally counts={counts} />
        <InputsBriefly runKey={runKey} root={root} />
        <button type="button" className="quiet small" onClick={onData}>
          Inputs and outputs
        </button>
        {info?.related !== undefined && info.related !== "" && (
          <span>
            <span className="soft">again from</span>{" "}
            <Link className="mono" to="/domain/$domain/project/$project/runs/$run" params={{ ...scope, run: info.related }}>
              {info.related}
            </Link>
          </span>
        )}
        {Object.entries(info?.labels ?? {}).map(([name, value]) => (
          <Link key={name} className="label" to="/domain/$domain/project/$project/runs" params={scope} search={{ label: `${name}=${value}` }}>
            {name}={value}
          </Link>
        ))}
      </div>
      <PhaseBar counts={counts} />
    </div>
  );
}

/** What it was started with, as far as there is room. */
function InputsBriefly({ runKey, root }: { readonly runKey: RunKey; readonly root: ActionRow }): JSX.Element {
  const { shown, more } = briefly(useActionData(runKey, root).data?.inputs ?? [], MOST_INPUTS);
  return (
    <>
      {shown.map(({ name, text }) => (
        <span key={name} data-input={name}>
          <span className="soft">{name}</span> <span className="mono">{text}</span>
        </span>
      ))}
      {more > 0 && <span className="soft">and {more.toLocaleString()} more</span>}
    </>
  );
}

function Actions({ runKey, root }: { readonly runKey: RunKey; readonly root: ActionRow }): JSX.Element {
  const [asking, setAsking] = useState<"abort" | "rerun">();
  const [reason, setReason] = useState("");
  const navigate = useNavigate();
  const [takesOver, setTakesOver] = useState(false);
  const unfinished = isOver(root.phase) && root.phase !== "succeeded" && root.phase !== "recovered";
  const again = async (): Promise<void> => {
    const run = await rerun(runKey, root, takesOver && unfinished ? "rest" : "all");
    await navigate({ to: "/domain/$domain/project/$project/runs/$run", params: { ...runKey, run } });
  };
  // Only a deployed task has a form.
  const deployed = (useVersions(runKey, root.task?.name ?? "").data ?? []).length > 0;
  const python = `flyte.remote.Run.get(${JSON.stringify(runKey.run)})`;
  return (
    <span className="line wrap">
      <Copy text={runCommand(runKey)} label="Copy as CLI" />
      <Copy text={python} label="Copy as Python" />
      <button type="button" onClick={() => setAsking("rerun")}>
        Run again
      </button>
      {deployed && root.task !== undefined && (
        <Link className="button" to="/domain/$domain/project/$project/tasks/$task" params={{ ...runKey, task: root.task.name }} search={{ tab: "launch", like: runKey.run }}>
          With other inputs
        </Link>
      )}
      <Link className="button" to="/domain/$domain/project/$project/runs/$run/compare" params={runKey}>
        Compare
      </Link>
      {!isOver(root.phase) && (
        <button type="button" className="danger" onClick={() => setAsking("abort")}>
          Abort
        </button>
      )}
      {asking === "rerun" && (
        <Ask title="Run this task again?" confirm="Run again" onConfirm={again} onClose={() => setAsking(undefined)}>
          <p>A new run with the same code, inputs, labels, environment variables and queue. Cached results are used.</p>
          {unfinished && (
            <label className="line">
              <input type="checkbox" checked={takesOver} onChange={(event) => setTakesOver(event.target.checked)} /> Take over what has succeeded, run only the rest
            </label>
          )}
        </Ask>
      )}
      {asking === "abort" && (
        <Ask title={`Abort run ${runKey.run}?`} confirm="Abort the run" danger onConfirm={() => abortRun(runKey, reason === "" ? "aborted in the console" : reason)} onClose={() => setAsking(undefined)}>
          <p>Everything in it that still runs is stopped. What has succeeded stays.</p>
          <div className="field">
            <label htmlFor="abort-reason">Reason, for whoever looks at it later</label>
            <input id="abort-reason" type="text" value={reason} onChange={(event) => setReason(event.target.value)} />
          </div>
        </Ask>
      )}
    </span>
  );
}
