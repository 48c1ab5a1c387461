/** The list of runs, flat or by task, live. */
import { Link } from "@tanstack/react-router";
import { type JSX, useMemo, useState } from "react";

import { useLiveRuns, useRunPages } from "../../api/runs";
import { problemOf } from "../../api/transport";
import type { Scope } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { filterOf, isFiltered, merged, searchOf } from "../../lib/run-filter";
import type { RunsSearch } from "../../lib/search";
import { Empty, Failed, Loading } from "../../ui/states";
import { useTitle } from "../../ui/title";
import { Density } from "./density";
import { FilterBar } from "./filter-bar";
import { Many } from "./many";
import { RunGroups } from "./run-groups";
import { RunList } from "./run-list";

interface Props {
  readonly scope: Scope;
  readonly search: RunsSearch;
  readonly onSearch: (search: RunsSearch) => void;
}

export function RunsPage({ scope, search, onSearch }: Props): JSX.Element {
  useTitle("Runs", `${scope.project}/${scope.domain}`);
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
      {grouped ? (
        <>
          {isFiltered(filter) && (
            <p className="card line wrap" role="status">
              Filters choose single runs; this table counts all of them.
              <button type="button" onClick={() => onSearch(searchOf(filter))}>
                List those that fit
              </button>
              <button type="button" onClick={() => onSearch({ by: "task" })}>
                Clear the filters
              </button>
            </p>
          )}
          <RunGroups scope={scope} />
        </>
      ) : (
        <Flat scope={scope} search={search} onSearch={onSearch} />
      )}
    </div>
  );
}

function Flat({ scope, search, onSearch }: Props): JSX.Element {
  const filter = useMemo(() => filterOf(search), [search]);
  const pages = useRunPages(scope, filter);
  const live = useLiveRuns(scope);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [own, setOwn] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<"abort" | "rerun">();
  const rows = useMemo(() => merged(pages.data?.pages.flatMap((page) => page.runs) ?? [], live.runs, filter, Date.now()), [pages.data, live.runs, filter]);
  const picked = rows.filter((run) => chosen.has(run.run));
  const stoppable = picked.filter((run) => !isOver(run.phase));
  const [first, second] = picked;
  const body = (): JSX.Element => {
    if (pages.isPending && rows.length === 0) return <Loading what="runs" rows={8} />;
    if (pages.isError && rows.length === 0) return <Failed problem={problemOf(pages.error)} onRetry={() => void pages.refetch()} />;
    if (rows.length === 0) return <NoRuns filtered={isFiltered(filter)} scope={scope} />;
    return (
      <>
        <Density runs={rows} />
        <div className="line small soft">
          <span>
            <span className="number">{rows.length.toLocaleString()}</span> listed{pages.hasNextPage ? ", more as you scroll" : ""}
          </span>
          <button type="button" className="quiet small" disabled={picked.length === rows.length} onClick={() => setChosen(new Set(rows.map((run) => run.run)))}>
            Choose all {rows.length.toLocaleString()}
          </button>
        </div>
        <RunList key={JSON.stringify(searchOf(filter))} scope={scope} rows={rows} own={own} chosen={chosen} onChosen={setChosen} onEnd={() => pages.hasNextPage && !pages.isFetchingNextPage && void pages.fetchNextPage()} />
      </>
    );
  };
  return (
    <>
      <FilterBar filter={filter} onFilter={(next) => onSearch(searchOf(next))} />
      {picked.length > 0 && (
        <div className="card line wrap" role="region" aria-label="chosen runs">
          <span>{picked.length} chosen</span>
          <button type="button" className="danger" disabled={stoppable.length === 0} onClick={() => setAsking("abort")}>
            Abort {stoppable.length} that still {stoppable.length === 1 ? "runs" : "run"}
          </button>
          <button type="button" disabled={picked.length === 0} onClick={() => setAsking("rerun")}>
            Run {picked.length} again
          </button>
          {first !== undefined && second !== undefined && picked.length === 2 && (
            // The older one stands on the left.
            <Link className="button" to="/domain/$domain/project/$project/runs/$run/compare" params={{ ...scope, run: second.run }} search={{ with: first.run }}>
              Compare the two
            </Link>
          )}
          <button type="button" onClick={() => setChosen(new Set())}>
            Choose none
          </button>
        </div>
      )}
      {live.problem !== undefined && (
        <p className="card ask line wrap" role="status">
          This list does not change by itself: {live.problem.message}
          <button type="button" onClick={live.onRetry}>
            Try again
          </button>
        </p>
      )}
      {body()}
      {asking !== undefined && <Many what={asking} scope={scope} runs={asking === "abort" ? stoppable : picked} onClose={() => setAsking(undefined)} onStarted={(run) => setOwn((before) => new Set(before).add(run))} onDone={() => setChosen(new Set())} />}
    </>
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
