/** What a search found in a large run. The server looks through the run as far as somebody scrolls. */
import { type JSX, useCallback, useEffect, useMemo, useState } from "react";

import { type Search, useFound } from "../../api/run-view";
import { problemOf } from "../../api/transport";
import { Empty, Failed, Loading } from "../../ui/states";
import type { LargeView } from "./large-views";
import { WindowList, type WindowedRow } from "./window-list";

/** More is asked for when the end is so near. */
const NEAR = 30;

type Props = Pick<LargeView, "runKey" | "live" | "selected" | "onSelect"> & { readonly what: Search; readonly label?: string };

export function LargeFound({ runKey, live, selected, onSelect, what, label = "actions that fit" }: Props): JSX.Element {
  const found = useFound(runKey, what, live);
  const { hasNextPage, isFetching, fetchNextPage, isFetchNextPageError } = found;
  const rows = useMemo(() => (found.data?.pages ?? []).flatMap((page) => page.rows), [found.data]);
  const [end, setEnd] = useState(0);
  const onShown = useCallback((_first: number, next: number) => setEnd(next), []);
  const wantsMore = hasNextPage && end + NEAR >= rows.length;
  useEffect(() => {
    if (wantsMore && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [wantsMore, isFetching, isFetchNextPageError, fetchNextPage]);
  if (found.data === undefined) return found.isError ? <Failed problem={problemOf(found.error)} onRetry={() => void found.refetch()} /> : <Loading what="actions" rows={6} />;
  const rowAt = (index: number): WindowedRow | undefined => {
    const action = rows[index];
    return action === undefined ? undefined : { kind: "action", id: action.name, depth: 0, action, foldable: false, open: false, dimmed: false };
  };
  return (
    <>
      {rows.length > 0 && <WindowList label={label} count={rows.length} rowAt={rowAt} selected={selected} onSelect={onSelect} onFold={() => undefined} onShown={onShown} />}
      {rows.length === 0 && !hasNextPage && <Empty title="No action fits" />}
      {(rows.length > 0 || hasNextPage) && (
        <div className="line wrap small soft" style={{ padding: "6px 10px" }}>
          <span role="status">
            <span className="number">{rows.length.toLocaleString()}</span> found{hasNextPage ? " so far" : ""}
          </span>
          {hasNextPage && (
            <button type="button" className="chip" disabled={found.isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {found.isFetchingNextPage ? "Looking for more" : "Load more"}
            </button>
          )}
        </div>
      )}
    </>
  );
}
