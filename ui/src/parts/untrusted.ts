// Words of programs, shown to a person who decides by them: what cannot be seen is made visible, and nothing is endless.

export interface Piece {
  text: string;
  /** `hidden`: the name of a character that shows nothing, or changes what others look like. `cut`: something was left out. */
  kind: "plain" | "hidden" | "cut";
}

/** As many marks may sit on one letter; more of them pile up over the lines above. */
const MARKS = 2;

// Controls, formats (all that turn the direction of text), separators of lines, private and unassigned code points, and
// letters that are drawn as nothing.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/u;
const SELECTOR = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const MARK = /\p{M}/u;
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u20e3]/u;
const JOINER = "\u200d";

/** `said` in pieces, of at most `most` characters. `lines`: line breaks of its own are meant to be seen as such. */
export function pieces(said: string, most: number, lines = false): Piece[] {
  const all = [...said];
  const found: Piece[] = [];
  const add = (text: string, kind: Piece["kind"]) => {
    const last = found.at(-1);
    if (last?.kind === kind && kind === "plain") last.text += text;
    else found.push({ text, kind });
  };
  let marks = 0;
  all.slice(0, most).forEach((sign, n) => {
    const before = all[n - 1] ?? "";
    if (lines && sign === "\n") return add(sign, "plain");
    if (isHidden(sign, before, all[n + 1] ?? "")) return add(nameOf(sign), "hidden");
    marks = MARK.test(sign) && !PICTURE.test(sign) ? marks + 1 : 0;
    if (marks > MARKS) return add(nameOf(sign), "hidden");
    // A blank is a blank, however wide.
    return add(/\p{Zs}/u.test(sign) ? " " : sign, "plain");
  });
  if (all.length > most) found.push({ text: `… ${(all.length - most).toLocaleString()} more`, kind: "cut" });
  return found;
}

function isHidden(sign: string, before: string, after: string): boolean {
  if (sign === JOINER) return !(PICTURE.test(before) && PICTURE.test(after));
  if (SELECTOR.test(sign)) return !(sign === "\ufe0f" && /[\p{Extended_Pictographic}\p{Emoji}]/u.test(before));
  return UNSEEN.test(sign);
}

function nameOf(sign: string): string {
  if (sign === "\n") return "↵";
  return `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The same as one line of text, for places that show nothing but text: titles, toasts, what is said to a screen reader. */
export function plainly(said: string, most = 64): string {
  return pieces(said.trim(), most)
    .map(({ text, kind }) => (kind === "hidden" ? `[${text}]` : kind === "cut" ? "…" : text))
    .join("");
}

/** Whether it holds something that a field to type in would not show. */
export function holdsHidden(said: string): boolean {
  return pieces(said, Number.MAX_SAFE_INTEGER, true).some(({ kind }) => kind === "hidden");
}

/** Without what cannot be seen. */
export function withoutHidden(said: string): string {
  return pieces(said, Number.MAX_SAFE_INTEGER, true)
    .filter(({ kind }) => kind === "plain")
    .map(({ text }) => text)
    .join("");
}

/** Letters of several alphabets in one name: how one name is made to look like another. */
export function mixesAlphabets(name: string): boolean {
  return /\p{Script=Latin}/u.test(name) && /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(name);
}
