// uPlot, dressed in the page's tokens: stacked bars of whole numbers over hours.
import uPlot from "uplot";
import type { Series } from "./series";
import { time } from "./when";

const HEIGHT = 180;

export class Plot {
  #plot: uPlot | null = null;
  #data: uPlot.AlignedData = [[]];
  #step = 1;
  #top = 4;
  #watch: ResizeObserver;
  #theme: MutationObserver;

  constructor(
    private readonly box: HTMLElement,
    private readonly series: Series[],
    private readonly bucketSeconds: number,
    private readonly pointed: (at: number | null) => void,
  ) {
    this.#watch = new ResizeObserver(() => this.#plot?.setSize({ width: Math.max(box.clientWidth, 120), height: HEIGHT }));
    this.#watch.observe(box);
    // Colours are read when drawn, so another theme is another drawing.
    this.#theme = new MutationObserver(() => this.#make());
    this.#theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** `tops[n]` are the heights up to and with series n. */
  show(times: number[], tops: number[][], axis: { top: number; step: number }): void {
    // The whole bar is drawn first, its lower parts over it; a part of nothing is not drawn at all.
    const parts = tops.map((row, n) => row.map((top, at) => (top > (tops[n - 1]?.[at] ?? 0) ? top : null)));
    this.#data = [times, ...parts.toReversed()] as uPlot.AlignedData;
    [this.#top, this.#step] = [axis.top, axis.step];
    if (this.#plot) this.#plot.setData(this.#data);
    else this.#make();
  }

  destroy(): void {
    this.#watch.disconnect();
    this.#theme.disconnect();
    this.#plot?.destroy();
  }

  #make(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(this.box);
    const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const ink = token("ink-3");
    const grid = token("line");
    const font = `12px ${style.fontFamily}`;
    const bars = uPlot.paths.bars?.({ size: [0.72, 26], align: 1 });
    const hour = this.bucketSeconds;
    this.#plot = new uPlot(
      {
        width: Math.max(this.box.clientWidth, 120),
        height: HEIGHT,
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
        scales: {
          x: { range: (_, from, to) => [from, to + hour] },
          y: { range: () => [0, this.#top] },
        },
        axes: [
          {
            stroke: ink,
            font,
            size: 24,
            gap: 4,
            grid: { show: false },
            ticks: { show: false },
            // Round hours of the local clock, as many as there is room for.
            splits: (plot) => marks(plot.data[0] as number[], plot.width < 420 ? 6 : 4),
            values: (_, splits) => splits.map((at) => time(new Date(at * 1000).toISOString())),
          },
          {
            stroke: ink,
            font,
            size: 44,
            gap: 6,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            splits: () => Array.from({ length: Math.round(this.#top / this.#step) + 1 }, (_, n) => n * this.#step),
            values: (_, splits) => splits.map((value) => short(value)),
          },
        ],
        series: [
          {},
          ...this.series.toReversed().map((one) => ({
            fill: one.striped ? () => stripes(token(one.colour), token("panel")) : token(one.colour),
            // A hair of the panel between the parts, so that they are told apart by more than their colour.
            stroke: token(one.striped ? one.colour : "panel"),
            width: 1,
            ...(bars ? { paths: bars } : {}),
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [(plot) => this.pointed(plot.cursor.left !== undefined && plot.cursor.left >= 0 ? (plot.cursor.idx ?? null) : null)] },
      },
      this.#data,
      this.box,
    );
  }
}

/** The marks of the time axis: the starts of every `hours`-th hour of the local day. */
function marks(times: number[], hours: number): number[] {
  return times.filter((at) => new Date(at * 1000).getHours() % hours === 0);
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}

function stripes(colour: string, ground: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  const side = 6 * Math.max(1, Math.round(devicePixelRatio));
  tile.width = tile.height = side;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = colour;
  pen.lineWidth = side / 3;
  pen.beginPath();
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat") ?? colour;
}
