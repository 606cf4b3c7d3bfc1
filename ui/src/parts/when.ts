// Times and durations as people say them.

const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const withSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dayAndTime = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hour12: false });

export const time = (at: string) => clockTime.format(new Date(at));
export const timeWithSeconds = (at: string) => withSeconds.format(new Date(at));
export const fullTime = (at: string) => full.format(new Date(at));

/** The time of day if it is today, with the day otherwise. */
export function shortTime(at: string, now: number): string {
  const date = new Date(at);
  return date.toDateString() === new Date(now).toDateString() ? clockTime.format(date) : dayAndTime.format(date);
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`. Never negative. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return h < 48 && h % 24 ? `1 d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

/** The same for a screen reader: `2 hours 5 minutes`. */
export function spokenSpan(ms: number): string {
  const words: Record<string, string> = { s: "second", min: "minute", h: "hour", d: "day" };
  return span(ms).replace(/(\d+) (s|min|h|d)\b/g, (_, n: string, unit: string) => `${n} ${words[unit]}${n === "1" ? "" : "s"}`);
}

/** `13:00–14:00`, the hour (or other stretch) that begins at `ms`. */
export function hourSpan(ms: number, seconds: number): string {
  return `${clockTime.format(ms)}–${clockTime.format(ms + seconds * 1000)}`;
}
