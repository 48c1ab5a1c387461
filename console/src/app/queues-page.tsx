/** Queues: the page of the platform, not of a project. */
export { QueuesPage as Queues } from "../features/queues/queues-page";
