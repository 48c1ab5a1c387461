/** What a task takes and gives, and what its author says about it. */
import type { JSX } from "react";

import type { InterfaceVariable, NamedValue, TaskView } from "../lib/model";
import { Value } from "./value";

export function Interface({ task }: { readonly task: TaskView }): JSX.Element {
  return (
    <>
      {task.summary !== "" && <p>{task.summary}</p>}
      {task.text !== "" && task.text !== task.summary && <p style={{ whiteSpace: "pre-wrap" }}>{task.text}</p>}
      {task.source !== "" && (
        <p>
          Source: {/^https?:/.test(task.source) ? <a href={task.source} rel="noreferrer">{task.source}</a> : <code>{task.source}</code>}
        </p>
      )}
      <h3>Inputs</h3>
      <Variables variables={task.inputs} defaults={task.defaults} none="It takes nothing." />
      <h3>Outputs</h3>
      <Variables variables={task.outputs} defaults={[]} none="It gives nothing." />
    </>
  );
}

function Variables({ variables, defaults, none }: { readonly variables: readonly InterfaceVariable[]; readonly defaults: readonly NamedValue[]; readonly none: string }): JSX.Element {
  if (variables.length === 0) return <p className="soft">{none}</p>;
  return (
    <dl className="facts">
      {variables.map(({ name, type, description }) => {
        const given = defaults.find((one) => one.name === name);
        return (
          <div key={name} style={{ display: "contents" }}>
            <dt className="mono">{name}</dt>
            <dd>
              <code>{type}</code>
              {given !== undefined && (
                <span className="soft">
                  {" "}
                  = <Value value={given.value} />
                </span>
              )}
              {description !== "" && <p className="soft">{description}</p>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
