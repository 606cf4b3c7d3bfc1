// Which page: the part of the address after `#`. Works from any origin and needs nothing from the server.

export type Route =
  | { page: "channels"; add: boolean }
  | { page: "channel"; id: string }
  | { page: "pair"; id: string; window: boolean }
  | { page: "events"; channel: string | null }
  | { page: "settings" }
  | { page: "sandbox" }
  | { page: "setup" }
  | { page: "unknown" };

export function parseRoute(hash: string, search = ""): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
  const asked = new URLSearchParams(query);
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [page, id] = parts;
  switch (page) {
    case undefined:
      return { page: "channels", add: false };
    case "channels":
      return id ? { page: "channel", id } : { page: "channels", add: asked.has("add") };
    case "pair":
      if (!id) return { page: "unknown" };
      return { page: "pair", id, window: (asked.get("window") ?? new URLSearchParams(search).get("window")) === "pairing" };
    case "events":
      return { page: "events", channel: asked.get("channel") };
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
  settings: () => "#/settings",
  sandbox: () => "#/sandbox",
};
