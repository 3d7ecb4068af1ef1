// The secrets by name, and a search over names and keys that ranks and highlights.

import uFuzzy from "@leeoniya/ufuzzy";
import type { SecretRow } from "./protocol";

/** A text in pieces, those that were searched for marked. */
export type Marked = [text: string, found: boolean][];

export interface Found {
  secret: SecretRow;
  name: Marked;
  keys: Marked[];
}

/** One letter may be missing, wrong, or too much; a hyphen may be typed as a space. */
const fuzzy = new uFuzzy({ intraMode: 1, interSplit: "[^A-Za-z0-9]+" });

/** More matches than this are not ranked: whoever types one letter is going to type more. */
const RANKED = 1_000;

/** Stands between a name and its keys in what is searched; no name or key holds it. */
const BETWEEN = " ";

export class Catalogue {
  /** Sorted by name. */
  rows: SecretRow[] = [];
  private byName = new Map<string, SecretRow>();
  private texts: string[] = [];

  update(rows: SecretRow[], removed: string[], reset: boolean): void {
    if (reset) this.byName = new Map();
    for (const name of removed) this.byName.delete(name);
    for (const row of rows) this.byName.set(row[0], row);
    this.rows = [...this.byName.values()].sort((a, b) => (a[0] < b[0] ? -1 : 1));
    this.texts = this.rows.map(([name, keys]) => [name, ...keys].join(BETWEEN));
  }

  /** Return what matches, the best first; everything for no needle. */
  search(needle: string): Found[] {
    if (!needle.trim()) return this.rows.map(plain);
    const [places, info, order] = fuzzy.search(this.texts, needle.trim(), 1, RANKED);
    if (!places) return [];
    if (!info || !order) return [...places].map((place) => plain(this.rows[place]!));
    return order.map((at) => marked(this.rows[info.idx[at]!]!, info.ranges[at]!));
  }
}

function plain(secret: SecretRow): Found {
  return { secret, name: [[secret[0], false]], keys: secret[1].map((key) => [[key, false]]) };
}

/** Mark a secret where `ranges`, pairs of start and end in its searched text, say. */
function marked(secret: SecretRow, ranges: number[]): Found {
  let at = 0;
  const pieces = [secret[0], ...secret[1]].map((text) => {
    const piece: Marked = [];
    let from = 0;
    for (let place = 0; place < ranges.length; place += 2) {
      const start = Math.max(ranges[place]! - at, from);
      const end = Math.min(ranges[place + 1]! - at, text.length);
      if (start >= end) continue;
      if (start > from) piece.push([text.slice(from, start), false]);
      piece.push([text.slice(start, end), true]);
      from = end;
    }
    if (from < text.length) piece.push([text.slice(from), false]);
    at += text.length + BETWEEN.length;
    return piece;
  });
  return { secret, name: pieces[0]!, keys: pieces.slice(1) };
}
