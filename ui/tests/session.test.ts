import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answered, Api } from "../src/api/connection";
import { signIn, signOut } from "../src/api/session";

const asked: Request[] = [];
const last = () => asked.at(-1)?.headers.get("X-WhatIsUp") ?? null;

beforeEach(() => {
  localStorage.clear();
  asked.length = 0;
  vi.stubGlobal("fetch", async (to: Request | string, init?: RequestInit) => {
    const request = new Request(to instanceof Request ? to : new URL(to, "http://127.0.0.1:9487"), init);
    asked.push(request);
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    return Response.json(request.method === "POST" ? { secret: "told once", expires_at: "" } : {});
  });
});
afterEach(() => vi.unstubAllGlobals());

describe("a browser that is signed in", () => {
  it("says with every request what its page was told, until it is signed out", async () => {
    const api = new Api({ base: "http://127.0.0.1:9487", key: null });
    await answered(api.http.GET("/v1/info"));
    expect(last()).toBeNull();
    await signIn(api, "ticket");
    await answered(api.http.GET("/v1/info"));
    expect(last()).toBe("told once");
    await api.plain("GET", "/v1/info");
    expect(last()).toBe("told once");
    await api.stream(null, new AbortController().signal);
    expect(last()).toBe("told once");
    await signOut(api);
    expect(last()).toBe("told once");
    await answered(api.http.GET("/v1/info"));
    expect(last()).toBeNull();
  });

  it("goes on when another window has signed in anew", async () => {
    const api = new Api({ base: "http://127.0.0.1:9487", key: null });
    await signIn(api, "ticket");
    localStorage.setItem("whatisup-page", "told elsewhere");
    await answered(api.http.GET("/v1/info"));
    expect(last()).toBe("told elsewhere");
  });

  it("tells nothing where there is a key", async () => {
    await signIn(new Api({ base: "http://127.0.0.1:9487", key: null }), "ticket");
    await answered(new Api({ base: "http://127.0.0.1:9487", key: "wiu_key" }).http.GET("/v1/info"));
    expect([last(), asked.at(-1)?.headers.get("Authorization")]).toEqual([null, "Bearer wiu_key"]);
  });
});
