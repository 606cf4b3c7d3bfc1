// The page's start: find the API, prove who we are, follow the stream. Everything else hangs on `app`.
import { Api, answered } from "../api/connection";
import { asProblem, problemFrom, type Problem } from "../api/problem";
import { signIn, signOut } from "../api/session";
import { inShell, shell } from "../api/shell";
import { EventStream } from "../api/stream";
import type { components } from "../api/schema";
import { Live } from "./live.svelte";
import { router } from "./route.svelte";

export type Info = components["schemas"]["Info"];
type Phase = "starting" | "setup" | "signed_out" | "unreachable" | "ready";

class App {
  phase = $state<Phase>("starting");
  info = $state.raw<Info | null>(null);
  problem = $state.raw<Problem | null>(null);
  live = new Live();

  #api: Api | null = null;
  #stream: EventStream | null = null;

  get api(): Api {
    if (!this.#api) throw new Error("no connection yet");
    return this.#api;
  }

  async start(): Promise<void> {
    this.phase = "starting";
    this.problem = null;
    this.#stream?.stop();
    try {
      if (inShell) {
        const connection = (await needsSetup()) ? null : await shell.connection().catch(() => null);
        if (!connection) {
          this.phase = "setup";
          return;
        }
        this.#api = new Api(connection);
      } else {
        this.#api = new Api({ base: "", key: null });
        await this.#consumeTicket();
      }
      this.info = await answered(this.api.http.GET("/v1/info"));
      this.phase = "ready";
      if (router.route.page === "setup") router.go("/channels");
      this.#follow();
    } catch (thrown) {
      this.problem = asProblem(thrown);
      this.phase = this.problem.status === 401 || this.problem.code.includes("ticket") ? "signed_out" : "unreachable";
    }
  }

  /** Signs this browser in with a one-use ticket, then starts. */
  async signIn(ticket: string): Promise<void> {
    const api = this.#api ?? new Api({ base: "", key: null });
    await signIn(api, ticket);
    await this.start();
  }

  /** Asks for a one-use link with a key that is not kept, and signs in with it. */
  async signInWithKey(key: string): Promise<void> {
    const asking = new Api({ base: "", key });
    const link = await asking.plain<{ url: string }>("POST", "/v1/sign-in-links");
    const ticket = ticketIn(new URL(link.url).hash);
    if (!ticket) throw problemFrom(500, {});
    await this.signIn(ticket);
  }

  async signOut(): Promise<void> {
    await signOut(this.api);
    this.#stream?.stop();
    this.live = new Live();
    this.problem = null;
    this.phase = "signed_out";
  }

  retryNow(): void {
    this.#stream?.retryNow();
  }

  async #askInfo(): Promise<void> {
    this.info = await answered(this.api.http.GET("/v1/info")).catch(() => this.info);
  }

  async #consumeTicket(): Promise<void> {
    const ticket = ticketIn(location.hash);
    if (!ticket) return;
    const then = afterSignIn(location.hash);
    // Out of the address bar and the history before anything else: it is a credential, if a short-lived one.
    history.replaceState(null, "", "#/channels");
    router.route = { page: "channels", add: false };
    await signIn(this.api, ticket).catch(async (thrown: unknown) => {
      // A link opened twice: fine if this browser is signed in already.
      await this.api.plain("GET", "/v1/session").catch(() => {
        throw problemFrom(401, { code: "ticket", title: "This link no longer works", detail: asProblem(thrown).message });
      });
    });
    if (then) location.replace(then);
  }

  #follow(): void {
    const live = this.live;
    const stream = new EventStream({
      open: (after, signal) => this.api.stream(after, signal),
      message: (message) => {
        live.take(message);
        if (message.event === "snapshot") stream.resumeFrom(live.seq);
      },
      up: () => {
        // It may be another start of the application, with other doors.
        if (live.link === "offline") void this.#askInfo();
        live.link = "live";
        live.retryAt = null;
      },
      down: (retryAt) => {
        live.link = "offline";
        live.retryAt = retryAt;
      },
      signedOut: () => {
        this.phase = "signed_out";
      },
    });
    this.#stream = stream;
    void stream.run();
  }
}

export function ticketIn(hash: string): string | null {
  const found = /^#\/?sign-in=([^&]+)/.exec(hash);
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

/** Where a sign-in link leads when not to the dashboard: the reference of the API and the pages that explain, and nowhere else. */
export function afterSignIn(hash: string): string | null {
  return /&then=(\/docs(?:\/concepts\/[a-z-]+)?)$/.exec(hash)?.[1] ?? null;
}

async function needsSetup(): Promise<boolean> {
  try {
    return (await shell.startState()).phase !== "ready";
  } catch {
    // A shell that does not tell has nothing to ask of the person.
    return false;
  }
}

export const app = new App();
// A machine that woke or came back online should not sit out a back-off.
addEventListener("online", () => app.retryNow());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) app.retryNow();
});
