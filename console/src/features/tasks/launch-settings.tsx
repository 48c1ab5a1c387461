/** Settings of the run that is about to start. */
import { type JSX, useEffect, useState } from "react";

import type { Settings } from "../../lib/launch";

interface Props {
  readonly settings: Settings;
  readonly trouble: { readonly setting: string; readonly message: string } | undefined;
  readonly onSettings: (settings: Settings) => void;
}

export function LaunchSettings({ settings, trouble, onSettings }: Props): JSX.Element {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    // A message that nobody sees helps nobody.
    if (trouble !== undefined) setOpen(true);
  }, [trouble]);
  const setting = (name: "labels" | "envs" | "concurrency") => {
    const wrong = trouble?.setting === name;
    return { id: `run-${name}`, value: settings[name], "aria-invalid": wrong, ...(wrong && { "aria-describedby": `run-${name}-problem` }) } as const;
  };
  const problem = (name: string): JSX.Element | null =>
    trouble?.setting !== name ? null : (
      <p className="error-text" role="alert" id={`run-${name}-problem`}>
        {trouble.message}
      </p>
    );
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Settings of the run</summary>
      <div className="stack" style={{ marginTop: 10 }}>
        <div className="field">
          <label htmlFor="run-name">Name</label>
          <input id="run-name" type="text" maxLength={30} placeholder="made by the server" value={settings.name} onChange={(event) => onSettings({ ...settings, name: event.target.value })} />
        </div>
        <div className="field">
          <label htmlFor="run-labels">Labels</label>
          <textarea {...setting("labels")} placeholder="key=value, one to a line" onChange={(event) => onSettings({ ...settings, labels: event.target.value })} />
          {problem("labels")}
        </div>
        <div className="field">
          <label htmlFor="run-envs">Environment variables</label>
          <textarea {...setting("envs")} spellCheck={false} placeholder="NAME=value, one to a line" onChange={(event) => onSettings({ ...settings, envs: event.target.value })} />
          {problem("envs")}
        </div>
        <div className="field">
          <label htmlFor="run-queue">Queue</label>
          <input id="run-queue" type="text" placeholder="what the task names, or default" value={settings.queue} onChange={(event) => onSettings({ ...settings, queue: event.target.value })} />
        </div>
        <div className="field">
          <label htmlFor="run-concurrency">Actions at once</label>
          <input type="text" inputMode="numeric" placeholder="no limit" {...setting("concurrency")} onChange={(event) => onSettings({ ...settings, concurrency: event.target.value })} />
          {problem("concurrency")}
        </div>
        <label className="line">
          <input type="checkbox" checked={settings.overwriteCache} onChange={(event) => onSettings({ ...settings, overwriteCache: event.target.checked })} /> Compute cached results anew
        </label>
      </div>
    </details>
  );
}
