/** Conditions that wait for a person, with a form for the answer. */
import { type FormEvent, type JSX, useState } from "react";

import { answerCondition, useActionDetails } from "../../api/run";
import { problemOf } from "../../api/transport";
import { visible } from "../../lib/ansi";
import { parseAnswer } from "../../lib/answer";
import { signalCommand } from "../../lib/command";
import type { ActionRow, ConditionView, RunKey } from "../../lib/model";
import { Copy } from "../../ui/controls";
import { Markdown } from "../../ui/markdown";
import { PhaseBadge } from "../../ui/phase";
import { Loading } from "../../ui/states";

export function Questions({ runKey, actions }: { readonly runKey: RunKey; readonly actions: readonly ActionRow[] }): JSX.Element | null {
  const waiting = actions.filter((action) => action.kind === "condition" && action.phase === "paused");
  if (waiting.length === 0) return null;
  return (
    <div className="columns">
      {waiting.map((action) => (
        <Question key={action.name} runKey={runKey} action={action} />
      ))}
    </div>
  );
}

export function Question({ runKey, action }: { readonly runKey: RunKey; readonly action: ActionRow }): JSX.Element {
  const condition = useActionDetails(runKey, action).data?.condition;
  return (
    <section className="card ask stack" aria-label={`question ${action.title}`}>
      <div className="line wrap">
        <PhaseBadge phase={action.phase} />
        <h2>{action.title}</h2>
      </div>
      {condition === undefined ? <Loading what="the question" rows={2} /> : <Form runKey={runKey} action={action} condition={condition} />}
    </section>
  );
}

const WANTED: Readonly<Record<ConditionView["answer"], string>> = { bool: "yes or no", int: "whole number", float: "number", string: "text" };
/** Stands in a command where nothing was typed. */
const SAMPLE: Readonly<Record<ConditionView["answer"], string>> = { bool: "true", int: "0", float: "0.5", string: "text" };

function Prompt({ condition }: { readonly condition: ConditionView }): JSX.Element {
  if (condition.prompt === "") return <p>The run waits for a value.</p>;
  return condition.markdown ? <Markdown text={condition.prompt} /> : <p style={{ whiteSpace: "pre-wrap" }}>{visible(condition.prompt)}</p>;
}

function Form({ runKey, action, condition }: { readonly runKey: RunKey; readonly action: ActionRow; readonly condition: ConditionView }): JSX.Element {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (given: string): Promise<void> => {
    const parsed = parseAnswer(condition.answer, given);
    if (!parsed.ok) {
      setProblem(parsed.message);
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      await answerCondition(runKey, action, parsed.answer);
    } catch (error) {
      setProblem(problemOf(error).message);
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void send(text);
  };
  const id = `answer-${action.name}`;
  return (
    <form className="stack" onSubmit={submit}>
      <Prompt condition={condition} />
      {condition.description !== "" && <p className="soft">{condition.description}</p>}
      {condition.answer === "bool" ? (
        <div className="line">
          <button type="button" className="main" disabled={busy} onClick={() => void send("true")}>
            Yes
          </button>
          <button type="button" disabled={busy} onClick={() => void send("false")}>
            No
          </button>
        </div>
      ) : (
        <div className="line wrap">
          <label className="visually-hidden" htmlFor={id}>
            answer to {action.title}
          </label>
          <input id={id} type="text" className="grow" inputMode={condition.answer === "string" ? "text" : "decimal"} placeholder={WANTED[condition.answer]} value={text} aria-invalid={problem !== ""} {...(problem !== "" && { "aria-describedby": `${id}-problem` })} onChange={(event) => setText(event.target.value)} />
          <button type="submit" className="main" disabled={busy}>
            Answer
          </button>
        </div>
      )}
      <span>
        <Copy text={() => signalCommand(runKey, action.name, text === "" ? SAMPLE[condition.answer] : text)} label="Copy as CLI" />
      </span>
      {problem !== "" && (
        <p className="error-text" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </form>
  );
}
