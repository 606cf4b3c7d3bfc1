// Words of programs, shown to a person who decides by them: what cannot be seen is made visible, and nothing is endless.

export interface Piece {
  text: string;
  /** `hidden`: the name of what shows nothing, changes what others look like, or pushes them out of sight. `cut`: something was left out. */
  kind: "plain" | "hidden" | "cut";
  /** What is left of something hidden when it is taken out; nothing, if absent. */
  instead?: string;
}

/** As many marks may sit on one letter; more of them pile up over the lines above. */
const MARKS = 2;

/** As many blanks may follow one another, and as many blank lines; more of them push what comes after out of sight. */
const BLANKS = 8;
const BLANK_LINES = 2;

// Controls, formats (all that turn the direction of text), separators of lines, private and unassigned code points, what a
// font may ignore, and letters that are drawn as nothing. On one line of a terminal or a menu the same is marked by
// crates/app/src/unseen.rs.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const BLANK = /\p{Zs}/u;
const SELECTOR = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const MARK = /\p{M}/u;
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u20e3]/u;
const JOINER = "\u200d";

/** `said` in pieces, of at most `most` characters. `lines`: line breaks of its own are meant to be seen as such. */
export function pieces(said: string, most: number, lines = false): Piece[] {
  const all = [...said];
  const shown = all.slice(0, most);
  const found: Piece[] = [];
  const plain = (text: string) => {
    const last = found.at(-1);
    if (last?.kind === "plain") last.text += text;
    else found.push({ text, kind: "plain" });
  };
  const hidden = (text: string, instead?: string) => found.push(instead === undefined ? { text, kind: "hidden" } : { text, kind: "hidden", instead });
  let marks = 0;
  for (let n = 0; n < shown.length; ) {
    const empty = lines && (n === 0 || shown[n - 1] === "\n") ? blankLines(shown, n) : { count: 0, end: n };
    if (empty.count > BLANK_LINES) {
      hidden(`${empty.count} blank lines`, "");
      plain("\n");
      n = empty.end;
      continue;
    }
    const blanks = blanksFrom(shown, n);
    if (blanks) {
      if (blanks > BLANKS) hidden(`${blanks} blanks`, " ");
      // A blank is a blank, however wide.
      else plain(" ".repeat(blanks));
      n += blanks;
      continue;
    }
    const sign = shown[n] ?? "";
    marks = MARK.test(sign) && !PICTURE.test(sign) ? marks + 1 : 0;
    if (lines && sign === "\n") plain(sign);
    else if (isHidden(sign, all[n - 1] ?? "", all[n + 1] ?? "") || marks > MARKS) hidden(nameOf(sign));
    else plain(sign);
    n += 1;
  }
  if (all.length > most) found.push({ text: `… ${(all.length - most).toLocaleString()} more`, kind: "cut" });
  return found;
}

/** How many blanks there are from `start` on. */
function blanksFrom(signs: string[], start: number): number {
  let end = start;
  while (BLANK.test(signs[end] ?? "")) end += 1;
  return end - start;
}

/** How many lines from `start` on, where one begins, hold nothing but blanks, and where they end. */
function blankLines(signs: string[], start: number): { count: number; end: number } {
  let count = 0;
  let end = start;
  for (;;) {
    const next = end + blanksFrom(signs, end);
    if (signs[next] !== "\n") return { count, end };
    count += 1;
    end = next + 1;
  }
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
  const rest = pieces(said, Number.MAX_SAFE_INTEGER, true)
    .map(({ text, kind, instead }) => (kind === "plain" ? text : (instead ?? "")))
    .join("");
  // Blanks that something hidden had kept apart are a row of them now.
  return rest.length < said.length && holdsHidden(rest) ? withoutHidden(rest) : rest;
}

/** Letters of several alphabets in one name: how one name is made to look like another. */
export function mixesAlphabets(name: string): boolean {
  return /\p{Script=Latin}/u.test(name) && /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(name);
}
