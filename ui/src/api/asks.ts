// Messages that a program proposes and a person sends, changes or denies.
import { answered, type Api } from "./connection";
import type { components } from "./schema";

type Schemas = components["schemas"];
/** Known by the message's id. */
export type Ask = Schemas["Ask"] & { id: string };

const at = (id: string) => ({ params: { path: { id } } });

export const asks = {
  waiting: async (api: Api): Promise<Ask[]> => (await answered(api.http.GET("/v1/asks"))).items.map((ask) => ({ ...ask, id: ask.message.id })),
  /** `content` when the person changed it; `always`: what this app sends to this chat is not asked about again. */
  approve: (api: Api, id: string, body: Schemas["ApprovalIn"]) => answered(api.http.POST("/v1/messages/{id}/approve", { ...at(id), body })),
  deny: (api: Api, id: string) => answered(api.http.POST("/v1/messages/{id}/deny", at(id))),
};
