// What a person can do with a channel: one call each, the answer shown at once.
import { answered } from "../api/connection";
import type { Channel } from "../api/types";
import { app } from "./app.svelte";

export type Verb = "start" | "stop" | "restart" | "logout";

export async function command(id: string, verb: Verb): Promise<void> {
  const params = { params: { path: { id } } };
  const http = app.api.http;
  const call = {
    start: () => http.POST("/v1/channels/{id}/start", params),
    stop: () => http.POST("/v1/channels/{id}/stop", params),
    restart: () => http.POST("/v1/channels/{id}/restart", params),
    logout: () => http.POST("/v1/channels/{id}/logout", params),
  }[verb];
  app.live.put(await answered(call()));
}

export async function create(name: string, proxy: string | null): Promise<Channel> {
  const channel = await answered(app.api.http.POST("/v1/channels", { body: { name, proxy, start: true } }));
  app.live.put(channel);
  return channel;
}

/** `proxy`: null takes it away, undefined leaves it as it is. */
export async function change(id: string, patch: { name?: string; proxy?: string | null }): Promise<void> {
  app.live.put(await answered(app.api.http.PATCH("/v1/channels/{id}", { params: { path: { id } }, body: patch })));
}

export async function remove(id: string): Promise<void> {
  await answered(app.api.http.DELETE("/v1/channels/{id}", { params: { path: { id } } }));
  app.live.remove(id);
}
