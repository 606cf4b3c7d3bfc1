// What an app may do, in words, and how a person makes that less.
import { Activity, Eye, LayoutGrid, MessageSquareText, MessagesSquare, SendHorizontal, ShieldUser, Webhook } from "@lucide/svelte";
import type { Permit, Scope } from "../api/apps";
import type { Symbol } from "./words";

interface Meaning {
  label: string;
  /** What it comes to, as a sentence. */
  words: string;
  symbol: Symbol;
  /** Why one should think twice. */
  careful?: string;
  byChannel: boolean;
  byChat: boolean;
}

export const meanings: Record<Scope, Meaning> = {
  "channels:read": { label: "See channels", words: "Names, phone numbers, and whether they are connected.", symbol: Eye, byChannel: true, byChat: false },
  "channels:manage": {
    label: "Manage channels",
    words: "Add, pair, start, stop and delete channels.",
    careful: "It can move a session to another machine, or destroy it.",
    symbol: LayoutGrid,
    byChannel: true,
    byChat: false,
  },
  "messages:read": { label: "Read messages", words: "Sent and received, with who wrote them.", symbol: MessagesSquare, byChannel: true, byChat: true },
  "messages:send": {
    label: "Send messages by itself",
    words: "As you, without asking.",
    careful: "What it sends cannot be taken back by WhatIsUp.",
    symbol: SendHorizontal,
    byChannel: true,
    byChat: true,
  },
  "messages:send:ask": { label: "Send messages, asking you each time", words: "Each one waits until you approve, change or deny it.", symbol: MessageSquareText, byChannel: true, byChat: true },
  "events:read": { label: "Follow what happens", words: "As it happens; messages only where it may read them.", symbol: Activity, byChannel: true, byChat: false },
  "webhooks:manage": {
    label: "Set up webhooks",
    words: "Have what it may see sent to an address of its choice.",
    symbol: Webhook,
    byChannel: true,
    byChat: false,
  },
  "apps:manage": {
    label: "Look after apps",
    words: "See all apps, take rights away from them, and read the audit log.",
    careful: "It can lock other programs out.",
    symbol: ShieldUser,
    byChannel: false,
    byChat: false,
  },
};

export const allScopes = Object.keys(meanings) as Scope[];

/** A scope that a later version knows: still shown, as what it is called. */
export function meaning(scope: string): Meaning {
  return meanings[scope as Scope] ?? { label: scope, words: "Not known to this version.", symbol: ShieldUser, careful: "Nobody here can tell what it means.", byChannel: true, byChat: true };
}

/** What a person makes of what was asked for. */
export interface Narrowing {
  /** Those that are not given, by their place in the request. */
  without: number[];
  /** Sending only after being asked. */
  asking: boolean;
  /** Only these; null: as asked for. */
  channels: string[] | null;
  people: string[] | null;
}

export const asAsked: Narrowing = { without: [], asking: false, channels: null, people: null };

/** What is given: never more than was asked for. */
export function narrowed(asked: Permit[], by: Narrowing): Permit[] {
  const given = asked
    .filter((_, n) => !by.without.includes(n))
    .map((permit): Permit => {
      const scope = by.asking && permit.scope === "messages:send" ? "messages:send:ask" : permit.scope;
      const { byChannel, byChat } = meaning(scope);
      return {
        scope,
        channels: byChannel ? meet(permit.channels ?? null, by.channels) : null,
        recipients: byChat ? meet(permit.recipients ?? null, by.people) : null,
      };
    })
    .filter(({ channels, recipients }) => channels?.length !== 0 && recipients?.length !== 0);
  const known = new Set<string>();
  return given.filter((permit) => {
    const said = JSON.stringify(permit);
    return !known.has(said) && known.add(said);
  });
}

function meet(asked: string[] | null, chosen: string[] | null): string[] | null {
  if (asked === null) return chosen;
  return chosen === null ? asked : asked.filter((one) => chosen.includes(one));
}

/** The channels that are asked for over all permits; null: all. */
export function channelsOf(permits: Permit[]): string[] | null {
  return union(permits.filter(({ scope }) => meaning(scope).byChannel).map(({ channels }) => channels ?? null));
}

/** Whom it wants to write to or read from; null: anybody. Empty when it is not about messages. */
export function peopleOf(permits: Permit[]): string[] | null {
  return union(permits.filter(({ scope }) => meaning(scope).byChat).map(({ recipients }) => recipients ?? null));
}

function union(all: (string[] | null)[]): string[] | null {
  return all.includes(null) ? null : [...new Set(all.flat() as string[])];
}

/** Whether each permit has bounds of its own, so that no one bound tells of all. */
export function differ(permits: Permit[]): boolean {
  const kinds = (of: Permit[], bound: (permit: Permit) => string[] | null | undefined) => new Set(of.map((permit) => JSON.stringify(bound(permit) ?? null))).size;
  const scopes = new Set(permits.map(({ scope }) => scope));
  return (
    scopes.size < permits.length ||
    kinds(permits.filter(({ scope }) => meaning(scope).byChannel), ({ channels }) => channels) > 1 ||
    kinds(permits.filter(({ scope }) => meaning(scope).byChat), ({ recipients }) => recipients) > 1
  );
}

export const aboutMessages = (permits: Permit[]) => permits.some(({ scope }) => meaning(scope).byChat);
export const aboutChannels = (permits: Permit[]) => permits.some(({ scope }) => meaning(scope).byChannel);

/** `all channels`, `Front desk and Deliveries`, `3 channels`. */
export function channelsInWords(channels: string[] | null | undefined, nameOf: (id: string) => string | undefined): string {
  if (!channels) return "all channels";
  const names = channels.map((id) => nameOf(id) ?? "a channel that is gone");
  return names.length > 2 ? `${names.length} channels` : names.join(" and ");
}

/** How far one permit goes, in what its scope is about; null: as far as there is. */
export function reachOf(permit: Permit): { channels: string[] | null; people: string[] | null } {
  const { byChannel, byChat } = meaning(permit.scope);
  return { channels: (byChannel && permit.channels) || null, people: (byChat && permit.recipients) || null };
}

/** All of it in a line, the weightiest first. */
export function permitsInWords(permits: Permit[]): string {
  const labels = [...new Set(permits.map(({ scope }) => meaning(scope).label))];
  return labels.length ? labels.join(" · ") : "Nothing";
}
