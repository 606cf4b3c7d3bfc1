// A made-up message, for tests.
import type { Message } from "../src/api/types";

export const NOW = Date.parse("2026-01-01T12:00:00Z");
export const at = (ms: number) => new Date(NOW + ms).toISOString();

export function message(status: string, more: Partial<Message> = {}): Message {
  return {
    id: `msg_${status}`,
    channel_id: "ch_a",
    whatsapp_id: "3EB0",
    chat: "15550100123@s.whatsapp.net",
    direction: "outbound",
    sender: { phone: null, lid: null, name: null },
    from_me: true,
    content: { type: "text", text: "Hello" },
    status,
    at: at(-1000),
    updated_at: at(0),
    attempts: 0,
    reactions: [],
    ...more,
  };
}
