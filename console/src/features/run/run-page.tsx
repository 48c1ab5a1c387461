/** One run: what is wrong first, then everything there is, with the chosen action beside it. */
import { type JSX, useMemo } from "react";

import { MOST_ACTIONS, useRunActions } from "../../api/run";
import type { ActionRow, RunKey } from "../../lib/model";
import { countPhases, rootCause } from "../../lib/tree";
import type { ActionSearch } from "../../lib/search";
import { Failed, Loading } from "../../ui/states";
import { ActionPanel } from "./action-panel";
import { ActionViews } from "./action-views";
import { FailureFirst } from "./failure-first";
import { RunHeader } from "./run-header";
import { Questions } from "./questions";

export interface RunView {
  readonly runKey: RunKey;
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
}

/** What a view may change in the address; `undefined` takes it out. */
export type SearchChange = { readonly [name in keyof ActionSearch]: ActionSearch[name] | undefined };

export function RunPage({ runKey, search, onSearch }: RunView): JSX.Element {
  const { state, problem, actions, cut } = useRunActions(runKey);
  const root = actions.find((action) => action.parent === "");
  const selected = actions.find((action) => action.name === search.i) ?? root;
  const cause = useMemo(() => rootCause(actions), [actions]);
  const counts = useMemo(() => countPhases(actions), [actions]);
  const select = (action: ActionRow): void => onSearch({ i: action.name, attempt: undefined, line: undefined });
  if (state === "refused" && problem !== undefined) {
    return (
      <div className="page">
        <h1 className="mono">{runKey.run}</h1>
        <Failed problem={problem} />
      </div>
    );
  }
  if (root === undefined || selected === undefined) {
    return (
      <div className="page">
        <h1 className="mono">{runKey.run}</h1>
        <Loading what="the run" rows={8} />
      </div>
    );
  }
  return (
    <div className="page wide">
      <RunHeader runKey={runKey} root={root} counts={counts} total={actions.length} />
      {cut && (
        <p className="card ask" role="status">
          This run has more than {MOST_ACTIONS.toLocaleString()} actions: the first ones are shown. <code>wingbeat get action</code> lists all.
        </p>
      )}
      <Questions runKey={runKey} actions={actions} />
      {cause !== undefined && <FailureFirst runKey={runKey} root={root} cause={cause} onSelect={select} onLogs={() => onSearch({ i: cause.name, tab: "logs", attempt: undefined, line: undefined })} />}
      <div className="split">
        <ActionViews actions={actions} selected={selected} search={search} onSearch={onSearch} onSelect={select} />
        <ActionPanel key={selected.name} runKey={runKey} action={selected} search={search} onSearch={onSearch} />
      </div>
    </div>
  );
}
