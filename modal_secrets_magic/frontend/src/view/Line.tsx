// The binding as code: to be copied, or kept in the notebook.

import { useRef } from "preact/hooks";
import { copy } from "../clipboard";
import type { Notebook } from "../notebook";
import type { State } from "../protocol";
import type { Store } from "../store";

interface Props {
  store: Store;
  state: State;
  notebook: Notebook | null;
  /** Whether every change is written anyway. */
  always: boolean;
  keep: boolean;
  setKeep(keep: boolean): void;
  write(): void;
}

export function Line({ store, state, notebook, always, keep, setKeep, write }: Props) {
  const bar = useRef<HTMLDivElement>(null);

  async function copied(text: string, what: string): Promise<void> {
    const done = await copy(text, bar.current!);
    store.say(done ? `Copied the ${what}` : "This page may not use the clipboard: select the line, and copy it by hand");
  }

  if (!state.look?.secrets.length) {
    return <p class="mss-none">The line that binds what you choose appears here.</p>;
  }
  return (
    <div class="mss-bar mss-line" ref={bar}>
      <code dir="ltr">{state.line}</code>
      <span class="mss-acts">
        <button type="button" onClick={() => copied(state.line ?? "", "line")}>Copy line</button>
        <button type="button" onClick={() => copied(state.code ?? "", "Modal code")}>Copy Modal code</button>
        {notebook && state.magics && (
          <>
            <button type="button" onClick={write}>Write into notebook</button>
            {!always && <label><input type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} /> after every change</label>}
          </>
        )}
      </span>
    </div>
  );
}
