/** One field of a launch form, as its type wants it. */
import type { JSX } from "react";

import type { Field } from "../../lib/form";
import type { Scope } from "../../lib/model";
import { LinkInput } from "./link-input";

interface Props {
  readonly field: Field;
  readonly text: string;
  readonly problem: string | undefined;
  readonly onText: (text: string) => void;
  /** Where files go that are sent for it. */
  readonly scope: Scope;
  /** Something is on its way. */
  readonly onBusy: (busy: boolean) => void;
}

export function FormField({ field, text, problem, onText, scope, onBusy }: Props): JSX.Element {
  const id = `input-${field.name}`;
  return (
    <div className="field">
      <label htmlFor={id}>
        <span className="mono">{field.name}</span> <span className="soft small">{field.required ? field.words : `${field.words}, may be left out`}</span>
      </label>
      <Control field={field} id={id} text={text} wrong={problem !== undefined} onText={onText} scope={scope} onBusy={onBusy} />
      {field.description !== "" && <p className="soft small">{field.description}</p>}
      {problem !== undefined && (
        <p className="error-text" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

type ControlProps = Omit<Props, "problem"> & { readonly id: string; readonly wrong: boolean };

function Control({ field, id, text, wrong, onText, scope, onBusy }: ControlProps): JSX.Element {
  const shared = { id, value: text, "aria-invalid": wrong, "aria-required": field.required, ...(wrong && { "aria-describedby": `${id}-problem` }) } as const;
  const { type } = field;
  switch (type.kind) {
    case "bool":
      return <Choice shared={shared} options={["true", "false"]} onText={onText} />;
    case "choice":
      return <Choice shared={shared} options={type.options} onText={onText} />;
    case "json":
      return <textarea {...shared} spellCheck={false} onChange={(event) => onText(event.target.value)} />;
    case "text":
      return text.includes("\n") ? <textarea {...shared} onChange={(event) => onText(event.target.value)} /> : <input type="text" {...shared} placeholder={type.hint} onChange={(event) => onText(event.target.value)} />;
    case "whole":
    case "number":
      return <input type="text" inputMode="decimal" {...shared} onChange={(event) => onText(event.target.value)} />;
    case "link":
      return <LinkInput scope={scope} what={type.what} name={field.name} field={{ ...shared, placeholder: type.hint }} onText={onText} onBusy={onBusy} />;
    default:
      return type satisfies never;
  }
}

function Choice({ shared, options, onText }: { readonly shared: { readonly id: string; readonly value: string; readonly "aria-invalid": boolean }; readonly options: readonly string[]; readonly onText: (text: string) => void }): JSX.Element {
  return (
    <select {...shared} onChange={(event) => onText(event.target.value)}>
      <option value="">–</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}
