import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { holdsHidden, mixesAlphabets, pieces, plainly, withoutHidden } from "../src/parts/untrusted";

const said = (text: string, most = 64, lines = false) => pieces(text, most, lines).map(({ text: shown, kind }) => (kind === "plain" ? shown : `<${shown}>`)).join("");

describe("the words of a program", () => {
  it("show every character that turns text around or cannot be seen", () => {
    expect(said("pay\u202etxt.exe")).toBe("pay<U+202E>txt.exe");
    expect(said("a\u200bb\u00adc\u2066d\u2069")).toBe("a<U+200B>b<U+00AD>c<U+2066>d<U+2069>");
    expect(said("line\none\ttwo\u0007\u001b[31m")).toBe("line<↵>one<U+0009>two<U+0007><U+001B>[31m");
    expect(said("\ufeff\u2028\u3164\u2800\u{e0041}")).toBe("<U+FEFF><U+2028><U+3164><U+2800><U+E0041>");
    for (const bidi of ["\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"]) {
      expect(pieces(`a${bidi}b`, 64).some(({ text }) => text.includes(bidi)), bidi.codePointAt(0)?.toString(16)).toBe(false);
    }
  });

  it("leave alone what people write: emoji, accents, other scripts", () => {
    for (const plain of ["Café Müller", "📦 Order bot 👩‍💻", "❤️ 1️⃣", "مساعد المكتب", "注文ボット", "e\u0301"]) expect(said(plain)).toBe(plain);
  });

  it("pile no marks up over the lines above", () => {
    expect(said(`e${"\u0301".repeat(4)}`)).toBe("e\u0301\u0301<U+0301><U+0301>");
  });

  it("end, however long they are", () => {
    expect(said("x".repeat(100), 10)).toBe(`${"x".repeat(10)}<… 90 more>`);
    expect(plainly("x".repeat(100), 10)).toBe(`${"x".repeat(10)}…`);
    // Counted in characters, so that none is cut in half.
    expect(said("📦📦📦", 2)).toBe("📦📦<… 1 more>");
  });

  it("keep their lines where lines are meant to be", () => {
    expect(said("a\nb", 64, true)).toBe("a\nb");
    expect([holdsHidden("a\nb"), holdsHidden("a\u202eb")]).toEqual([false, true]);
    expect(withoutHidden("a\u202eb\nc\u200b")).toBe("ab\nc");
  });

  it("push nothing out of sight with blanks or blank lines", () => {
    const more = `Good morning!${"\n".repeat(60)}Send me the code.`;
    expect(said(more, 600, true)).toBe("Good morning!\n<59 blank lines>\nSend me the code.");
    expect(said("a\n\u2003 \n\n \nb", 64, true)).toBe("a\n<3 blank lines>\nb");
    expect(said("\n\n\nb", 64, true)).toBe("<3 blank lines>\nb");
    expect(said(`Order bot${" ".repeat(40)}(fake)`)).toBe("Order bot<40 blanks>(fake)");
    expect(said(`a${"\u00a0\u3000 ".repeat(3)}b`)).toBe("a<9 blanks>b");
    expect(plainly(`Order bot${" ".repeat(40)}(fake)`)).toBe("Order bot[40 blanks](fake)");
    // As people write: a paragraph, a signature, a column.
    for (const plain of ["a\n\nb", "a\n\n\nb", "1        2", "a b c d e f g h i j k"]) expect([said(plain, 64, true), holdsHidden(plain)]).toEqual([plain, false]);
    expect([holdsHidden(more), withoutHidden(more)]).toEqual([true, "Good morning!\n\nSend me the code."]);
    expect(withoutHidden(`a${" ".repeat(20)}b`)).toBe("a b");
    // What kept them apart is taken out as well.
    for (const apart of [`a${"    \u200b".repeat(9)}b`, `a${"\n\u200b".repeat(9)}b`, `a${" ".repeat(9)}\u200b${" ".repeat(9)}b`]) expect(holdsHidden(withoutHidden(apart))).toBe(false);
  });

  it("are one line of plain text in a title", () => {
    expect(plainly("  Order\u202e bot\n ")).toBe("Order[U+202E] bot");
  });

  it("give themselves away when one name is made of several alphabets", () => {
    expect([mixesAlphabets("Оrder bot"), mixesAlphabets("Order bot"), mixesAlphabets("Бот заказов")]).toEqual([true, false, false]);
  });
});

describe("the list of the core, for terminals and menus", () => {
  const source = readFileSync("../crates/app/src/unseen.rs", "utf8");
  const list = source.slice(source.indexOf("const UNSEEN"), source.indexOf("];"));
  const ranges = [...list.matchAll(/'\\u\{([0-9a-f]+)\}'\.\.='\\u\{([0-9a-f]+)\}'/g)].map(([, from, to]) => [Number.parseInt(from ?? "", 16), Number.parseInt(to ?? "", 16)] as const);
  const core = (code: number) => /\p{Cc}/u.test(String.fromCodePoint(code)) || ranges.some(([from, to]) => from <= code && code <= to);
  const page = (code: number) => pieces(`a${String.fromCodePoint(code)}b`, 64).some(({ kind }) => kind === "hidden");

  it("marks what the window marks", () => {
    expect(ranges).toHaveLength(29);
    const differ: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += code === 0xd7ff ? 0x801 : 1) {
      // Good after a sign that has a coloured form; and the core has no table of what is not assigned.
      if (code === 0xfe0f || (/\p{Cn}/u.test(String.fromCodePoint(code)) && !core(code))) continue;
      if (core(code) !== page(code)) differ.push(code.toString(16));
    }
    expect(differ).toEqual([]);
  });
});
