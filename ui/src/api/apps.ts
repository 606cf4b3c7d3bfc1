// Programs that may use the API: what they ask for, what they were given, and the keys that they have.
import type { Api } from "./connection";
import type { Page } from "./types";

export type Scope =
  | "channels:read"
  | "channels:manage"
  | "messages:read"
  | "messages:send"
  | "messages:send:ask"
  | "events:read"
  | "webhooks:manage"
  | "apps:manage";

/** A scope and how far it goes. `null` is all there are, also later ones. */
export interface Permit {
  scope: Scope;
  channels?: string[] | null;
  recipients?: string[] | null;
}

export interface Program {
  pid: number;
  path: string;
  uid: number;
}

export interface Peer {
  door: "tcp" | "unix" | "tls";
  address?: string | null;
  program?: Program | null;
}

export interface AppRequest {
  id: string;
  /** As the program calls itself: anything. So is `reason`. */
  name: string;
  reason: string;
  permits: Permit[];
  /** Of the web page that asks, if one does. */
  origin?: string | null;
  peer: Peer;
  code: string;
  made_at: string;
  expires_at: string;
  state: "waiting" | "allowed" | "denied" | "expired" | "collected";
}

export interface App {
  id: string;
  name: string;
  created_at: string;
  disabled_at?: string | null;
  permits: Permit[];
  origins: string[];
  /** Let in without a key over the Unix socket: paths of executables. */
  programs: string[];
  /** Requests a minute and key, if others than everybody's. */
  limits?: number | null;
  last_used_at?: string | null;
  requests_today: number;
  /** Newest first, also those that open nothing any more. */
  keys: Key[];
}

export interface Key {
  id: string;
  app_id: string;
  label: string;
  state: "good" | "expired" | "revoked";
  made_at: string;
  expires_at?: string | null;
  revoked_at?: string | null;
  until_quit: boolean;
  replaces?: string | null;
  last_used_at?: string | null;
  last_from?: string | null;
  requests_today: number;
}

/** A key with its text: the one time that it is told. */
export type NewKey = Key & { key: string };

export interface AppIn {
  name: string;
  permits: Permit[];
  origins?: string[];
  programs?: string[];
  limits?: number | null;
  expires_in?: number;
}
export type AppPatch = Partial<Pick<App, "name" | "permits" | "origins" | "programs" | "limits">> & { disabled?: boolean };
export interface Allowing {
  permits?: Permit[];
  once?: boolean;
  /** Seconds. */
  expires_in?: number;
}

const at = (id: string) => `/v1/apps/${encodeURIComponent(id)}`;
const asked = (id: string) => `/v1/apps/requests/${encodeURIComponent(id)}`;

export const requests = {
  waiting: async (api: Api): Promise<AppRequest[]> =>
    (await api.plain<Page<AppRequest>>("GET", "/v1/apps/requests")).items.filter(({ state }) => state === "waiting"),
  allow: (api: Api, id: string, body: Allowing) => api.plain<unknown>("POST", `${asked(id)}/allow`, body),
  deny: (api: Api, id: string) => api.plain<unknown>("POST", `${asked(id)}/deny`),
};

export const apps = {
  list: async (api: Api): Promise<App[]> => (await api.plain<Page<App>>("GET", "/v1/apps")).items,
  get: (api: Api, id: string) => api.plain<App>("GET", at(id)),
  create: (api: Api, body: AppIn) => api.plain<{ app: App; key: string; key_id: string }>("POST", "/v1/apps", body),
  change: (api: Api, id: string, body: AppPatch) => api.plain<App>("PATCH", at(id), body),
  remove: (api: Api, id: string) => api.plain<unknown>("DELETE", at(id)),
};

export const keys = {
  create: (api: Api, app: string, body: { label: string; expires_in?: number }) => api.plain<NewKey>("POST", `${at(app)}/keys`, body),
  /** A key in place of another, which goes on for `overlap` seconds. */
  rotate: (api: Api, app: string, id: string, overlap: number) =>
    api.plain<NewKey>("POST", `${at(app)}/keys/${encodeURIComponent(id)}/rotate`, { overlap_seconds: overlap }),
  revoke: (api: Api, app: string, id: string) => api.plain<unknown>("POST", `${at(app)}/keys/${encodeURIComponent(id)}/revoke`),
};
