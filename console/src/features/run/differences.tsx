/** Places where two runs say something different, side by side. */
import { type JSX, useState } from "react";

import { problemOf } from "../../api/transport";
import { visible } from "../../lib/ansi";
import type { Differences as Found } from "../../lib/compare";
import { Failed, Loading } from "../../ui/states";

interface Props {
  readonly title: string;
  readonly runs: { readonly left: string; readonly right: string };
  /** `undefined`: not known yet. */
  readonly compared: Found | undefined;
  readonly problem: Error | null;
  readonly onRetry: () => void;
}

const MOST = 30;
const MORE = 1_000;
const LONG = 400;

export function Differences({ title, runs, compared, problem, onRetry }: Props): JSX.Element {
  const [most, setMost] = useState(MOST);
  const found = compared?.found;
  const shown = (found ?? []).slice(0, most);
  return (
    <section className="card stack" aria-label={title}>
      <h2>
        {title} {found !== undefined && found.length > 0 && <span className="soft number">{found.length.toLocaleString()} different</span>}
      </h2>
      {found === undefined && (problem === null ? <Loading what={title} rows={2} /> : <Failed problem={problemOf(problem)} onRetry={onRetry} />)}
      {found?.length === 0 && <p className="soft">{compared?.cut.length === 0 ? "The same in both." : "No difference was found."}</p>}
      {compared !== undefined && compared.cut.length > 0 && <p role="status">{cutInWords(compared.cut)}</p>}
      {shown.length > 0 && (
        <table className="table folding sides">
          <thead>
            <tr>
              <th>Where</th>
              <th className="mono">{runs.left}</th>
              <th className="mono">{runs.right}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.path}>
                <td className="mono soft">{visible(one.path)}</td>
                <Side run={runs.left} text={one.left} />
                <Side run={runs.right} text={one.right} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found !== undefined && shown.length < found.length && (
        <button type="button" className="quiet small" onClick={() => setMost(most + MORE)}>
          {found.length <= most + MORE ? `Show all ${found.length.toLocaleString()}` : `Show ${MORE.toLocaleString()} more of ${found.length.toLocaleString()}`}
        </button>
      )}
    </section>
  );
}

function cutInWords(names: readonly string[]): string {
  const some = names.slice(0, 5).map(visible).join(", ");
  return `Too large to be compared to the end: ${some}${names.length > 5 ? ` and ${(names.length - 5).toLocaleString()} more` : ""}. What comes later may differ.`;
}

function Side({ run, text }: { readonly run: string; readonly text: string | undefined }): JSX.Element {
  const [all, setAll] = useState(false);
  return (
    <td>
      <span className="only-small soft small mono">{run}: </span>
      {text === undefined ? <span className="soft">not there</span> : <code>{visible(all ? text : text.slice(0, LONG))}</code>}
      {text !== undefined && text.length > LONG && !all && (
        <button type="button" className="quiet small" onClick={() => setAll(true)}>
          … all {text.length.toLocaleString()} characters
        </button>
      )}
    </td>
  );
}
