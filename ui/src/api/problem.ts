// Every failure a page can meet, with words for a person: the server's problem+json, or why there was no answer.

export interface FieldError {
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    readonly errors: FieldError[] = [],
    /** The channel that stands in the way. */
    readonly channel: string | null = null,
  ) {
    super(detail || title);
    this.name = "Problem";
  }

  /** The sentence about one field of a form, if the server named it. */
  about(field: string): string | undefined {
    const error = this.errors.find(({ pointer }) => pointer.split("/").at(-1) === field || pointer === `/${field}`);
    return error && sentence(error.detail);
  }

  /** The sentence about a field or anything in it (`/headers/x-team`), if the server named it. */
  within(field: string): string | undefined {
    const error = this.errors.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`));
    if (!error) return undefined;
    const part = error.pointer.slice(field.length + 2);
    return sentence(part && !/^\d+$/.test(part) ? `${part} ${error.detail}` : error.detail);
  }
}

/** Words of the server's, as they stand below a field. */
export function sentence(words: string): string {
  const text = words.trim();
  return text && `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}

export const UNREACHABLE = "unreachable";

export function unreachable(): Problem {
  return new Problem(UNREACHABLE, "No answer", "WhatIsUp does not answer. Is it still running?", 0);
}

export function problemFrom(status: number, body: unknown): Problem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string, otherwise: string) => (typeof said[name] === "string" ? said[name] : otherwise);
  return new Problem(
    text("code", `http_${status}`),
    text("title", status >= 500 ? "Something went wrong inside WhatIsUp" : "That did not work"),
    text("detail", status >= 500 ? "The log says more. Try again." : `The answer was ${status}.`),
    status,
    Array.isArray(said.errors) ? (said.errors as FieldError[]) : [],
    typeof said.channel === "string" ? said.channel : null,
  );
}

/** Whatever was thrown, as a Problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) return unreachable();
  if (thrown instanceof DOMException && (thrown.name === "TimeoutError" || thrown.name === "AbortError")) {
    return new Problem("timeout", "No answer in time", "WhatIsUp took too long to answer. Try again.", 0);
  }
  return new Problem("unexpected", "That did not work", thrown instanceof Error ? thrown.message : String(thrown), 0);
}
