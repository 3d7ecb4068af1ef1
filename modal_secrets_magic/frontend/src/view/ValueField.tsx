// A field for a value: never shown, never in the page's state, forgotten when it was taken.
//
// It is a password field, which nothing reads out and no history keeps. Such a field has one
// line; so a pasted text with more is held beside it, and said to be.

import { useEffect, useRef, useState } from "preact/hooks";

/** What was typed or pasted, outside of everything that is drawn. */
export class Typed {
  private pasted: string | null = null;
  private ending = "";
  field: HTMLInputElement | null = null;

  get isEmpty(): boolean {
    return !this.text;
  }

  get text(): string {
    return (this.pasted ?? this.field?.value ?? "") + this.ending;
  }

  /** Take a pasted text; returns its lines, and whether one ends it. */
  paste(text: string): { lines: number; ends: boolean } {
    const body = text.replace(/(\r\n|\n|\r)$/, "");
    const lines = body.split(/\r\n|\n|\r/).length;
    this.ending = "";
    this.lineBreak = text.slice(body.length);
    if (lines > 1) this.pasted = body;
    else if (this.field) {
      this.pasted = null;
      const { selectionStart, selectionEnd, value } = this.field;
      this.field.setRangeText(body, selectionStart ?? value.length, selectionEnd ?? value.length, "end");
    }
    return { lines, ends: this.lineBreak !== "" };
  }

  private lineBreak = "";

  keepEnding(kept: boolean): void {
    this.ending = kept ? this.lineBreak : "";
  }

  forget(): void {
    this.pasted = null;
    this.ending = this.lineBreak = "";
    if (this.field) this.field.value = "";
  }
}

interface Props {
  label: string;
  typed: Typed;
  disabled: boolean;
  changed(): void;
}

export function ValueField({ label, typed, disabled, changed }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [lines, setLines] = useState(1);
  const [ends, setEnds] = useState<"no" | "strip" | "keep">("no");

  useEffect(() => {
    typed.field = field.current;
    return () => typed.forget();
  }, [typed]);

  function take(event: Event, text: string | undefined): void {
    if (text === undefined || !/[\r\n]/.test(text)) return;
    event.preventDefault();
    const pasted = typed.paste(text);
    setLines(pasted.lines);
    setEnds(pasted.ends ? "strip" : "no");
    changed();
  }

  function clear(): void {
    typed.forget();
    setLines(1);
    setEnds("no");
    changed();
    field.current?.focus();
  }

  function choose(how: "strip" | "keep"): void {
    setEnds(how);
    typed.keepEnding(how === "keep");
  }

  return (
    <div class="mss-value">
      <label>
        {label}{" "}
        <input
          ref={field}
          type="password"
          autocomplete="new-password"
          spellcheck={false}
          disabled={disabled || lines > 1}
          placeholder={lines > 1 ? "••••••••" : ""}
          onPaste={(event) => take(event, event.clipboardData?.getData("text/plain"))}
          onDrop={(event) => take(event, event.dataTransfer?.getData("text/plain"))}
          onInput={changed}
        />
      </label>
      {lines > 1 && (
        <span>
          {lines} lines pasted <button type="button" onClick={clear}>Clear</button>
        </span>
      )}
      {ends !== "no" && (
        <fieldset>
          <legend>What was pasted ends with a line break</legend>
          <label><input type="radio" checked={ends === "strip"} onChange={() => choose("strip")} /> Strip it</label>
          <label><input type="radio" checked={ends === "keep"} onChange={() => choose("keep")} /> Keep it</label>
        </fieldset>
      )}
    </div>
  );
}
