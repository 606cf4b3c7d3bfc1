// Moments as a person types them (local time, to the minute) and as the API takes them.

/** What an `<input type="datetime-local">` shows for a moment. */
export function asLocal(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment meant by what was typed, or null. */
export function fromLocal(typed: string): Date | null {
  const at = new Date(typed);
  return typed && !Number.isNaN(at.getTime()) ? at : null;
}

/** What is wrong with when a message should leave and when it should be given up, per field. */
export function wrongTimes(sendAt: string, expiresAt: string, now: number): { sendAt?: string; expiresAt?: string } {
  const [leave, end] = [fromLocal(sendAt), fromLocal(expiresAt)];
  const wrong: { sendAt?: string; expiresAt?: string } = {};
  // A minute that has begun is still meant as now.
  if (leave && leave.getTime() < now - 60_000) wrong.sendAt = "This moment has passed.";
  if (end && end.getTime() <= now) wrong.expiresAt = "This moment has passed.";
  else if (end && leave && end <= leave) wrong.expiresAt = "It must be later than when the message leaves.";
  return wrong;
}
