/** Which project and domain one looks at. */
import { useNavigate } from "@tanstack/react-router";
import type { JSX } from "react";

import { useProjects } from "../api/home";
import type { Scope } from "../lib/model";

export function ScopePicker({ scope }: { readonly scope: Scope }): JSX.Element {
  const projects = useProjects().data ?? [];
  const navigate = useNavigate();
  const here = JSON.stringify([scope.project, scope.domain]);
  const known = projects.flatMap(({ id, domains }) => domains.map((domain) => [id, domain] as const));
  const all = known.some((one) => JSON.stringify(one) === here) ? known : [[scope.project, scope.domain] as const, ...known];
  const go = (index: number): void => {
    const [project, domain] = all[index] ?? [scope.project, scope.domain];
    void navigate({ to: "/domain/$domain/project/$project/runs", params: { project, domain } });
  };
  return (
    <select aria-label="project and domain" value={all.findIndex((one) => JSON.stringify(one) === here)} onChange={(event) => go(Number(event.target.value))}>
      {all.map(([project, domain], index) => (
        <option key={`${project}/${domain}`} value={index}>
          {project} / {domain}
        </option>
      ))}
    </select>
  );
}
