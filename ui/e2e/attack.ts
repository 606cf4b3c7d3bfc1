// What a page can try against a server that it does not belong to: runs in the browser, is told where, and tells what it got.

/** One try: what was read by it, or null. */
export interface Try {
  act: string;
  got: string | null;
}

/** Everything that a page can do without being allowed to. `target` is an origin. */
export async function attack({ target, channel }: { target: string; channel: string }): Promise<Try[]> {
  const tries: Try[] = [];
  const channels = `${target}/v1/channels`;
  const json = JSON.stringify({ name: "Intruder", start: false });

  const attempt = async (act: string, read: () => Promise<string | null>): Promise<void> => {
    const late = new Promise<null>((done) => setTimeout(() => done(null), 5_000));
    tries.push({ act, got: await Promise.race([read().catch(() => null), late]) });
  };
  const reading = (url: string, init: RequestInit) => async () => {
    const answer = await fetch(url, { credentials: "include", ...init });
    return answer.ok ? await answer.text() : null;
  };
  const element = (make: () => HTMLElement, told: (it: HTMLElement) => string | null) => () =>
    new Promise<string | null>((done) => {
      const it = make();
      it.onload = () => done(told(it));
      it.onerror = () => done(null);
      document.body.append(it);
    });

  await attempt("fetch", reading(channels, {}));
  await attempt("fetch without cookies", reading(channels, { credentials: "omit" }));
  await attempt("fetch with a key", reading(channels, { headers: { Authorization: "Bearer wiu_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }));
  await attempt("fetch of the open door", reading(`${target}/livez`, { credentials: "omit" }));
  await attempt("opaque fetch", reading(channels, { mode: "no-cors" }));
  await attempt("post of JSON", reading(channels, { method: "POST", body: json, headers: { "Content-Type": "application/json" } }));
  await attempt("post with our header", reading(channels, { method: "POST", body: json, headers: { "Content-Type": "application/json", "X-WhatIsUp": "1" } }));
  await attempt("post of text", reading(channels, { method: "POST", body: json, mode: "no-cors", headers: { "Content-Type": "text/plain" } }));
  await attempt("post of nothing", reading(`${target}/v1/channels/${channel}/start`, { method: "POST", mode: "no-cors" }));
  await attempt("post for a link", reading(`${target}/v1/sign-in-links`, { method: "POST", mode: "no-cors" }));
  await attempt("deletion", reading(`${channels}/${channel}`, { method: "DELETE" }));
  await attempt("request for access", reading(`${target}/v1/apps/requests`, { method: "POST", mode: "no-cors", body: JSON.stringify({ name: "Intruder", reason: "Because", scopes: ["channels:read"] }) }));
  await attempt("request for access, as JSON", reading(`${target}/v1/apps/requests`, { method: "POST", body: JSON.stringify({ name: "Intruder", reason: "Because", scopes: ["channels:read"] }), headers: { "Content-Type": "application/json" } }));
  for (const type of ["text/plain", "application/json"]) {
    await attempt(`beacon of ${type}`, async () => {
      navigator.sendBeacon(channels, new Blob([json], { type }));
      return null;
    });
  }
  await attempt("worker", () =>
    new Promise((done) => {
      const worker = new Worker(`${target}/v1/openapi.json`);
      worker.onerror = () => done(null);
      setTimeout(() => done("a worker"), 2_000);
    }));
  // The answer of a frame cannot be read in any case; what was done is seen on the other side.
  let frames = 0;
  const post = (enctype: string, path: string) => () =>
    new Promise<string | null>((done) => {
      const frame = document.createElement("iframe");
      frame.name = `frame-${(frames += 1)}`;
      document.body.append(frame);
      const form = document.createElement("form");
      Object.assign(form, { action: `${target}${path}`, method: "POST", enctype, target: frame.name });
      const field = document.createElement("input");
      // With text/plain, name and value together are JSON.
      Object.assign(field, enctype === "text/plain" ? { name: '{"name":"Intruder","x":"', value: '"}' } : { name: "name", value: "Intruder" });
      form.append(field);
      document.body.append(form);
      form.submit();
      // A frame whose page was refused does not say that it has ended.
      setTimeout(() => done(null), 500);
    });
  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) await attempt(`form of ${type}`, post(type, "/v1/channels"));
  await attempt("form that starts a channel", post("application/x-www-form-urlencoded", `/v1/channels/${channel}/start`));

  const image = (src: string) => element(() => Object.assign(new Image(), { src }), (it) => `${(it as HTMLImageElement).naturalWidth} wide`);
  await attempt("image of a QR", image(`${channels}/${channel}/qr`));
  await attempt("image with a ticket", image(`${channels}/${channel}/qr?ticket=AAAAAAAAAAAAAAAAAAAAAA`));
  await attempt("script", element(() => Object.assign(document.createElement("script"), { src: `${target}/v1/openapi.json` }), () => "a script"));
  await attempt("style", element(() => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${target}/docs/style.css` }), () => "a style"));
  await attempt("page in a frame", element(
    () => Object.assign(document.createElement("iframe"), { src: `${target}/` }),
    (it) => {
      try {
        return (it as HTMLIFrameElement).contentDocument?.title || null;
      } catch {
        return null;
      }
    },
  ));
  await attempt("event stream", () =>
    new Promise((done) => {
      const stream = new EventSource(`${target}/v1/events`, { withCredentials: true });
      const heard = (event: MessageEvent) => done(String(event.data));
      for (const name of ["message", "snapshot"]) stream.addEventListener(name, heard);
      stream.onerror = () => {
        stream.close();
        done(null);
      };
    }));
  await attempt("web socket", () =>
    new Promise((done) => {
      const socket = new WebSocket(`${target.replace("http", "ws")}/v1/events`);
      socket.onopen = () => done("open");
      socket.onerror = () => done(null);
    }));
  await attempt("window", async () => {
    const other = window.open(`${target}/`, "_blank");
    await new Promise((wait) => setTimeout(wait, 1_000));
    try {
      // A refusal is a page, too.
      return other?.document.getElementById("app") ? other.document.title : null;
    } finally {
      other?.close();
    }
  });
  return tries;
}
