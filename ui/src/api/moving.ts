// Sessions that leave and come: one sealed file, or the directory of Baileys.
import { answered, type Api } from "./connection";
import type { components } from "./schema";

type Schemas = components["schemas"];

export const SHORTEST_PASSPHRASE = 12;

export interface Session {
  name?: string;
  duplicate?: boolean;
}

export const moving = {
  /** Stops the channel; the file that makes it elsewhere, with the name it is to have. */
  async file(api: Api, channel: string, passphrase: string): Promise<{ blob: Blob; name: string }> {
    const { blob, named } = await api.bytes("POST", `/v1/channels/${channel}/export`, { passphrase });
    return { blob, name: named ?? "channel.whatisup" };
  },

  /** Stops the channel; what Baileys has in its directory, sealed with nothing. */
  async baileys(api: Api, channel: string): Promise<Schemas["BaileysExport"]> {
    return api.plain<Schemas["BaileysExport"]>("POST", `/v1/channels/${channel}/export`, { format: "baileys" });
  },

  async fromFile(api: Api, file: File, passphrase: string, session: Session): Promise<Schemas["ImportedChannel"]> {
    return bring(api, { file: await base64(file), passphrase, start: true, ...session });
  },

  async fromBaileys(api: Api, files: File[], session: Session): Promise<Schemas["ImportedChannel"]> {
    return bring(api, { baileys: { files: await texts(files) }, start: true, ...session });
  },
};

function bring(api: Api, body: Schemas["ImportIn"]): Promise<Schemas["ImportedChannel"]> {
  return answered(api.http.POST("/v1/channels/import", { body }));
}

/** Hands a file to the person, as if it had been linked to. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The directory's own files by name; what lies deeper is none of Baileys'. */
async function texts(files: File[]): Promise<Record<string, string>> {
  const own = files.filter((file) => file.name.endsWith(".json") && file.webkitRelativePath.split("/").length <= 2);
  return Object.fromEntries(await Promise.all(own.map(async (file) => [file.name, await file.text()] as const)));
}
