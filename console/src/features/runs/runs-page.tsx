/** The list of runs, flat or by task, live. */
import { type JSX, useMemo, useState } from "react";

import { abortRun } from "../../api/run";
import { useLiveRuns, useRunPages } from "../../api/runs";
import { problemOf } from "../../api/transport";
import type { RunRow, Scope } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { filterOf, isFiltered, merged, searchOf } from "../../lib/run-filter";
import type { RunsSearch } from "../../lib/search";
import { Ask } from "../../ui/controls";
import { Empty, Failed, Loading } from "../../ui/states";
import { FilterBar } from "./filter-bar";
import { RunGroups } from "./run-groups";
import { RunList } from "./run-list";

interface Props {
  readonly scope: Scope;
  readonly search: RunsSearch;
  readonly onSearch: (search: RunsSearch) => void;
}

export function RunsPage({ scope, search, onSearch }: Props): JSX.Element {
  const grouped = search.by === "task";
  const filter = useMemo(() => filterOf(search), [search]);
  return (
    <div className="page">
      <div className="heading">
        <h1>Runs</h1>
        <span className="line" role="group" aria-label="how runs are listed">
          <button type="button" className="toggle chip" aria-pressed={!grouped} onClick={() => onSearch(searchOf(filter))}>
            One by one
          </button>
          <button type="button" className="toggle chip" aria-pressed={grouped} onClick={() => onSearch({ ...searchOf(filter), by: "task" })}>
            By task
          </button>
        </span>
      </div>
      {grouped ? <RunGroups scope={scope} /> : <Flat scope={scope} search={search} onSearch={onSearch} />}
    </div>
  );
}

function Flat({ scope, search, onSearch }: Props): JSX.Element {
  const filter = useMemo(() => filterOf(search), [search]);
  const pages = useRunPages(scope, filter);
  const live = useLiveRuns(scope);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const rows = useMemo(() => merged(pages.data?.pages.flatMap((page) => page.runs) ?? [], live, filter, Date.now()), [pages.data, live, filter]);
  const stoppable = rows.filter((run) => chosen.has(run.run) && !isOver(run.phase));
  const body = (): JSX.Element => {
    if (pages.isPending && rows.length === 0) return <Loading what="runs" rows={8} />;
    if (pages.isError && rows.length === 0) return <Failed problem={problemOf(pages.error)} onRetry={() => void pages.refetch()} />;
    if (rows.length === 0) return <NoRuns filtered={isFiltered(filter)} scope={scope} />;
    return <RunList scope={scope} rows={rows} chosen={chosen} onChosen={setChosen} onEnd={() => pages.hasNextPage && !pages.isFetchingNextPage && void pages.fetchNextPage()} />;
  };
  return (
    <>
      <FilterBar filter={filter} onFilter={(next) => onSearch(searchOf(next))} />
      {chosen.size > 0 && (
        <div className="card line wrap" role="region" aria-label="chosen runs">
          <span>{chosen.size} chosen</span>
          <button type="button" className="danger" disabled={stoppable.length === 0} onClick={() => setAsking(true)}>
            Abort {stoppable.length} that still {stoppable.length === 1 ? "runs" : "run"}
          </button>
          <button type="button" onClick={() => setChosen(new Set())}>
            Choose none
          </button>
        </div>
      )}
      {body()}
      {asking && <AbortMany scope={scope} runs={stoppable} onClose={() => setAsking(false)} onDone={() => setChosen(new Set())} />}
    </>
  );
}

function AbortMany({ scope, runs, onClose, onDone }: { readonly scope: Scope; readonly runs: readonly RunRow[]; readonly onClose: () => void; readonly onDone: () => void }): JSX.Element {
  // The question is about the runs of this moment, also when more of them end while it is read.
  const [asked] = useState(runs);
  const abort = async (): Promise<void> => {
    const results = await Promise.allSettled(asked.map((run) => abortRun({ ...scope, run: run.run }, "aborted in the console")));
    const failed = results.filter((result) => result.status === "rejected").length;
    if (failed > 0) throw new Error(`${String(failed)} of ${String(asked.length)} runs could not be aborted`);
    onDone();
  };
  return (
    <Ask title={`Abort ${String(asked.length)} ${asked.length === 1 ? "run" : "runs"}?`} confirm={`Abort ${String(asked.length)}`} danger onConfirm={abort} onClose={onClose}>
      <ul className="well mono">
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

function NoRuns({ filtered, scope }: { readonly filtered: boolean; readonly scope: Scope }): JSX.Element {
  if (filtered) return <Empty title="No run fits these filters" />;
  return (
    <Empty title={`No runs in ${scope.project} / ${scope.domain} yet`}>
      <p>
        Start one with <code>{`flyte run --project ${scope.project} --domain ${scope.domain} FILE TASK`}</code>, or from the page of a deployed task.
      </p>
    </Empty>
  );
}
