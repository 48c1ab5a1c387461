/** The first page and the list of runs: gives the views what the address says. */
import { getRouteApi } from "@tanstack/react-router";
import type { JSX } from "react";

import { HomePage } from "../features/home/home-page";
import { RunsPage } from "../features/runs/runs-page";

export function Home(): JSX.Element {
  return <HomePage />;
}

const runs = getRouteApi("/domain/$domain/project/$project/runs");

export function Runs(): JSX.Element {
  const { domain, project } = runs.useParams();
  const search = runs.useSearch();
  const navigate = runs.useNavigate();
  return <RunsPage key={`${project}/${domain}`} scope={{ domain, project }} search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />;
}
