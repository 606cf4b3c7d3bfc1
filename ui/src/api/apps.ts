// Programs that may use the API: what they ask for, what they were given, and the keys that they have.
import { answered, type Api } from "./connection";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type App = Schemas["App"];
export type AppRequest = Schemas["AppRequest"];
export type Key = Schemas["Key"];
export type Peer = Schemas["Peer"];
/** A scope and how far it goes. `null` is all there are, also later ones. */
export type Permit = Schemas["Permit"];
export type AppPatch = Schemas["AppPatch"];

/** Those that this page has words for. */
export type Scope =
  | "channels:read"
  | "channels:manage"
  | "messages:read"
  | "messages:send"
  | "messages:send:ask"
  | "events:read"
  | "webhooks:manage"
  | "apps:manage";

const at = (id: string) => ({ params: { path: { id } } });
const keyAt = (id: string, key: string) => ({ params: { path: { id, key } } });

export const requests = {
  /** Those that wait for an answer. */
  waiting: async (api: Api): Promise<AppRequest[]> => (await answered(api.http.GET("/v1/apps/requests"))).items,
  allow: (api: Api, id: string, body: Schemas["AllowIn"]) => answered(api.http.POST("/v1/apps/requests/{id}/allow", { ...at(id), body })),
  deny: (api: Api, id: string) => answered(api.http.POST("/v1/apps/requests/{id}/deny", at(id))),
};

export const apps = {
  list: async (api: Api): Promise<App[]> => (await answered(api.http.GET("/v1/apps"))).items,
  get: (api: Api, id: string) => answered(api.http.GET("/v1/apps/{id}", at(id))),
  create: (api: Api, body: Schemas["AppIn"]) => answered(api.http.POST("/v1/apps", { body })),
  change: (api: Api, id: string, body: AppPatch) => answered(api.http.PATCH("/v1/apps/{id}", { ...at(id), body })),
  remove: (api: Api, id: string) => answered(api.http.DELETE("/v1/apps/{id}", at(id))),
};

export const keys = {
  create: (api: Api, app: string, body: Schemas["KeyIn"]) => answered(api.http.POST("/v1/apps/{id}/keys", { ...at(app), body })),
  /** A key in place of another, which goes on for `overlap` seconds. */
  rotate: (api: Api, app: string, id: string, overlap: number) =>
    answered(api.http.POST("/v1/apps/{id}/keys/{key}/rotate", { ...keyAt(app, id), body: { overlap_seconds: overlap } })),
  revoke: (api: Api, app: string, id: string) => answered(api.http.POST("/v1/apps/{id}/keys/{key}/revoke", keyAt(app, id))),
};
