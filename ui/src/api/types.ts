// Short names for the generated types, so that pages read well.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Channel = Schemas["Channel"];
export type ChannelState = Schemas["ChannelState"];
export type Message = Schemas["Message"];
export type Content = Schemas["Content"];
export type Failure = Schemas["Failure"];
export type Person = Schemas["Person"];
export type OutboxCounts = Schemas["OutboxCounts"];
export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["Delivery"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type Attempt = Schemas["Attempt"];
export type TestAnswer = Schemas["WebhookTest"];
export type Stats = Schemas["Stats"];
export type Workers = Schemas["Workers"];
export type Snapshot = Schemas["Snapshot"];
export type Gap = Schemas["Gap"];
export type Tone = "idle" | "connected" | "working" | "attention" | "broken";

/** An entry of the event log. What `data` holds depends on the type; pages look at the parts they know. */
export interface LogEvent {
  id: string;
  seq: number;
  type: string;
  timestamp: string;
  channel_id: string | null;
  data: { channel?: Channel; message?: Message; name?: string; [more: string]: unknown };
}
