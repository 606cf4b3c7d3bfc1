import { mount, unmount } from "svelte";
import { describe, expect, it } from "vitest";
import type { Permit } from "../src/api/apps";
import PermitBounds from "../src/parts/PermitBounds.svelte";
import { allScopes, asAsked, channelsOf, differ, meaning, narrowed, peopleOf, permitsInWords } from "../src/parts/scopes";

const permit = (scope: Permit["scope"], channels: string[] | null = null, recipients: string[] | null = null): Permit => ({ scope, channels, recipients });
const ada = "15550100101@s.whatsapp.net";
const grace = "15550100142@s.whatsapp.net";

/** Whether `given` is no more than `asked`, by the rules of the core. */
function within(given: Permit[], asked: Permit[]): boolean {
  const inside = (a: string[] | null | undefined, b: string[] | null | undefined) => !b || (a ?? null) !== null && (a ?? []).every((one) => b.includes(one));
  const implied: Record<string, string[]> = { "messages:send": ["messages:send:ask"], "channels:manage": ["channels:read"] };
  return given.every((one) =>
    asked.some((other) => (other.scope === one.scope || implied[other.scope]?.includes(one.scope)) && inside(one.channels, other.channels) && inside(one.recipients, other.recipients)),
  );
}

describe("what a person allows", () => {
  const asked = [permit("channels:read"), permit("messages:read", ["ch_a", "ch_b"]), permit("messages:send", null, [ada, grace]), permit("apps:manage")];

  it("is what was asked for, unless somebody makes it less", () => {
    expect(narrowed(asked, asAsked)).toEqual(asked);
  });

  it("leaves out what was switched off, and asks first where that was chosen", () => {
    const given = narrowed(asked, { ...asAsked, without: [0, 3], asking: true });
    expect(given.map(({ scope }) => scope)).toEqual(["messages:read", "messages:send:ask"]);
  });

  it("is bound to the channels and people that were chosen, each permit within its own bounds", () => {
    const given = narrowed(asked, { without: [], asking: false, channels: ["ch_b"], people: [ada] });
    expect(given).toEqual([permit("channels:read", ["ch_b"]), permit("messages:read", ["ch_b"], [ada]), permit("messages:send", ["ch_b"], [ada]), permit("apps:manage")]);
  });

  it("is never a permit for all when what was chosen and what was asked for have nothing in common", () => {
    expect(narrowed([permit("messages:read", ["ch_a"])], { ...asAsked, channels: ["ch_b"] })).toEqual([]);
    expect(narrowed([permit("messages:send")], { ...asAsked, people: [] })).toEqual([]);
    expect(narrowed([permit("channels:read")], { ...asAsked, channels: [] })).toEqual([]);
  });

  it("is never more than was asked for, whatever is chosen", () => {
    const few = [null, [], ["ch_a"], ["ch_b", "ch_c"]];
    const who = [null, [], [ada], [grace, "15550100177@s.whatsapp.net"]];
    for (const scope of allScopes) {
      for (const channels of few) for (const people of who) for (const asking of [true, false]) for (const without of [[], [0], [1]]) {
        const wanted = [permit(scope, ["ch_a", "ch_b"], [ada]), permit(scope)];
        const given = narrowed(wanted, { without, asking, channels, people });
        expect(within(given, wanted), JSON.stringify({ scope, channels, people, asking, without, given })).toBe(true);
        for (const one of given) expect([one.channels?.length, one.recipients?.length]).not.toContain(0);
      }
    }
  });

  it("says the same thing once", () => {
    expect(narrowed([permit("messages:send"), permit("messages:send:ask")], { ...asAsked, asking: true })).toEqual([permit("messages:send:ask")]);
  });
});

describe("rights in words", () => {
  it("have words for every scope, and for one of a later version", () => {
    expect(new Set(allScopes.map((scope) => meaning(scope).label)).size).toBe(8);
    expect(meaning("calls:make").label).toBe("calls:make");
  });

  it("name channels and people, not ids", () => {
    const nameOf = (id: string) => (id === "ch_a" ? "Front desk" : undefined);
    const said = (...permits: Permit[]) => {
      const target = document.createElement("div");
      const shown = mount(PermitBounds, { target, props: { permits, nameOf } });
      const words = target.textContent.trim();
      void unmount(shown);
      return words;
    };
    expect(said(permit("messages:send", ["ch_a"], [grace]))).toBe("Only on Front desk, with +1 555 010 0142.");
    expect(said(permit("messages:read", ["ch_a", "ch_x"]))).toBe("Only on Front desk and a channel that is gone.");
    expect(said(permit("events:read"))).toBe("");
    expect(said(permit("messages:send", null, []))).toBe("Only with nobody.");
    expect(said(permit("messages:send"), permit("messages:send", ["ch_a"]))).toBe("Only everywhere; and on Front desk.");
    // One group is not another, and none of many is left out.
    expect(said(permit("messages:send", null, [grace, "120363041234567890@g.us", "100000012345678@lid"]))).toBe(
      "Only with +1 555 010 0142, Group 120363041234567890@g.us and Number hidden 100000012345678@lid.",
    );
    expect(permitsInWords([])).toBe("Nothing");
  });

  it("know when one bound tells of all", () => {
    expect(differ([permit("channels:read", ["ch_a"]), permit("messages:read", ["ch_a"]), permit("apps:manage")])).toBe(false);
    expect(differ([permit("channels:read", ["ch_a"]), permit("events:read")])).toBe(true);
    expect(differ([permit("messages:send:ask"), permit("messages:send", null, [ada])])).toBe(true);
    expect(channelsOf([permit("channels:read", ["ch_a"]), permit("events:read")])).toBeNull();
    expect(channelsOf([permit("channels:read", ["ch_a"]), permit("messages:read", ["ch_b"])])).toEqual(["ch_a", "ch_b"]);
    expect(peopleOf([permit("channels:read"), permit("messages:send", null, [ada])])).toEqual([ada]);
  });
});
