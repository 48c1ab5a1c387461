/** What stands where data would be: nothing yet, nothing at all, or a reason why not. */
import type { JSX, ReactNode } from "react";

export function Loading({ what, rows = 4 }: { readonly what: string; readonly rows?: number }): JSX.Element {
  return (
    <div role="status" aria-label={`loading ${what}`}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="bone" style={{ width: `${String(94 - ((index * 17) % 40))}%` }} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): JSX.Element {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface Trouble {
  readonly kind: "missing" | "refused" | "disconnected" | "broken";
  readonly message: string;
}

const TITLES: Record<Trouble["kind"], string> = {
  missing: "Not found",
  refused: "The server refuses this",
  disconnected: "No connection to the server",
  broken: "Something went wrong",
};

export function Failed({ problem, onRetry }: { readonly problem: Trouble; readonly onRetry?: () => void }): JSX.Element {
  return (
    <div className="state" role="alert">
      <h2>{TITLES[problem.kind]}</h2>
      <p>{problem.message.slice(0, 2_000)}</p>
      {onRetry && (
        <div className="line">
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}
