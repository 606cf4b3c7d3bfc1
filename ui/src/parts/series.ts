// The arithmetic of the charts: hours without anything are zero, and parts of a bar lie on one another.

export interface Series {
  key: string;
  label: string;
  /** The token that colours it. */
  colour: string;
  /** Drawn in stripes, so that it differs in more than colour. */
  striped?: boolean;
}

export type Point = { at: string } & Record<string, number | string>;

/** One point for each bucket of [from, until), in order; the times are seconds since the epoch. */
export function filled(points: Point[], keys: string[], from: string, bucketSeconds: number, until: number): { at: number; values: number[] }[] {
  const start = Math.floor(Date.parse(from) / 1000 / bucketSeconds) * bucketSeconds;
  const end = Math.floor(until / 1000);
  const rows: { at: number; values: number[] }[] = [];
  for (let at = start; at <= end && rows.length < 1000; at += bucketSeconds) rows.push({ at, values: keys.map(() => 0) });
  for (const point of points) {
    const row = rows[Math.floor((Date.parse(point.at) / 1000 - start) / bucketSeconds)];
    keys.forEach((key, n) => {
      if (row) row.values[n] = (row.values[n] ?? 0) + Number(point[key] ?? 0);
    });
  }
  return rows;
}

/** For each series the top of its part of the bar, the first at the bottom. */
export function stacked(rows: { values: number[] }[], count: number): number[][] {
  return Array.from({ length: count }, (_, n) => rows.map((row) => row.values.slice(0, n + 1).reduce((sum, value) => sum + value, 0)));
}

export function totals(rows: { values: number[] }[], count: number): number[] {
  return Array.from({ length: count }, (_, n) => rows.reduce((sum, row) => sum + (row.values[n] ?? 0), 0));
}

/** The highest mark of an axis of whole numbers, and the step between marks. */
export function scale(highest: number): { top: number; step: number } {
  const step = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, e) => n * 10 ** e)).sort((a, b) => a - b).find((n) => n * 4 >= highest) ?? highest / 4;
  return { top: Math.max(4 * step, 4), step };
}
