// The audit log: who did what, each entry chained to the one before it.
import type { Api } from "./connection";
import type { Peer } from "./apps";
import type { Page } from "./types";

export interface Actor {
  kind: "admin" | "person" | "app" | "itself" | "nobody";
  via?: "dashboard" | "desktop" | "cli" | null;
  app_id?: string | null;
  key_id?: string | null;
  /** Of the app, at that time. */
  name?: string | null;
}

export interface AuditEntry {
  seq: number;
  at: string;
  actor: Actor;
  peer?: Peer | null;
  action: string;
  target?: string | null;
  outcome: "done" | "refused" | "failed";
  detail?: string | null;
  prev_hash: string;
  /** SHA-256 over the entry and `prev_hash`. */
  hash: string;
}

export interface Verified {
  ok: boolean;
  entries?: number | null;
  first?: number | null;
  /** Of the newest entry. */
  hash?: string | null;
  /** The first entry that is not as it was written. */
  broken_at?: number | null;
}

export interface AuditQuery {
  app?: string;
  /** With `*` at its end all that begin so. */
  action?: string;
  since?: string;
}

type AuditPage = Page<AuditEntry> & { verified?: Verified | null };

const query = (asked: Record<string, string | number | null | undefined>) => {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
};

export const audit = {
  /** Newest first. */
  page: (api: Api, asked: AuditQuery, cursor: string | null, limit: number) =>
    api.plain<AuditPage>("GET", `/v1/audit?${query({ ...asked, cursor, limit })}`),
  /** Holds the whole log against its hashes. */
  verify: async (api: Api): Promise<Verified | null> => (await api.plain<AuditPage>("GET", "/v1/audit?verify=true&limit=1")).verified ?? null,
  /** All that `asked` takes, one entry a line, oldest first. */
  file: (api: Api, asked: AuditQuery) => api.bytes("GET", `/v1/audit?${query({ ...asked })}`, undefined, { Accept: "application/x-ndjson" }),
};
