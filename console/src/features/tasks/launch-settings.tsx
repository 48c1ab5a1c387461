/** Settings of the run that is about to start. */
import type { JSX } from "react";

import type { LaunchOptions } from "../../api/tasks";
import { parseLabels } from "../../lib/form";

export interface Settings {
  readonly name: string;
  readonly labels: string;
  readonly concurrency: string;
  readonly overwriteCache: boolean;
}

export const NO_SETTINGS: Settings = { name: "", labels: "", concurrency: "", overwriteCache: false };

export function optionsOf(settings: Settings): LaunchOptions {
  const concurrency = Number(settings.concurrency);
  return {
    name: settings.name.trim(),
    labels: parseLabels(settings.labels),
    concurrency: Number.isSafeInteger(concurrency) && concurrency > 0 ? concurrency : 0,
    overwriteCache: settings.overwriteCache,
  };
}

export function LaunchSettings({ settings, onSettings }: { readonly settings: Settings; readonly onSettings: (settings: Settings) => void }): JSX.Element {
  return (
    <details>
      <summary>Settings of the run</summary>
      <div className="stack" style={{ marginTop: 10 }}>
        <div className="field">
          <label htmlFor="run-name">Name</label>
          <input id="run-name" type="text" maxLength={30} placeholder="made by the server" value={settings.name} onChange={(event) => onSettings({ ...settings, name: event.target.value })} />
        </div>
        <div className="field">
          <label htmlFor="run-labels">Labels</label>
          <textarea id="run-labels" placeholder="key=value, one to a line" value={settings.labels} onChange={(event) => onSettings({ ...settings, labels: event.target.value })} />
        </div>
        <div className="field">
          <label htmlFor="run-concurrency">Actions at once</label>
          <input id="run-concurrency" type="text" inputMode="numeric" placeholder="no limit" value={settings.concurrency} onChange={(event) => onSettings({ ...settings, concurrency: event.target.value })} />
        </div>
        <label className="line">
          <input type="checkbox" checked={settings.overwriteCache} onChange={(event) => onSettings({ ...settings, overwriteCache: event.target.checked })} /> Compute cached results anew
        </label>
      </div>
    </details>
  );
}
