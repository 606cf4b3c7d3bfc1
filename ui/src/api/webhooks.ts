// Webhook endpoints and their deliveries.
import { answered, type Api } from "./connection";
import type { components } from "./schema";
import type { Webhook } from "./types";

type Schemas = components["schemas"];
export type Changes = Schemas["WebhookPatch"];

export interface DeliveryQuery {
  status?: "pending" | "delivered" | "skipped";
  type?: string;
  cursor?: string;
  limit?: number;
}

const at = (id: string) => ({ params: { path: { id } } });

export const webhooks = {
  list: async (api: Api): Promise<Webhook[]> => (await answered(api.http.GET("/v1/webhooks"))).items,
  get: (api: Api, id: string) => answered(api.http.GET("/v1/webhooks/{id}", at(id))),
  create: (api: Api, body: Schemas["WebhookIn"]) => answered(api.http.POST("/v1/webhooks", { body })),
  change: (api: Api, id: string, body: Changes) => answered(api.http.PATCH("/v1/webhooks/{id}", { ...at(id), body })),
  remove: (api: Api, id: string) => answered(api.http.DELETE("/v1/webhooks/{id}", at(id))),
  pause: (api: Api, id: string) => answered(api.http.POST("/v1/webhooks/{id}/pause", at(id))),
  resume: (api: Api, id: string) => answered(api.http.POST("/v1/webhooks/{id}/resume", at(id))),
  /** A new secret; the one before goes on signing for `overlap` seconds. */
  rotate: (api: Api, id: string, overlap: number) =>
    answered(api.http.POST("/v1/webhooks/{id}/rotate-secret", { ...at(id), body: { overlap_seconds: overlap } })),
  test: (api: Api, id: string, type = "message.received") => answered(api.http.POST("/v1/webhooks/{id}/test", { ...at(id), body: { type } })),
  /** Sends the events of a time once more; how many. */
  replay: async (api: Api, id: string, body: Schemas["RedeliveryIn"]): Promise<number> =>
    (await answered(api.http.POST("/v1/webhooks/{id}/redeliver", { ...at(id), body }))).deliveries,
  deliveries: (api: Api, id: string, query: DeliveryQuery) =>
    answered(api.http.GET("/v1/webhooks/{id}/deliveries", { params: { path: { id }, query } })),
};

export const deliveries = {
  get: (api: Api, id: string) => answered(api.http.GET("/v1/deliveries/{id}", at(id))),
  redeliver: (api: Api, id: string) => answered(api.http.POST("/v1/deliveries/{id}/redeliver", at(id))),
  skip: (api: Api, id: string) => answered(api.http.POST("/v1/deliveries/{id}/skip", at(id))),
};
