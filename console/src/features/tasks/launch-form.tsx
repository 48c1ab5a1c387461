/** The form that starts a run of a deployed task. The server checks the values; its message stands at the field. */
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type JSX, useState } from "react";

import { type RunInfo, useRunInfo } from "../../api/run";
import { useTaskRuns } from "../../api/runs";
import { launch, useForm, useTask } from "../../api/tasks";
import { problemOf } from "../../api/transport";
import { type Field, fieldOfMessage, fieldsOf, givenOf } from "../../lib/form";
import { type LaunchOptions, leftOut, NO_SETTINGS, optionsOf, settingsLike } from "../../lib/launch";
import type { RunKey, TaskRef } from "../../lib/model";
import { phaseWord } from "../../lib/phase";
import { ago } from "../../lib/time";
import { Failed, Loading } from "../../ui/states";
import { useNow } from "../../ui/when";
import { FormField } from "./form-field";
import { LaunchSettings } from "./launch-settings";

interface Props {
  readonly taskRef: TaskRef;
  /** The run whose inputs the form begins with. */
  readonly like: string | undefined;
  readonly onLike: (run: string | undefined) => void;
}

export function LaunchForm({ taskRef, like, onLike }: Props): JSX.Element {
  const run = like === undefined ? undefined : { project: taskRef.project, domain: taskRef.domain, run: like };
  const form = useForm(taskRef, run);
  const task = useTask(taskRef).data?.task;
  const body = (): JSX.Element => {
    if (form.isError) return <Failed problem={problemOf(form.error)} onRetry={() => void form.refetch()} />;
    if (form.data === undefined || task === undefined) return <Loading what="the form" />;
    const fields = fieldsOf(form.data, task.inputs.map((input) => input.name));
    return run === undefined ? <Filled taskRef={taskRef} fields={fields} info={undefined} /> : <FilledLike taskRef={taskRef} fields={fields} run={run} />;
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
            {run.createdAt === undefined ? "" : `, ${ago(run.createdAt, now)}`}
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

interface FilledProps {
  readonly taskRef: TaskRef;
  readonly fields: readonly Field[];
  /** Settings that it begins with. */
  readonly info: RunInfo | undefined;
}

/** Settings come from the same run as the inputs. */
function FilledLike({ run, ...given }: Omit<FilledProps, "info"> & { readonly run: RunKey }): JSX.Element {
  const info = useRunInfo(run);
  if (info.isError) return <Failed problem={problemOf(info.error)} onRetry={() => void info.refetch()} />;
  return info.data === undefined ? <Loading what="the settings" /> : <Filled {...given} info={info.data} />;
}

function Filled({ taskRef, fields, info }: FilledProps): JSX.Element {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() => Object.fromEntries(fields.map((field) => [field.name, field.initial])));
  const [settings, setSettings] = useState(() => (info === undefined ? NO_SETTINGS : settingsLike(info)));
  const [wrong, setWrong] = useState<{ readonly setting: string; readonly message: string }>();
  const [trouble, setTrouble] = useState<Trouble>();
  const [busy, setBusy] = useState(false);
  const [sending, setSending] = useState<ReadonlySet<string>>(new Set());
  const missing = leftOut(info?.envs ?? []);
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
    const read = optionsOf(settings);
    setWrong(read.ok ? undefined : read);
    if (read.ok) void start(read.options);
  };
  return (
    <form className="card stack" aria-label="start a run" onSubmit={submit} noValidate>
      <h2>Inputs</h2>
      {fields.length === 0 && <p className="soft">This task takes no inputs.</p>}
      {fields.map((field) => (
        <FormField
          key={field.name}
          field={field}
          text={texts[field.name] ?? ""}
          problem={trouble?.field === field.name ? trouble.message : undefined}
          onText={(text) => setTexts((before) => ({ ...before, [field.name]: text }))}
          scope={taskRef}
          onBusy={(is) => setSending((before) => new Set([...before].filter((name) => name !== field.name).concat(is ? field.name : [])))}
        />
      ))}
      {missing.length > 0 && (
        <p className="card ask" role="status">
          Not taken over, since a value of several lines does not fit into this form: <code>{missing.join(", ")}</code>. Run again takes all of them.
        </p>
      )}
      <LaunchSettings settings={settings} trouble={wrong} onSettings={setSettings} />
      {trouble !== undefined && trouble.field === undefined && (
        <p className="error-text" role="alert">
          {trouble.message}
        </p>
      )}
      <div className="line">
        <button type="submit" className="main" disabled={busy || sending.size > 0}>
          {busy ? "Starting …" : sending.size > 0 ? "Sending files …" : "Start the run"}
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
