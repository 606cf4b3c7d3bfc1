// Which page: the part of the address after `#`. Works from any origin and needs nothing from the server.

export type Route =
  | { page: "channels"; add: boolean }
  | { page: "channel"; id: string }
  | { page: "overview" }
  | { page: "outbox"; channel: string | null }
  | { page: "webhooks"; add: boolean }
  | { page: "webhook"; id: string }
  | { page: "delivery"; id: string; webhook: string }
  | { page: "pair"; id: string; window: boolean }
  | { page: "events"; channel: string | null }
  | { page: "apps"; add: boolean }
  | { page: "app"; id: string }
  | { page: "audit"; app: string | null }
  | { page: "consent" | "ask"; window: boolean }
  | { page: "settings" }
  | { page: "sandbox" }
  | { page: "setup" }
  | { page: "unknown" };

export function parseRoute(hash: string, search = ""): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
  const asked = new URLSearchParams(query);
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [page, id, within] = parts;
  const window = asked.get("window") ?? new URLSearchParams(search).get("window");
  switch (page) {
    case undefined:
      return { page: "channels", add: false };
    case "channels":
      return id ? { page: "channel", id } : { page: "channels", add: asked.has("add") };
    case "pair":
      if (!id) return { page: "unknown" };
      return { page: "pair", id, window: window === "pairing" };
    case "apps":
      return id ? { page: "app", id } : { page: "apps", add: asked.has("add") };
    case "audit":
      return { page: "audit", app: asked.get("app") };
    case "consent":
    case "ask":
      return { page, window: window === page };
    case "webhooks":
      if (id && within) return { page: "delivery", webhook: id, id: within };
      return id ? { page: "webhook", id } : { page: "webhooks", add: asked.has("add") };
    case "outbox":
      return { page: "outbox", channel: asked.get("channel") };
    case "events":
      return { page: "events", channel: asked.get("channel") };
    case "overview":
    case "settings":
    case "sandbox":
    case "setup":
      return { page };
    default:
      return { page: "unknown" };
  }
}

class Router {
  route = $state.raw<Route>(parseRoute(location.hash, location.search));

  constructor() {
    addEventListener("hashchange", () => {
      this.route = parseRoute(location.hash, location.search);
    });
  }

  go(path: string): void {
    location.hash = path;
  }
}

export const router = new Router();
export const to = {
  channels: () => "#/channels",
  channel: (id: string) => `#/channels/${encodeURIComponent(id)}`,
  pair: (id: string) => `#/pair/${encodeURIComponent(id)}`,
  events: (channel?: string) => (channel ? `#/events?channel=${encodeURIComponent(channel)}` : "#/events"),
  overview: () => "#/overview",
  outbox: (channel?: string) => (channel ? `#/outbox?channel=${encodeURIComponent(channel)}` : "#/outbox"),
  webhooks: () => "#/webhooks",
  webhook: (id: string) => `#/webhooks/${encodeURIComponent(id)}`,
  delivery: (webhook: string, id: string) => `#/webhooks/${encodeURIComponent(webhook)}/${encodeURIComponent(id)}`,
  apps: () => "#/apps",
  app: (id: string) => `#/apps/${encodeURIComponent(id)}`,
  audit: (app?: string) => (app ? `#/audit?app=${encodeURIComponent(app)}` : "#/audit"),
  settings: () => "#/settings",
  sandbox: () => "#/sandbox",
};
