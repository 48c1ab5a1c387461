/** Logs of one attempt: followed while it runs, searched, with an address for every line. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type JSX, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { useLogs } from "../../api/logs";
import { pieces, plain } from "../../lib/ansi";
import { logsCommand } from "../../lib/command";
import type { ActionDetails, LogLine, RunKey } from "../../lib/model";
import { phaseWord } from "../../lib/phase";
import type { ActionSearch } from "../../lib/search";
import { letGo } from "../../lib/tail";
import { exact } from "../../lib/time";
import { Copy } from "../../ui/controls";
import { Failed } from "../../ui/states";
import type { SearchChange } from "./run-page";

interface Props {
  readonly runKey: RunKey;
  readonly details: ActionDetails;
  readonly search: ActionSearch;
  readonly onSearch: (search: SearchChange) => void;
}

const LINE_HEIGHT = 20;

export function Logs({ runKey, details, search, onSearch }: Props): JSX.Element {
  const { attempts, row } = details;
  const wanted = Number(search.attempt ?? "");
  const attempt = attempts.find((one) => one.attempt === wanted)?.attempt ?? attempts.at(-1)?.attempt ?? 0;
  const tail = useLogs(runKey, row.name, attempt, attempt > 0);
  const [find, setFind] = useState("");
  const lines = useMemo(() => found(tail.lines, find), [tail.lines, find]);
  return (
    <>
      <div className="line wrap">
        {attempts.length > 1 && (
          <select aria-label="attempt" value={attempt} onChange={(event) => onSearch({ attempt: event.target.value, line: undefined })}>
            {attempts.map((one) => (
              <option key={one.attempt} value={one.attempt}>
                attempt {one.attempt}: {phaseWord(one.phase)}
              </option>
            ))}
          </select>
        )}
        <input type="search" className="grow" placeholder="lines that contain …" aria-label="search the log" value={find} onChange={(event) => setFind(event.target.value)} />
        <span className="soft small number" role="status">
          {find === "" ? `${tail.lines.length.toLocaleString()} lines` : `${lines.length.toLocaleString()} of ${tail.lines.length.toLocaleString()} lines`}
        </span>
        <Copy text={() => lines.map((line) => plain(line.text)).join("\n")} label="Copy" />
        {attempt > 0 && <Copy text={logsCommand(runKey, row.name, attempt)} label="Copy as CLI" />}
      </div>
      {tail.dropped > 0 && <p className="soft small">The first {tail.dropped.toLocaleString()} lines are not kept here; `wingbeat logs` prints all of them.</p>}
      {tail.problem !== undefined ? <Failed problem={tail.problem} onRetry={tail.onRetry} /> : <Lines lines={lines} find={find} ended={tail.ended} chosen={Number(search.line ?? 0)} onChoose={(line) => onSearch({ line: String(line), attempt: String(attempt) })} />}
    </>
  );
}

function found(lines: readonly LogLine[], find: string): readonly LogLine[] {
  if (find === "") return lines;
  const wanted = find.toLowerCase();
  return lines.filter((line) => plain(line.text).toLowerCase().includes(wanted));
}

function Lines({ lines, find, ended, chosen, onChoose }: { readonly lines: readonly LogLine[]; readonly find: string; readonly ended: boolean; readonly chosen: number; readonly onChoose: (line: number) => void }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  // Following stops when somebody scrolls up, and begins again at the end.
  const [following, setFollowing] = useState(chosen === 0);
  const list = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => LINE_HEIGHT, overscan: 30 });
  const target = chosen === 0 ? -1 : lines.findIndex((line) => line.number === chosen);
  const shown = useRef(0);
  useEffect(() => {
    if (target >= 0 && shown.current !== chosen) {
      shown.current = chosen;
      list.scrollToIndex(target, { align: "center" });
    } else if (following && lines.length > 0) list.scrollToIndex(lines.length - 1, { align: "end" });
  }, [lines.length, following, target, chosen, list]);
  useStandingStill(scroller, lines, !following);
  const onScroll = (): void => {
    const box = scroller.current;
    if (box !== null) setFollowing(box.scrollTop + box.clientHeight >= box.scrollHeight - LINE_HEIGHT * 1.5);
  };
  return (
    <>
      <div ref={scroller} className="log" tabIndex={0} role="log" aria-label="log lines" onScroll={onScroll}>
        <div className="spacer" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return line === undefined ? null : <Line key={line.number} line={line} find={find} top={item.start} here={line.number === chosen} onChoose={() => onChoose(line.number)} />;
          })}
        </div>
      </div>
      <div className="line small soft">
        <span>{ended ? (lines.length === 0 ? (find === "" ? "It wrote nothing." : "No line contains this.") : "The log is complete.") : "Following: new lines appear as they are written."}</span>
        <span className="grow" />
        {!following && (
          <button type="button" className="chip" onClick={() => setFollowing(true)}>
            To the end
          </button>
        )}
      </div>
    </>
  );
}

/** Whoever reads an old line goes on reading it when older ones are let go. */
function useStandingStill(scroller: RefObject<HTMLDivElement | null>, lines: readonly LogLine[], reading: boolean): void {
  const before = useRef(lines);
  useLayoutEffect(() => {
    const gone = letGo(before.current, lines);
    before.current = lines;
    if (reading && gone > 0 && scroller.current !== null) scroller.current.scrollTop -= gone * LINE_HEIGHT;
  }, [scroller, lines, reading]);
}

function Line({ line, find, top, here, onChoose }: { readonly line: LogLine; readonly find: string; readonly top: number; readonly here: boolean; readonly onChoose: () => void }): JSX.Element {
  const title = line.at === undefined ? `line ${String(line.number)}` : `line ${String(line.number)}, ${exact(line.at)}`;
  return (
    <div className={`entry ${here ? "here" : ""} ${line.system ? "system" : ""}`} style={{ transform: `translateY(${String(top)}px)` }}>
      <button type="button" className="at number" title={title} aria-label={`address of ${title}`} tabIndex={-1} onClick={onChoose}>
        {line.number}
      </button>
      <span>
        {pieces(line.text).map((piece, index) => (
          <span key={index} className={`${piece.colour === undefined ? "" : `c${String(piece.colour % 8)}`} ${piece.bold ? "bold" : ""} ${piece.dim ? "dim" : ""}`}>
            <Marked text={piece.text} find={find} />
          </span>
        ))}
      </span>
    </div>
  );
}

function Marked({ text, find }: { readonly text: string; readonly find: string }): JSX.Element {
  const at = find === "" ? -1 : text.toLowerCase().indexOf(find.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + find.length)}</mark>
      {text.slice(at + find.length)}
    </>
  );
}
