// Messages that a program proposes and a person sends, changes or denies.
import type { Api } from "./connection";
import type { Content, Message, Page } from "./types";

export interface Ask {
  /** The message's id. */
  id: string;
  message: Message;
  app: { id: string; name: string } | null;
  /** Until when somebody may say so. */
  expires_at: string | null;
}

interface AskOut {
  message: Message;
  app?: { id: string; name: string } | null;
  expires_at?: string | null;
}

export const asks = {
  waiting: async (api: Api): Promise<Ask[]> =>
    (await api.plain<Page<AskOut>>("GET", "/v1/asks")).items.map(({ message, app, expires_at }) => ({
      id: message.id,
      message,
      app: app ?? null,
      expires_at: expires_at ?? null,
    })),
  /** `content` when the person changed it; `always`: what this app sends to this chat is not asked about again. */
  approve: (api: Api, id: string, body: { content?: Content; always?: boolean }) =>
    api.plain<Message>("POST", `/v1/messages/${encodeURIComponent(id)}/approve`, body),
  deny: (api: Api, id: string) => api.plain<Message>("POST", `/v1/messages/${encodeURIComponent(id)}/deny`),
};
