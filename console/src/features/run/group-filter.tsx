/** Chooses a group of a run; the choice lives in the address. */
import type { JSX } from "react";

import { groupCommand } from "../../lib/command";
import type { RunKey } from "../../lib/model";
import { Copy } from "../../ui/controls";

interface Props {
  readonly runKey: RunKey;
  readonly groups: readonly { readonly name: string; readonly total: number }[];
  /** Empty: all. */
  readonly chosen: string;
  readonly onChosen: (group: string | undefined) => void;
}

export function GroupFilter({ runKey, groups, chosen, onChosen }: Props): JSX.Element | null {
  const named = groups.filter(({ name }) => name !== "");
  if (named.length === 0 && chosen === "") return null;
  return (
    <>
      <select aria-label="group" className="cut" style={{ maxWidth: 180 }} value={chosen} onChange={(event) => onChosen(event.target.value === "" ? undefined : event.target.value)}>
        <option value="">all groups</option>
        {chosen !== "" && !named.some(({ name }) => name === chosen) && <option value={chosen}>{chosen}</option>}
        {named.map(({ name, total }) => (
          <option key={name} value={name}>{`${name} (${total.toLocaleString()})`}</option>
        ))}
      </select>
      {chosen !== "" && <Copy text={groupCommand(runKey, chosen)} label="Copy as CLI" />}
    </>
  );
}
