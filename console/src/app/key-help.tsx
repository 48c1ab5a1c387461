/** What the keys do. */
import { type JSX, useEffect, useRef } from "react";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search or filter this page"],
  ["j k", "next and previous row"],
  ["Enter", "open the row"],
  ["← →", "fold and unfold, in the tree of a run"],
  ["← → ↑ ↓", "from node to node, in the graph of a run"],
  ["g h", "go to the first page"],
  ["g r", "go to runs"],
  ["g t", "go to tasks"],
  ["g q", "go to queues"],
  ["?", "this list"],
  ["Esc", "close"],
];

export function KeyHelp({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="key-help" onClose={onClose}>
      <div className="stack">
        <h2 id="key-help">Keys</h2>
        <dl className="facts">
          {KEYS.map(([keys, what]) => (
            <div key={keys} style={{ display: "contents" }}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <div className="line">
          <button type="button" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
