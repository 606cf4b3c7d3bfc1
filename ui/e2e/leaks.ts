// What the browser's tests make up that must stay where it belongs, and what they see of the program: kept for `whatisup-leaks`,
// beside what the Rust tests keep, where LEAKS names a folder.
import { appendFile, cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const folder = process.env.LEAKS;

async function know(kind: "secret" | "text", what: string, value: string): Promise<void> {
  const telling = kind === "secret" ? value.length >= 10 : (value.length >= 10 && /\s/.test(value)) || value.length >= 20;
  if (folder && telling) await appendFile(join(folder, "known.jsonl"), `${JSON.stringify({ kind, what, value })}\n`);
}

/** The texts and passphrases in what is asked of the API. */
export async function harvest(body: unknown): Promise<void> {
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const walk = async (value: unknown, name: string): Promise<void> => {
    if (typeof value === "string") {
      if (name === "text") await know("text", "a message's text", value);
      if (["passphrase", "key", "secret", "poll_token", "ticket"].includes(name)) await know("secret", name, value.replace(/^whsec_/, ""));
    } else if (Array.isArray(value)) for (const one of value) await walk(one, name);
    else if (value && typeof value === "object") for (const [name, one] of Object.entries(value)) await walk(one, name);
  };
  await walk(body, "");
}

/** The data directory of a program that has ended, what it printed, and its keys. */
export async function keep(data: string, keyFile: string, printed: string): Promise<void> {
  if (!folder) return;
  for (const part of ["seen", "data"]) await mkdir(join(folder, part), { recursive: true });
  const { secrets } = JSON.parse(await readFile(keyFile, "utf8")) as { secrets: Record<string, string> };
  for (const [name, secret] of Object.entries(secrets)) await know("secret", name, secret);
  const to = await mkdtemp(join(folder, "data", "of-"));
  await cp(data, to, { recursive: true, filter: (from) => !/sandbox\.json$|\.sock$/.test(from) });
  await writeFile(`${to.replace("/data/of-", "/seen/printed-")}.log`, printed);
}
