/** One run: what is wrong first, then everything there is, with the chosen action beside it. */
import { type JSX, useEffect, useMemo, useState } from "react";

import { MOST_ACTIONS, useRunActions } from "../../api/run";
import { useReading } from "../../api/run-view";
import type { ActionRow, RunKey } from "../../lib/model";
import { countPhases, rootCause } from "../../lib/tree";
import type { ActionSearch } from "../../lib/search";
import { Failed, Loading } from "../../ui/states";
import { useTitle } from "../../ui/title";
import { ActionPanel } from "./action-panel";
import { ActionViews } from "./action-views";
import { FailureFirst } from "./failure-first";
import { LargeRun } from "./large-run";
import { RunHeader } from "./run-header";
import { Questions } from "./questions";

export interface RunView {
  readonly runKey: RunKey;
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
}

/** What a view may change in the address; `undefined` takes it out. */
export type SearchChange = { readonly [name in keyof ActionSearch]: ActionSearch[name] | undefined };

/** Decides how the run is read: all actions as they change, or of a large run only what is on the screen. */
export function RunPage(view: RunView): JSX.Element {
  const reading = useReading(view.runKey);
  const [grown, setGrown] = useState(false);
  if (reading === undefined) return <Waiting run={view.runKey.run} />;
  return reading.windowed || grown ? <LargeRun {...view} /> : <WholeRun {...view} most={reading.most} onGrown={() => setGrown(true)} />;
}

function Waiting({ run }: { readonly run: string }): JSX.Element {
  useTitle(run);
  return (
    <div className="page">
      <h1 className="mono">{run}</h1>
      <Loading what="the run" rows={8} />
    </div>
  );
}

function WholeRun({ runKey, search, onSearch, most, onGrown }: RunView & { readonly most: number; readonly onGrown: () => void }): JSX.Element {
  const { state, problem, actions, cut, onRetry } = useRunActions(runKey);
  const root = actions.find((action) => action.parent === "");
  const selected = actions.find((action) => action.name === search.i) ?? root;
  const cause = useMemo(() => rootCause(actions), [actions]);
  const counts = useMemo(() => countPhases(actions), [actions]);
  const tooMany = actions.length > most;
  useEffect(() => {
    if (tooMany) onGrown();
  }, [tooMany, onGrown]);
  const select = (action: ActionRow): void => onSearch({ i: action.name, attempt: undefined, line: undefined });
  if (state === "refused" && problem !== undefined) {
    return (
      <div className="page">
        <h1 className="mono">{runKey.run}</h1>
        <Failed problem={problem} onRetry={onRetry} />
      </div>
    );
  }
  if (root === undefined || selected === undefined) return <Waiting run={runKey.run} />;
  return (
    <div className="page wide">
      <RunHeader runKey={runKey} root={root} counts={counts} total={actions.length} onData={() => onSearch({ i: undefined, tab: undefined, attempt: undefined, line: undefined })} />
      {cut && (
        <p className="card ask" role="status">
          This run has more than {MOST_ACTIONS.toLocaleString()} actions: the first ones are shown. <code>wingbeat get action</code> lists all.
        </p>
      )}
      <Questions runKey={runKey} actions={actions} />
      {cause !== undefined && <FailureFirst runKey={runKey} root={root} cause={cause} onSelect={select} onLogs={() => onSearch({ i: cause.name, tab: "logs", attempt: undefined, line: undefined })} />}
      <div className="split">
        <ActionViews runKey={runKey} actions={actions} selected={selected} search={search} onSearch={onSearch} onSelect={select} />
        <ActionPanel key={selected.name} runKey={runKey} action={selected} search={search} onSearch={onSearch} />
      </div>
    </div>
  );
}
