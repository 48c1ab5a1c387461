/** The chosen action: what it did, with what, what it said, and what can be done to it. */
import { type JSX, useState } from "react";

import { abortAction, useActionDetails } from "../../api/run";
import { problemOf } from "../../api/transport";
import { actionCommand } from "../../lib/command";
import type { ActionDetails, ActionRow, RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import type { ActionSearch } from "../../lib/search";
import { Ask, Copy, Tabs } from "../../ui/controls";
import { PhaseBadge } from "../../ui/phase";
import { Failed, Loading } from "../../ui/states";
import { Logs } from "./logs";
import { Report } from "./report";
import type { SearchChange } from "./run-page";
import { Summary } from "./summary";
import { TaskFacts } from "./task-facts";
import { Took, Waited } from "./took";

interface Props {
  readonly runKey: RunKey;
  readonly action: ActionRow;
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
}

const TABS = [
  { id: "summary", label: "Summary" },
  { id: "logs", label: "Logs" },
  { id: "report", label: "Report" },
  { id: "task", label: "Task" },
  { id: "raw", label: "Raw" },
];

export function ActionPanel({ runKey, action, search, onSearch }: Props): JSX.Element {
  const details = useActionDetails(runKey, action);
  const tabs = TABS.filter(({ id }) => (id === "report" ? details.data?.task?.hasReport === true : id === "logs" || id === "task" ? action.kind === "task" : true));
  const tab = tabs.some(({ id }) => id === search.tab) ? (search.tab ?? "summary") : "summary";
  const body = (data: ActionDetails): JSX.Element => {
    switch (tab) {
      case "logs":
        return <Logs runKey={runKey} details={data} search={search} onSearch={onSearch} />;
      case "report":
        return <Report runKey={runKey} action={action} />;
      case "task":
        return <TaskFacts details={data} scope={runKey} />;
      case "raw":
        return (
          <>
            <Copy text={data.raw} label="Copy JSON" />
            <pre className="well" tabIndex={0} style={{ maxHeight: "66vh" }}>{data.raw}</pre>
          </>
        );
      default:
        return <Summary runKey={runKey} action={action} details={data} />;
    }
  };
  return (
    <section className="card stack panel" aria-label={`action ${action.title}`}>
      <Header runKey={runKey} action={action} />
      <Tabs tabs={tabs} chosen={tab} onChoose={(id) => onSearch({ tab: id === "summary" ? undefined : id, line: undefined })} label="about this action" />
      <div role="tabpanel" aria-labelledby={`tab-${tab}`} className="stack">
        {details.data !== undefined ? body(details.data) : details.isError ? <Failed problem={problemOf(details.error)} onRetry={() => void details.refetch()} /> : <Loading what="the action" />}
      </div>
    </section>
  );
}

function Header({ runKey, action }: { readonly runKey: RunKey; readonly action: ActionRow }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const python = `flyte.remote.Action.get(run_name=${JSON.stringify(runKey.run)}, name=${JSON.stringify(action.name)})`;
  return (
    <div className="stack" style={{ gap: 4 }}>
      <div className="line wrap">
        <h2 className="cut" title={action.title}>
          {action.title}
        </h2>
        <PhaseBadge phase={action.phase} boxed />
        <Took action={action} />
        <Waited action={action} />
        <span className="grow" />
        {action.parent !== "" && !isOver(action.phase) && (
          <button type="button" className="danger" onClick={() => setAsking(true)}>
            Abort action
          </button>
        )}
      </div>
      <div className="line wrap">
        <span className="mono soft">{action.name}</span>
        <Copy text={actionCommand(runKey, action)} label="Copy as CLI" />
        <Copy text={python} label="Copy as Python" />
        <Copy text={window.location.href} label="Copy link" />
      </div>
      {asking && (
        <Ask title={`Abort ${action.title}?`} confirm="Abort the action" danger onConfirm={() => abortAction(runKey, action.name, "aborted in the console")} onClose={() => setAsking(false)}>
          <p>It and everything below it is stopped. The task that waits for it sees the abort as an error.</p>
        </Ask>
      )}
    </div>
  );
}
