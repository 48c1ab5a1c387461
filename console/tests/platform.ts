/** A real `wingbeat up` with a data folder of its own, and runs made by the stock SDK. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const here = import.meta.dirname;
const binary = resolve(process.env.WINGBEAT_BIN ?? join(here, "../../target/debug/wingbeat"));
const python = resolve(process.env.PYTHON ?? join(here, "../../.venv/bin/python"));

export class Platform {
  private readonly data = mkdtempSync(join(tmpdir(), "wingbeat-console-"));
  private server: ChildProcess | undefined;
  url = "";
  readonly binary = binary;
  readonly python = python;

  /** Starts it; on the same address again after it was killed. */
  async start(): Promise<this> {
    const listen = this.url === "" ? ["--listen", "127.0.0.1:0"] : [];
    const server = spawn(binary, ["up", "--data", join(this.data, "data"), "--python", python, "--parallelism", "4", ...listen], {
      env: { ...process.env, HOME: this.data, DO_NOT_TRACK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.server = server;
    this.url = await new Promise((found, failed) => {
      let said = "";
      const read = (chunk: Buffer): void => {
        said += chunk.toString();
        const address = /Wingbeat is ready at (http:\/\/\S+)/.exec(said)?.[1];
        if (address !== undefined) found(address);
      };
      server.stdout.on("data", read);
      server.stderr.on("data", read);
      server.on("exit", (code) => failed(new Error(`wingbeat ended with ${String(code)}: ${said}`)));
    });
    return this;
  }

  /** Ends the server alone, without warning: its executor and the tasks go on. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.data, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** Starts runs by their names in seed.py, and answers what the server called them. */
  async seed<N extends string>(...names: readonly N[]): Promise<Record<N, string>> {
    const endpoint = new URL(this.url).host.replace("127.0.0.1", "localhost");
    const said = await new Promise<string>((done, failed) => {
      execFile(python, [join(here, "seed.py"), endpoint, ...names], { env: { ...process.env, HOME: this.data } }, (error, out, err) => (error === null ? done(out) : failed(new Error(`${out}${err}`))));
    });
    return JSON.parse(said.trim().split("\n").at(-1) ?? "");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { server } = this;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    await new Promise((gone) => {
      server.on("exit", gone);
      server.kill(signal);
    });
  }
}
