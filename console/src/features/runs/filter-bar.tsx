/** Filters of the list of runs. They live in the address, so that a filtered list can be sent to somebody. */
import { type JSX, useEffect, useRef, useState } from "react";

import type { Phase } from "../../lib/phase";
import { isFiltered, NO_FILTER, type RunFilter } from "../../lib/run-filter";
import { WINDOW_NAMES } from "../../lib/time";
import { PhaseBadge } from "../../ui/phase";

/** What people look for; some phases go together. */
const CHOICES: readonly (readonly Phase[])[] = [["failed", "timed_out"], ["running", "initializing"], ["queued", "waiting"], ["succeeded", "recovered"], ["aborted"]];

interface Props {
  readonly filter: RunFilter;
  readonly onFilter: (filter: RunFilter) => void;
}

export function FilterBar({ filter, onFilter }: Props): JSX.Element {
  const toggle = (phases: readonly Phase[]): void => {
    const rest = filter.phases.filter((phase) => !phases.includes(phase));
    onFilter({ ...filter, phases: rest.length < filter.phases.length ? rest : [...rest, ...phases] });
  };
  return (
    <div className="line wrap" role="search" aria-label="filter runs">
      <Text label="task" value={filter.task} search onCommit={(task) => onFilter({ ...filter, task })} />
      <span className="line wrap" role="group" aria-label="phase">
        {CHOICES.map((phases) => {
          const [first] = phases;
          if (first === undefined) return null;
          return (
            <button key={first} type="button" className="toggle chip" aria-pressed={phases.every((phase) => filter.phases.includes(phase))} onClick={() => toggle(phases)}>
              <PhaseBadge phase={first} />
            </button>
          );
        })}
      </span>
      <Text label="user" value={filter.user} onCommit={(user) => onFilter({ ...filter, user })} />
      <Text label="label=value" value={filter.label} onCommit={(label) => onFilter({ ...filter, label })} />
      <select aria-label="started" value={filter.since} onChange={(event) => onFilter({ ...filter, since: event.target.value })}>
        <option value="">any time</option>
        {WINDOW_NAMES.map((name) => (
          <option key={name} value={name}>
            last {name}
          </option>
        ))}
      </select>
      {isFiltered(filter) && (
        <button type="button" className="quiet" onClick={() => onFilter(NO_FILTER)}>
          Clear
        </button>
      )}
    </div>
  );
}

const SETTLE = 300;

/** A field that tells its text when the typing pauses. */
function Text({ label, value, search = false, onCommit }: { readonly label: string; readonly value: string; readonly search?: boolean; readonly onCommit: (text: string) => void }): JSX.Element {
  const [typed, setTyped] = useState<string>();
  const commit = useRef(onCommit);
  useEffect(() => {
    commit.current = onCommit;
  });
  useEffect(() => {
    if (typed === undefined) return undefined;
    const timer = setTimeout(() => {
      commit.current(typed);
      setTyped(undefined);
    }, SETTLE);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <input
      type={search ? "search" : "text"}
      placeholder={label}
      aria-label={label}
      size={search ? 20 : 12}
      value={typed ?? value}
      {...(search && { "data-search": true })}
      onChange={(event) => setTyped(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
