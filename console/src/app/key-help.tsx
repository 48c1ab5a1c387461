/** What the keys do. */
import type { JSX } from "react";

import { Dialog } from "../ui/dialog";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search or filter this page"],
  ["j k", "next and previous row of the lists on a page, or action of a run"],
  ["Enter", "open the row"],
  ["x", "choose the row, in the list of runs"],
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
  return (
    <Dialog heading="key-help" onClose={onClose}>
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
    </Dialog>
  );
}
