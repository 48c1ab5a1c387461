/** Settings of a run that is about to start, as they are typed and as they are sent. */

/** What people type. */
export interface Settings {
  readonly name: string;
  readonly labels: string;
  readonly envs: string;
  readonly queue: string;
  readonly concurrency: string;
  readonly overwriteCache: boolean;
}

export const NO_SETTINGS: Settings = { name: "", labels: "", envs: "", queue: "", concurrency: "", overwriteCache: false };

export type Pairs = Readonly<Record<string, string>>;

/** What the server is told. */
export interface LaunchOptions {
  readonly name: string;
  readonly labels: Pairs;
  readonly envs: Pairs;
  readonly queue: string;
  /** 0: no limit. */
  readonly concurrency: number;
  readonly overwriteCache: boolean;
}

export type Options = { readonly ok: true; readonly options: LaunchOptions } | { readonly ok: false; readonly setting: "labels" | "envs" | "concurrency"; readonly message: string };

export function optionsOf(settings: Settings): Options {
  const [labels, envs] = [pairsOf(settings.labels), pairsOf(settings.envs)];
  if (typeof labels === "string") return { ok: false, setting: "labels", message: `"${labels}" is no label: write key=value, one to a line.` };
  if (typeof envs === "string") return { ok: false, setting: "envs", message: `"${envs}" is no variable: write NAME=value, one to a line.` };
  const typed = settings.concurrency.trim();
  const concurrency = typed === "" ? 0 : Number(typed);
  if (typed !== "" && !(/^[0-9]+$/.test(typed) && concurrency >= 1 && concurrency < 2 ** 32)) return { ok: false, setting: "concurrency", message: "Write a whole number from 1 on, or nothing for no limit." };
  return { ok: true, options: { name: settings.name.trim(), labels, envs, queue: settings.queue.trim(), concurrency, overwriteCache: settings.overwriteCache } };
}

/** Lines of `key=value`; a text is the line that is none. Only the key is trimmed: a value may begin with a space. */
export function pairsOf(text: string): Pairs | string {
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const at = line.indexOf("=");
    const key = line.slice(0, Math.max(0, at)).trim();
    if (key === "") return line.trim();
    found[key] = line.slice(at + 1);
  }
  return found;
}

interface Variable {
  readonly key: string;
  readonly value: string;
}

function fitsLine({ value }: Variable): boolean {
  return !/[\r\n]/.test(value);
}

/** Variables whose values of several lines cannot be written in the form; whoever needs them starts the run from Python. */
export function leftOut(envs: readonly Variable[]): readonly string[] {
  return envs.filter((one) => !fitsLine(one)).map(({ key }) => key);
}

/** Settings that say again what a run was started with. Its name is its own, and its results may be in the cache now. */
export function settingsLike(run: { readonly labels: Pairs; readonly envs: readonly Variable[]; readonly queue: string; readonly concurrency: number }): Settings {
  const lines = (pairs: readonly (readonly [string, string])[]): string => pairs.map(([key, value]) => `${key}=${value}`).join("\n");
  const plain = run.envs.filter(fitsLine);
  return { ...NO_SETTINGS, labels: lines(Object.entries(run.labels)), envs: lines(plain.map(({ key, value }) => [key, value] as const)), queue: run.queue, concurrency: run.concurrency === 0 ? "" : String(run.concurrency) };
}
