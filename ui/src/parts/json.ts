// JSON text in pieces that can be told apart: keys, texts, plain values, marks.

export interface Piece {
  kind: "key" | "text" | "plain" | "mark";
  text: string;
}

const PIECE = /("(?:[^"\\]|\\.)*")(\s*:)?|(true|false|null|-?\d[\d.eE+-]*)|([\s\S][^"\dtfn-]*)/g;
// A payload of this size is shown without colours rather than slowly.
const TOO_LONG = 40_000;

export function pieces(text: string): Piece[] {
  if (text.length > TOO_LONG) return [{ kind: "text", text }];
  return [...text.matchAll(PIECE)].flatMap(([whole, quoted, colon, plain]): Piece[] => {
    if (quoted !== undefined) return colon === undefined ? [{ kind: "text", text: quoted }] : [{ kind: "key", text: quoted }, { kind: "mark", text: colon }];
    return [{ kind: plain === undefined ? "mark" : "plain", text: whole }];
  });
}
