// How the whole installation stands: numbers of the last hours, and whether it can do its work.
import type { Api } from "./connection";
import { Problem } from "./problem";
import type { Stats } from "./types";

export function stats(api: Api, hours: number): Promise<Stats> {
  return api.plain("GET", `/v1/stats?hours=${hours}`);
}

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

/** What is not as it should be, check by check; empty when it can do its work. */
export async function failedChecks(api: Api): Promise<Check[]> {
  const response = await fetch(`${api.connection.base}/readyz`, {
    headers: api.connection.key ? { Authorization: `Bearer ${api.connection.key}` } : { "X-WhatIsUp": "1" },
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status !== 200 && response.status !== 503) throw new Problem(`http_${response.status}`, "No answer", "", response.status);
  const { checks } = (await response.json()) as { checks?: Check[] };
  return (checks ?? []).filter((check) => !check.ok);
}
