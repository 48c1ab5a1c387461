/** Two runs of which at least one is large: by sums of the server, so that a million actions take no longer than ten. */
import { type JSX, useMemo } from "react";

import { isMoving, MOST_SUMS, ROOT, useActionNow, useCause, useCounts } from "../../api/run-view";
import { problemOf } from "../../api/transport";
import { SAMPLE, SAMPLED_TASKS, useUsual } from "../../api/usual";
import { sampled, sumChanges } from "../../lib/compare";
import type { RunKey } from "../../lib/model";
import { isOver } from "../../lib/phase";
import { Failed, Loading } from "../../ui/states";
import { Causes, Head, Heads, Values } from "./compare-parts";
import { TaskTable } from "./task-table";

export function CompareLarge({ left, right }: { readonly left: RunKey; readonly right: RunKey }): JSX.Element {
  const [before, after] = [useSums(left), useSums(right)];
  const tasks = useMemo(() => (before.counts && after.counts ? sampled(before.counts, after.counts, SAMPLED_TASKS) : []), [before.counts, after.counts]);
  const usual = { left: useUsual(left, tasks, before.live), right: useUsual(right, tasks, after.live) };
  const changes = before.counts && after.counts && sumChanges(before.counts, after.counts, usual);
  for (const one of [before, after]) if (one.error !== null) return <Failed problem={problemOf(one.error)} onRetry={one.onRetry} />;
  const [first, second] = [before.root, after.root];
  if (first === undefined || second === undefined || changes === undefined) return <Loading what="the runs" rows={8} />;
  return (
    <>
      <Heads left={<Head runKey={left} root={first} />} right={<Head runKey={right} root={second} />} swap={{ left, right }} />
      <Values left={{ key: left, root: first }} right={{ key: right, root: second }} />
      <Causes left={{ key: left, cause: before.cause }} right={{ key: right, cause: after.cause }} />
      <TaskTable changes={changes} />
      <p className="soft small">
        Runs of this size are compared by sums. A usual duration is that of the first {SAMPLE.toLocaleString()} actions of a task that succeeded, for the {SAMPLED_TASKS} largest tasks; others have none.
        {changes.cut && ` Only tasks that are among the ${MOST_SUMS.toLocaleString()} largest of both runs are compared.`}
      </p>
    </>
  );
}

function useSums(key: RunKey) {
  const { data: root, error, refetch } = useActionNow(key, ROOT);
  const counts = useCounts(key, root === undefined || !isOver(root.phase), MOST_SUMS);
  const live = root === undefined || !isOver(root.phase) || isMoving(counts.data);
  const cause = useCause(key, root, counts.data?.all.counts ?? {}, live).data ?? undefined;
  const onRetry = (): void => void (root === undefined ? refetch() : counts.refetch());
  return { root, counts: counts.data, cause, live, onRetry, error: root === undefined ? error : counts.data === undefined ? counts.error : null };
}
