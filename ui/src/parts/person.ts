// People and chats as a person knows them: a name, a phone number. An address of WhatsApp's only where something is decided
// about a chat that has nothing else to tell it from another.
import type { Message, Person } from "../api/types";

/** `+15550100123` as `+1 555 010 0123`; numbers of other plans as they are. */
export function phoneNumber(phone: string): string {
  const digits = phone.replace(/\D/g, "");
  const north = /^1(\d{3})(\d{3})(\d{4})$/.exec(digits);
  return north ? `+1 ${north[1]} ${north[2]} ${north[3]}` : `+${digits}`;
}

/** The best name there is, or null. */
export function personName(person: Person | null | undefined): string | null {
  return person?.name || (person?.phone ? phoneNumber(person.phone) : null);
}

/** Who a chat is with. A chat id that holds no phone number has nothing for a person to read. */
export function chatName(chat: string, known?: Person): string {
  const [user = "", server = ""] = chat.split("@");
  if (server === "g.us") return "Group";
  if (server === "broadcast") return user === "status" ? "Status updates" : "Broadcast list";
  if (server === "newsletter") return "Newsletter";
  if (server === "s.whatsapp.net" && /^\d+$/.test(user)) return known?.name || phoneNumber(user);
  return personName(known) ?? "Number hidden";
}

/** One chat and no other: what there is to know it by. */
export interface Whom {
  /** A name that somebody gave it, if one is known. Several chats may have the same. */
  name: string | null;
  /** The phone number, or of what kind it is. */
  label: string;
  /** WhatsApp's address, where the label does not tell it from others. */
  address: string | null;
}

/** Which chat it is, for the places where something is decided about it: never only that it is a group. */
export function whichChat(chat: string, known?: Person): Whom {
  const [user = "", server = ""] = chat.split("@");
  const label = chatName(chat);
  const phone = server === "s.whatsapp.net" && /^\d+$/.test(user);
  const only = phone || chat === "status@broadcast";
  const kinds = ["s.whatsapp.net", "lid", "g.us", "broadcast", "newsletter"];
  return { name: known?.name || null, label: kinds.includes(server) ? label : "Chat", address: only ? null : chat };
}

/** The same in a line of text. */
export function whichChatInWords(chat: string, known?: Person): string {
  const { name, label, address } = whichChat(chat, known);
  return [name, label, address].filter(Boolean).join(" ");
}

/** Whom a message is with: the sender of an inbound one, the chat of an outbound one. */
export function correspondent(message: Message): string {
  if (message.direction === "inbound" && !message.from_me && !message.chat.endsWith("@g.us")) {
    return personName(message.sender) ?? chatName(message.chat);
  }
  return chatName(message.chat);
}

/** What may be written in a phone field, as `+E.164`; null when it cannot be a number. */
export function readPhone(written: string): string | null {
  const digits = written.replace(/[\s().\-/]/g, "").replace(/^\+|^00/, "");
  return /^\d{7,15}$/.test(digits) ? `+${digits}` : null;
}
