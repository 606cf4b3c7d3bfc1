// Addresses that answer in several forms, asked for JSON.
import { answered, type Api } from "./connection";
import type { components } from "./schema";

type Schemas = components["schemas"];
const JSON_PLEASE = { Accept: "application/json" };

/** The QR that a channel shows now; a `not_pairing` problem when it shows none. */
export async function currentQr(api: Api, channel: string): Promise<Schemas["Qr"]> {
  const form = await answered(api.http.GET("/v1/channels/{id}/qr", { params: { path: { id: channel } }, headers: JSON_PLEASE }));
  return form as Schemas["Qr"];
}

/** A page of the event log, oldest first, from after `after`. */
export async function eventPage(api: Api, after: number, limit: number): Promise<Schemas["EventPage"]> {
  const form = await answered(api.http.GET("/v1/events", { params: { query: { after, limit } }, headers: JSON_PLEASE }));
  return form as Schemas["EventPage"];
}
