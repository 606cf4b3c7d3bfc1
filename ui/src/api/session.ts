// Signing a browser in and out. The cookie is half of what it takes: browsers send it to every port of this host, also to somebody
// else's. The other half is told to the page alone, and kept where only pages of this very port can look.
import { answered, type Api } from "./connection";
import { kept, keep } from "./page-secret";

/** With the ticket of a one-use link. */
export async function signIn(api: Api, ticket: string): Promise<void> {
  const { secret } = await api.plain<{ secret: string }>("POST", "/v1/session", { ticket });
  keep(secret);
}

export async function signOut(api: Api): Promise<void> {
  const was = kept();
  await answered(api.http.DELETE("/v1/session"));
  // Unless another window has signed in anew meanwhile.
  if (kept() === was) keep(null);
}
