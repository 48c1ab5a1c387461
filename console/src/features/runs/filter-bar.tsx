/** Filters of the list of runs. They live in the address, so that a filtered list can be sent to somebody. */
import type { JSX } from "react";

import type { Phase } from "../../lib/phase";
import { isFiltered, NO_FILTER, type RunFilter } from "../../lib/run-filter";
import { WINDOW_NAMES } from "../../lib/time";
import { Find } from "../../ui/find";
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
      <Find label="task" size={20} text={filter.task} onText={(task) => onFilter({ ...filter, task })} />
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
      <Find label="user" size={12} search={false} text={filter.user} onText={(user) => onFilter({ ...filter, user })} />
      <Find label="label=value" size={12} search={false} text={filter.label} onText={(label) => onFilter({ ...filter, label })} />
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
