// What is true right now: the channels from the stream's snapshot, kept current by its events.
import type { Channel, LogEvent, Snapshot } from "../api/types";
import type { SseMessage } from "../api/sse";

export type Link = "connecting" | "live" | "offline";
type Listener = (event: LogEvent) => void;

export class Live {
  link = $state<Link>("connecting");
  /** When the next try is due, in ms since the epoch, while there is no stream. */
  retryAt = $state<number | null>(null);
  channels = $state.raw<Channel[]>([]);
  /** Whether `channels` has been filled once. */
  known = $state(false);
  /** The newest event heard since the page was opened. */
  last = $state.raw<LogEvent | null>(null);
  /** Rises when history was lost, so that lists that were built from events load again. */
  gaps = $state(0);
  seq = $state(0);

  #listeners = new Set<Listener>();
  // Deltas up to here were in the snapshot already; replaying them would show the past as the present.
  #snapshotAt = 0;

  stuck = $derived(this.channels.filter((channel) => channel.stuck_since));
  flapping = $derived(this.channels.filter((channel) => channel.flapping_since && !channel.stuck_since));

  channel(id: string): Channel | undefined {
    return this.channels.find((channel) => channel.id === id);
  }

  /** Tells `listener` of every new event until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes one message of the stream. */
  take(message: SseMessage): void {
    const body: unknown = JSON.parse(message.data);
    if (message.event === "snapshot") this.#snapshot(body as Snapshot);
    else if (message.event === "gap") this.gaps += 1;
    else this.#event(body as LogEvent);
  }

  /** A channel as a command's answer shows it; the stream says the same a moment later. */
  put(channel: Channel): void {
    const at = this.channels.findIndex((known) => known.id === channel.id);
    this.channels = at < 0 ? [...this.channels, channel] : this.channels.with(at, channel);
  }

  remove(id: string): void {
    this.channels = this.channels.filter((channel) => channel.id !== id);
  }

  #snapshot(snapshot: Snapshot): void {
    this.channels = snapshot.channels;
    // A log that is younger than what was heard is another log: a backup was brought back.
    if (snapshot.seq < (this.last?.seq ?? 0)) this.last = null;
    this.#snapshotAt = snapshot.seq;
    this.seq = Math.max(this.seq, snapshot.seq);
    this.known = true;
  }

  #event(event: LogEvent): void {
    // They come in order, so what is not beyond the last one came before.
    if (event.seq <= (this.last?.seq ?? 0)) return;
    this.seq = Math.max(this.seq, event.seq);
    this.last = event;
    if (event.seq > this.#snapshotAt) {
      if (event.type === "channel.deleted" && event.channel_id) this.remove(event.channel_id);
      else if (event.type.startsWith("channel.") && event.data.channel) this.put(event.data.channel);
    }
    for (const listener of this.#listeners) listener(event);
  }
}
