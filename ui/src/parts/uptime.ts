// The uptime strip's arithmetic: segments of time become bars between 0 and 1.

export interface Segment {
  from: string;
  to: string;
  status: string;
}

export interface Bar {
  x: number;
  width: number;
  status: string;
}

// Before the channel was made there is nothing to tell.
const UNTOLD = "absent";

/** The bars of [from, until]; what the server reported last goes on as `current` until now. */
export function bars(segments: Segment[], current: { status: string; since: string } | undefined, from: number, until: number): Bar[] {
  const drawn: Bar[] = [];
  const whole = until - from;
  const put = (start: number, end: number, status: string) => {
    const [a, b] = [Math.max(start, from), Math.min(end, until)];
    if (b > a && status !== UNTOLD) drawn.push({ x: (a - from) / whole, width: (b - a) / whole, status });
  };
  const since = current ? Date.parse(current.since) : until;
  for (const segment of segments) put(Date.parse(segment.from), Math.min(Date.parse(segment.to), Math.max(since, from)), segment.status);
  if (current) put(since, until, current.status);
  return drawn;
}

/** The share of the known time spent in `status`. */
export function share(drawn: Bar[], status: string): number {
  const known = drawn.reduce((sum, bar) => sum + bar.width, 0);
  const of = drawn.reduce((sum, bar) => sum + (bar.status === status ? bar.width : 0), 0);
  return known > 0 ? of / known : 0;
}
