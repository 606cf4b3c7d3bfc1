// Webhook endpoints and their deliveries.
import type { Api } from "./connection";
import { query } from "./outbox";
import type { Delivery, DeliveryDetail, TestAnswer, Webhook, WebhookIn } from "./types";

export interface DeliveryQuery {
  status?: string;
  type?: string;
  cursor?: string;
  limit?: number;
}
export type Created = Webhook & { secret: string };
export type Changes = Partial<Omit<WebhookIn, "headers">> & { headers?: Record<string, string | null> };

export const webhooks = {
  list: async (api: Api): Promise<Webhook[]> => (await api.plain<{ webhooks: Webhook[] }>("GET", "/v1/webhooks")).webhooks,
  get: (api: Api, id: string) => api.plain<Webhook>("GET", `/v1/webhooks/${id}`),
  create: (api: Api, endpoint: WebhookIn) => api.plain<Created>("POST", "/v1/webhooks", endpoint),
  change: (api: Api, id: string, changes: Changes) => api.plain<Webhook>("PATCH", `/v1/webhooks/${id}`, changes),
  remove: (api: Api, id: string) => api.plain<void>("DELETE", `/v1/webhooks/${id}`),
  pause: (api: Api, id: string) => api.plain<Webhook>("POST", `/v1/webhooks/${id}/pause`),
  resume: (api: Api, id: string) => api.plain<Webhook>("POST", `/v1/webhooks/${id}/resume`),
  /** A new secret; the one before goes on signing for `overlap` seconds. */
  rotate: (api: Api, id: string, overlap: number) =>
    api.plain<{ secret: string; previous_expires_at?: string | null }>("POST", `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: overlap }),
  test: (api: Api, id: string, type?: string) => api.plain<TestAnswer>("POST", `/v1/webhooks/${id}/test`, type ? { type } : {}),
  /** Sends the events of a time once more; how many. */
  replay: async (api: Api, id: string, range: { since: string; until?: string; only_undelivered: boolean }): Promise<number> =>
    (await api.plain<{ deliveries: number }>("POST", `/v1/webhooks/${id}/redeliver`, range)).deliveries,
  deliveries: (api: Api, id: string, asked: DeliveryQuery) =>
    api.plain<{ deliveries: Delivery[]; next?: string | null }>("GET", `/v1/webhooks/${id}/deliveries${query(asked)}`),
};

export const deliveries = {
  get: (api: Api, id: string) => api.plain<DeliveryDetail>("GET", `/v1/deliveries/${id}`),
  redeliver: (api: Api, id: string) => api.plain<Delivery>("POST", `/v1/deliveries/${id}/redeliver`),
  skip: (api: Api, id: string) => api.plain<Delivery>("POST", `/v1/deliveries/${id}/skip`),
};
