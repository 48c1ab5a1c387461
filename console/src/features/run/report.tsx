/** The report of an action. It is a page that a task wrote: it runs in a frame without an origin, and can read
 * nothing of the console or of the server. */
import { type JSX, useRef } from "react";

import { useReport } from "../../api/run";
import { problemOf } from "../../api/transport";
import type { ActionRow, RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { Empty, Failed, Loading } from "../../ui/states";

export function Report({ runKey, action }: { readonly runKey: RunKey; readonly action: ActionRow }): JSX.Element {
  const report = useReport(runKey, action);
  const frame = useRef<HTMLIFrameElement>(null);
  if (report.isError) return <Failed problem={problemOf(report.error)} onRetry={() => void report.refetch()} />;
  if (report.isPending) return <Loading what="the report" />;
  if (report.data === null) {
    return (
      <Empty title={isOver(action.phase) ? "It wrote no report" : "No report yet"}>
        <button type="button" onClick={() => void report.refetch()}>
          Look again
        </button>
      </Empty>
    );
  }
  return (
    <>
      <div className="line">
        <button type="button" onClick={() => void frame.current?.requestFullscreen()}>
          Full screen
        </button>
        <button type="button" onClick={() => void report.refetch()}>
          Load again
        </button>
      </div>
      <iframe ref={frame} key={report.dataUpdatedAt} className="report" title={`report of ${action.title}`} src={report.data} sandbox="allow-scripts" referrerPolicy="no-referrer" />
    </>
  );
}
