/** What stands around every page: where one is, whether the server answers, and the keys. */
import { type ErrorComponentProps, Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { type JSX, useEffect, useRef, useState } from "react";

import { useLink } from "../api/link";
import { problemOf } from "../api/transport";
import { focusSearch, stepOf, useKeys, walk } from "../ui/keys";
import { Empty, Failed } from "../ui/states";
import { duration } from "../lib/time";
import { useTitle } from "../ui/title";
import { useNow } from "../ui/when";
import { KeyHelp } from "./key-help";
import { ScopePicker } from "./scope-picker";

export function Frame(): JSX.Element {
  const [help, setHelp] = useState(false);
  useGlobalKeys(() => setHelp(true));
  const { domain, project } = useParams({ strict: false });
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <img src={`${import.meta.env.BASE_URL}wingbeat.svg`} width="22" height="22" alt="" /> Wingbeat
        </Link>
        {domain !== undefined && project !== undefined && (
          <>
            <ScopePicker scope={{ domain, project }} />
            <nav aria-label="sections">
              <Link to="/domain/$domain/project/$project/runs" params={{ domain, project }} activeProps={{ className: "here" }}>
                Runs
              </Link>
              <Link to="/domain/$domain/project/$project/tasks" params={{ domain, project }} activeProps={{ className: "here" }}>
                Tasks
              </Link>
            </nav>
          </>
        )}
        <span className="grow" />
        <nav aria-label="platform">
          <Link to="/queues" activeProps={{ className: "here" }}>
            Queues
          </Link>
        </nav>
        <button type="button" className="quiet small" onClick={() => setHelp(true)} aria-label="keyboard shortcuts">
          <kbd>?</kbd>
        </button>
      </header>
      <LinkBanner />
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

/** Short breaks heal before anybody reads about them. */
const SAY_AFTER = 700;
const SAY_BACK_FOR = 3_000;

function LinkBanner(): JSX.Element | null {
  const link = useLink();
  const now = useNow(link.state === "reconnecting");
  const [shown, setShown] = useState<"none" | "lost" | "back">("none");
  useEffect(() => {
    if (link.state === "reconnecting") {
      const timer = setTimeout(() => setShown("lost"), SAY_AFTER);
      return () => clearTimeout(timer);
    }
    setShown((before) => (before === "lost" ? "back" : before));
    const timer = setTimeout(() => setShown("none"), SAY_BACK_FOR);
    return () => clearTimeout(timer);
  }, [link]);
  if (shown === "none") return <div role="status" />;
  const since = link.state === "reconnecting" ? duration(Math.max(0, now - link.since)) : "";
  return (
    <div className="banner" role="status">
      {shown === "back" ? "Connected again" : `The server does not answer; trying again. What you see is ${since} old.`}
    </div>
  );
}

/** `g` and a letter goes somewhere, `j` and `k` through the rows, `/` to the search field, `?` explains. */
function useGlobalKeys(onHelp: () => void): void {
  const navigate = useNavigate();
  const { domain, project } = useParams({ strict: false });
  const going = useRef(0);
  useKeys((event) => {
    const step = stepOf(event);
    if (performance.now() - going.current < 1_200 && go(event.key)) {
      going.current = 0;
      event.preventDefault();
    } else if (event.key === "g") going.current = performance.now();
    else if (event.key === "/" && focusSearch()) event.preventDefault();
    else if (event.key === "?") onHelp();
    else if (step !== undefined) walk(step);
  });
  const go = (key: string): boolean => {
    if (key === "h") void navigate({ to: "/" });
    else if (key === "q") void navigate({ to: "/queues" });
    else if (domain === undefined || project === undefined) return false;
    else if (key === "r") void navigate({ to: "/domain/$domain/project/$project/runs", params: { domain, project } });
    else if (key === "t") void navigate({ to: "/domain/$domain/project/$project/tasks", params: { domain, project } });
    else return false;
    return true;
  };
}

export function NotHere(): JSX.Element {
  useTitle("No such page");
  return (
    <div className="page">
      <Empty title="There is no such page">
        <p>
          The console knows runs, tasks and queues. <Link to="/">Go to the first page</Link>
        </p>
      </Empty>
    </div>
  );
}

export function Crash({ error, reset }: ErrorComponentProps): JSX.Element {
  return (
    <div className="page">
      <Failed problem={problemOf(error)} onRetry={reset} />
    </div>
  );
}
