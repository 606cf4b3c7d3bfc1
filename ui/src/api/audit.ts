// The audit log: who did what, each entry chained to the one before it.
import { answered, type Api } from "./connection";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Actor = Schemas["Actor"];
export type AuditEntry = Schemas["AuditEntry"];
export type Verified = Schemas["AuditVerified"];

export interface AuditQuery {
  app?: string;
  /** With `*` at its end all that begin so. */
  action?: string;
}

const JSON_PLEASE = { Accept: "application/json" };

/** The page form of an address that has two. */
async function read(api: Api, query: AuditQuery & { cursor?: string; limit?: number; verify?: boolean }): Promise<Schemas["AuditPage"]> {
  return (await answered(api.http.GET("/v1/audit", { params: { query }, headers: JSON_PLEASE }))) as Schemas["AuditPage"];
}

export const audit = {
  /** Newest first. */
  page: (api: Api, asked: AuditQuery, cursor: string | null, limit: number) => read(api, { ...asked, cursor: cursor ?? undefined, limit }),
  /** Holds the whole log against its hashes. */
  verify: async (api: Api): Promise<Verified | null> => (await read(api, { verify: true, limit: 1 })).verified,
  /** All that `asked` takes, one entry a line, oldest first. */
  file: (api: Api, asked: AuditQuery) => {
    const given = Object.entries(asked).filter(([, value]) => value) as [string, string][];
    return api.bytes("GET", `/v1/audit?${new URLSearchParams(given).toString()}`, undefined, { Accept: "application/x-ndjson" });
  },
};
