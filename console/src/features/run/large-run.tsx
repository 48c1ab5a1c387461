/** A run of very many actions. Whatever its size, the page holds what is on the screen and the sums. */
import type { JSX } from "react";

import { useLetGo } from "../../api/run";
import { isMoving, ROOT, useActionNow, useCause, useCounts, useKnown, useOpenQuestions, useReadAtEnd } from "../../api/run-view";
import { problemOf } from "../../api/transport";
import type { ActionRow } from "../../lib/model";
import { isOver, type PhaseCounts } from "../../lib/phase";
import { Failed, Loading } from "../../ui/states";
import { ActionPanel } from "./action-panel";
import { FailureFirst } from "./failure-first";
import { LargeViews } from "./large-views";
import { Questions } from "./questions";
import { RunHeader } from "./run-header";
import type { RunView } from "./run-page";

export function LargeRun({ runKey, search, onSearch }: RunView): JSX.Element {
  useLetGo(runKey);
  const known = useKnown(runKey);
  const rootNow = useActionNow(runKey, ROOT);
  const root = rootNow.data;
  const asked = useActionNow(runKey, search.i ?? ROOT);
  // An address may name what is not there: then it is the root's page.
  const selected = asked.data ?? (asked.isError ? root : undefined);
  const countsNow = useCounts(runKey, root === undefined || !isOver(root.phase));
  const counts = countsNow.data;
  const live = root === undefined || !isOver(root.phase) || isMoving(counts);
  useReadAtEnd(runKey, root === undefined || counts === undefined ? undefined : live);
  const below = counts?.all.counts ?? {};
  const cause = useCause(runKey, root, below, live).data;
  const questions = useOpenQuestions(runKey, below, live);
  const select = (action: ActionRow): void => {
    known(action);
    onSearch({ i: action.name, attempt: undefined, line: undefined });
  };
  if (root === undefined || counts === undefined) {
    const failed = [rootNow, countsNow].find((one) => one.isError && one.data === undefined);
    return (
      <div className="page">
        <h1 className="mono">{runKey.run}</h1>
        {failed !== undefined ? <Failed problem={problemOf(failed.error)} onRetry={() => void failed.refetch()} /> : <Loading what="the run" rows={8} />}
      </div>
    );
  }
  return (
    <div className="page wide">
      <RunHeader runKey={runKey} root={root} counts={withRoot(below, root)} total={counts.all.total + 1} onData={() => onSearch({ i: undefined, tab: undefined, attempt: undefined, line: undefined })} />
      <Questions runKey={runKey} actions={questions} />
      {cause !== undefined && cause !== null && <FailureFirst runKey={runKey} root={root} cause={cause} onSelect={select} onLogs={() => onSearch({ i: cause.name, tab: "logs", attempt: undefined, line: undefined })} />}
      <div className="split">
        <LargeViews runKey={runKey} root={root} counts={counts} live={live} selected={selected?.name ?? search.i ?? ROOT} search={search} onSearch={onSearch} onSelect={select} />
        {selected === undefined ? (
          <section className="card stack panel" aria-label="action">
            <Loading what="the action" />
          </section>
        ) : (
          <ActionPanel key={selected.name} runKey={runKey} action={selected} search={search} onSearch={onSearch} />
        )}
      </div>
    </div>
  );
}

/** The server counts all but the root. */
function withRoot(counts: PhaseCounts, root: ActionRow): PhaseCounts {
  return { ...counts, [root.phase]: (counts[root.phase] ?? 0) + 1 };
}
