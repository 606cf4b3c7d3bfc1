// Who stands behind a request, as the system tells it: the one thing here that a program cannot choose.
import type { Peer } from "../api/apps";

const INTERPRETERS = /^(python|node|deno|bun|ruby|perl|php|java|bash|sh|zsh|dash|fish|lua|pwsh|osascript|wscript|tclsh)[\d.]*(\.exe)?$/i;

/** A path as what one reads first and what one reads then. */
export function programName(path: string): { name: string; folder: string } {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return { name: path.slice(at + 1) || path, folder: path.slice(0, at + 1) };
}

/** Whether the program only runs others: then its name says little. */
export function interprets(path: string): boolean {
  return INTERPRETERS.test(programName(path).name);
}

/** Where a request came from, in a line. */
export function fromWhere(peer: Peer): string {
  if (peer.program) return `${programName(peer.program.path).name}, process ${peer.program.pid}`;
  if (peer.door === "unix") return "a program of this machine";
  return peer.address ?? "an unknown place";
}

export const doorWords: Record<string, string> = {
  tcp: "over this machine's loopback",
  unix: "over the Unix socket",
  tls: "from the network, over TLS",
};
