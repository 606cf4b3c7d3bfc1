// How the whole installation stands: numbers of the last hours, and whether it can do its work.
import { answered, type Api } from "./connection";
import { problemFrom } from "./problem";
import type { components } from "./schema";
import type { Stats, Workers } from "./types";

export type Check = components["schemas"]["Check"];

export function stats(api: Api, hours: number): Promise<Stats> {
  return answered(api.http.GET("/v1/stats", { params: { query: { hours } } }));
}

/** Who shares the channels; empty where one process has them all. */
export function workers(api: Api): Promise<Workers> {
  return answered(api.http.GET("/v1/workers", {}));
}

/** What is not as it should be, check by check; empty when it can do its work. Not being ready is an answer, no failure. */
export async function failedChecks(api: Api): Promise<Check[]> {
  const { data, error, response } = await api.http.GET("/readyz");
  const answer = data ?? error;
  if (!answer || !("checks" in answer)) throw problemFrom(response.status, answer);
  return answer.checks.filter((check) => !check.ok);
}
