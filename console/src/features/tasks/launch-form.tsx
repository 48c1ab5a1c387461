/** The form that starts a run of a deployed task. The server checks the values; its message stands at the field. */
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type JSX, useState } from "react";

import { useTaskRuns } from "../../api/runs";
import { launch, type LaunchOptions, useForm, useTask } from "../../api/tasks";
import { problemOf } from "../../api/transport";
import { type Field, fieldOfMessage, fieldsOf, givenOf } from "../../lib/form";
import type { TaskRef } from "../../lib/model";
import { phaseWord } from "../../lib/phase";
import { ago } from "../../lib/time";
import { Failed, Loading } from "../../ui/states";
import { useNow } from "../../ui/when";
import { FormField } from "./form-field";
import { LaunchSettings, NO_SETTINGS, optionsOf } from "./launch-settings";

interface Props {
  readonly taskRef: TaskRef;
  /** The run whose inputs the form begins with. */
  readonly like: string | undefined;
  readonly onLike: (run: string | undefined) => void;
}

export function LaunchForm({ taskRef, like, onLike }: Props): JSX.Element {
  const form = useForm(taskRef, like === undefined ? undefined : { project: taskRef.project, domain: taskRef.domain, run: like });
  const task = useTask(taskRef).data?.task;
  const body = (): JSX.Element => {
    if (form.isError) return <Failed problem={problemOf(form.error)} onRetry={() => void form.refetch()} />;
    if (form.data === undefined || task === undefined) return <Loading what="the form" />;
    return <Filled taskRef={taskRef} fields={fieldsOf(form.data, task.inputs.map((input) => input.name))} />;
  };
  return (
    <>
      <InputsOf taskRef={taskRef} like={like} onLike={onLike} />
      {body()}
    </>
  );
}

/** Where the values of the form come from. */
function InputsOf({ taskRef, like, onLike }: Props): JSX.Element | null {
  const runs = useTaskRuns(taskRef, taskRef.name).data ?? [];
  const now = useNow();
  if (runs.length === 0 && like === undefined) return null;
  const known = like === undefined || runs.some((run) => run.run === like);
  return (
    <div className="line wrap">
      <label htmlFor="inputs-of">Begin with the inputs of</label>
      <select id="inputs-of" value={like ?? ""} onChange={(event) => onLike(event.target.value === "" ? undefined : event.target.value)}>
        <option value="">nothing: the defaults</option>
        {!known && <option value={like}>{like}</option>}
        {runs.map((run) => (
          <option key={run.run} value={run.run}>
            {run.run}: {phaseWord(run.phase).toLowerCase()}
            {run.startedAt === undefined ? "" : `, ${ago(run.startedAt, now)}`}
          </option>
        ))}
      </select>
    </div>
  );
}

interface Trouble {
  readonly field: string | undefined;
  readonly message: string;
}

function Filled({ taskRef, fields }: { readonly taskRef: TaskRef; readonly fields: readonly Field[] }): JSX.Element {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() => Object.fromEntries(fields.map((field) => [field.name, field.initial])));
  const [settings, setSettings] = useState(NO_SETTINGS);
  const [trouble, setTrouble] = useState<Trouble>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const start = async (options: LaunchOptions): Promise<void> => {
    const read = valuesOf(fields, texts);
    if (!read.ok) {
      setTrouble(read.trouble);
      return;
    }
    setBusy(true);
    setTrouble(undefined);
    try {
      const run = await launch(taskRef, read.values, options);
      await navigate({ to: "/domain/$domain/project/$project/runs/$run", params: { project: taskRef.project, domain: taskRef.domain, run } });
    } catch (error) {
      const { message } = problemOf(error);
      const field = fieldOfMessage(message, fields);
      setTrouble({ field, message });
      setBusy(false);
      if (field !== undefined) document.getElementById(`input-${field}`)?.focus();
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void start(optionsOf(settings));
  };
  return (
    <form className="card stack" aria-label="start a run" onSubmit={submit} noValidate>
      <h2>Inputs</h2>
      {fields.length === 0 && <p className="soft">This task takes no inputs.</p>}
      {fields.map((field) => (
        <FormField key={field.name} field={field} text={texts[field.name] ?? ""} problem={trouble?.field === field.name ? trouble.message : undefined} onText={(text) => setTexts((before) => ({ ...before, [field.name]: text }))} />
      ))}
      <LaunchSettings settings={settings} onSettings={setSettings} />
      {trouble !== undefined && trouble.field === undefined && (
        <p className="error-text" role="alert">
          {trouble.message}
        </p>
      )}
      <div className="line">
        <button type="submit" className="main" disabled={busy}>
          {busy ? "Starting …" : "Start the run"}
        </button>
      </div>
    </form>
  );
}

type Read = { readonly ok: true; readonly values: Readonly<Record<string, unknown>> } | { readonly ok: false; readonly trouble: Trouble };

function valuesOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): Read {
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const given = givenOf(field, texts[field.name] ?? "");
    if (!given.ok) return { ok: false, trouble: { field: field.name, message: given.message } };
    if ("value" in given) values[field.name] = given.value;
  }
  return { ok: true, values };
}
