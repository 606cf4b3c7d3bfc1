// Short names for the generated types, so that pages read well.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Channel = Schemas["Channel"] & { flapping_since?: string | null };
export type ChannelState = Schemas["ChannelState"];
export type Person = Schemas["Person"];
export type Snapshot = Omit<Schemas["Snapshot"], "channels"> & { channels: Channel[] };
export type Gap = Schemas["Gap"];
export type Tone = "idle" | "connected" | "working" | "attention" | "broken";

export type Content =
  | Schemas["Content"]
  | { type: "reaction"; target: string; emoji: string }
  | { type: "edit"; target: string; text: string }
  | { type: "revoke"; target: string };
export type Failure = Schemas["Failure"];
export interface Reaction {
  by: Person;
  emoji: string;
  at: string;
}
export type Message = Omit<Schemas["Message"], "content"> & {
  content: Content;
  send_at?: string | null;
  expires_at?: string | null;
  attempts?: number;
  next_attempt_at?: string | null;
  setback?: Failure | null;
  edited_at?: string | null;
  revoked_at?: string | null;
  reactions?: Reaction[];
};

export interface OutboxCounts {
  queued: number;
  sending: number;
  scheduled: number;
  failed: number;
}
export interface OutboxPage {
  messages: Message[];
  next?: string | null;
  counts: OutboxCounts;
}

export interface SecretInfo {
  created_at: string;
  expires_at?: string | null;
}
export interface Webhook {
  id: string;
  url: string;
  description: string;
  channels: string[];
  types: string[];
  header_names: string[];
  concurrency: number;
  status: string;
  status_reason?: string | null;
  status_since?: string | null;
  summary: string;
  failing_since?: string | null;
  pending: number;
  oldest_pending_at?: string | null;
  secrets: SecretInfo[];
  created_at: string;
  updated_at: string;
}
export interface WebhookIn {
  url: string;
  description?: string;
  channels?: string[];
  types?: string[];
  headers?: Record<string, string>;
  concurrency?: number;
}
export interface TestAnswer {
  status?: number | null;
  latency_ms: number;
  answer: string;
  error?: string | null;
  delivered: boolean;
}
export interface Delivery {
  id: string;
  webhook_id: string;
  event_id: string;
  seq: number;
  type: string;
  channel_id?: string | null;
  status: string;
  attempts: number;
  next_attempt_at?: string | null;
  created_at: string;
  finished_at?: string | null;
}
export interface Attempt {
  at: string;
  latency_ms: number;
  status?: number | null;
  answer: string;
  error?: string | null;
  delivered: boolean;
}
export type DeliveryDetail = Delivery & { payload: LogEvent | null; attempts_log: Attempt[] };

export interface Stats {
  from: string;
  bucket_seconds: number;
  messages: { at: string; sent: number; received: number; failed: number }[];
  deliveries: { at: string; delivered: number; failed: number }[];
}

/** An entry of the event log. What `data` holds depends on the type; pages look at the parts they know. */
export interface LogEvent {
  id: string;
  seq: number;
  type: string;
  timestamp: string;
  channel_id: string | null;
  data: { channel?: Channel; message?: Message; name?: string; [more: string]: unknown };
}
