/** Tasks: gives the views what the address says. */
import { getRouteApi } from "@tanstack/react-router";
import type { JSX } from "react";

import { TaskPage } from "../features/tasks/task-page";
import { TasksPage } from "../features/tasks/tasks-page";
import { taskSearch } from "../lib/search";

const list = getRouteApi("/domain/$domain/project/$project/tasks");
const one = getRouteApi("/domain/$domain/project/$project/tasks/$task");

export function Tasks(): JSX.Element {
  const { domain, project } = list.useParams();
  const search = list.useSearch();
  const navigate = list.useNavigate();
  return <TasksPage scope={{ domain, project }} search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />;
}

export function Task(): JSX.Element {
  const { domain, project, task } = one.useParams();
  const search = one.useSearch();
  const navigate = one.useNavigate();
  return <TaskPage key={`${project}/${domain}/${task}`} scope={{ domain, project }} name={task} search={search} onSearch={(next) => void navigate({ search: (before) => taskSearch({ ...before, ...next }), replace: true })} />;
}
