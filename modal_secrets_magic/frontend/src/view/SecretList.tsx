// All secrets, searched: a check box each binds it to the chosen function.

import { useMemo, useRef, useState } from "preact/hooks";
import { ago } from "../ago";
import { LATER, type State } from "../protocol";
import type { Found, Marked } from "../search";
import type { Store } from "../store";
import type { Change } from "./Chosen";
import type { Dialogs } from "./Picker";
import { useRows } from "./virtual";

/** Pixels of a row before it is measured. */
const ROW = 32;

interface Props {
  store: Store;
  state: State;
  change: Change;
  dialogs: Dialogs;
}

export function SecretList({ store, state, change, dialogs }: Props) {
  const [needle, setNeedle] = useState("");
  const [active, setActive] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const found = useMemo(() => store.secrets.search(needle), [needle, store.secrets.rows]);
  const rows = useRows(found.length, scroller, ROW);
  const chosen = new Set(state.look?.secrets.filter((each) => !each.in_code).map((each) => each.name));
  const at = Math.min(active, found.length - 1);

  function go(place: number): void {
    const next = Math.max(0, Math.min(place, found.length - 1));
    setActive(next);
    rows.scrollToIndex(next);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] :is(input, button)`)?.focus(),
    );
  }

  function byKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -found.length, End: found.length };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (at === 0 && step === -1) scroller.current?.parentElement?.querySelector<HTMLInputElement>("input[type=search]")?.focus();
    else go(at + step);
  }

  function toggle(name: string, wanted: boolean): void {
    void change(wanted ? "bind" : "unbind", { function: state.function, secret: name });
  }

  return (
    <div class="mss-secrets">
      <div class="mss-bar">
        <input
          type="search"
          class="mss-search"
          placeholder="Search names and keys"
          aria-label="Search names and keys"
          value={needle}
          onInput={(event) => {
            setNeedle(event.currentTarget.value);
            setActive(0);
            rows.scrollToOffset(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" && found.length) {
              event.preventDefault();
              go(0);
            } else if (event.key === "Enter" && found[0] && state.look) {
              const name = found[0].secret[0];
              toggle(name, !chosen.has(name));
            }
          }}
        />
        <small dir="auto" aria-live="polite">{counted(found.length, store.secrets.rows.length, store.total, needle)}</small>
        <button type="button" onClick={() => dialogs.create([])}>New secret</button>
      </div>
      {found.length === 0 ? (
        <Nothing needle={needle} total={store.total} state={state} clear={() => setNeedle("")} />
      ) : (
        <div class="mss-list" ref={scroller} onKeyDown={byKey}>
        <ul aria-label="Secrets" style={{ blockSize: `${rows.getTotalSize()}px` }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const each = found[index];
            return each && (
              <li
                key={each.secret[0]}
                class={state.look ? "mss-row" : "mss-row mss-unchosen"}
                data-index={index}
                ref={(row) => rows.measureElement(row)}
                style={{ transform: `translateY(${start}px)` }}
                aria-setsize={found.length}
                aria-posinset={index + 1}
                onFocusIn={() => setActive(index)}
              >
                <Row {...{ each, state, toggle, dialogs }} checked={chosen.has(each.secret[0])} reached={index === at} />
              </li>
            );
          })}
        </ul>
        </div>
      )}
    </div>
  );
}

interface RowProps {
  each: Found;
  state: State;
  checked: boolean;
  /** Whether Tab comes to this row; arrows lead to the others. */
  reached: boolean;
  toggle(name: string, wanted: boolean): void;
  dialogs: Dialogs;
}

function Row({ each, state, checked, reached, toggle, dialogs }: RowProps) {
  const [name, keys, created, used] = each.secret;
  const tabIndex = reached ? 0 : -1;
  const whom = state.function === LATER ? "all later cells" : state.function;
  return (
    <>
      {state.look && <input
        type="checkbox"
        checked={checked}
        tabIndex={tabIndex}
        aria-label={`${name}, bound to ${whom}`}
        onClick={(event) => {
          // The second click of a double one is not meant; the state comes back from the kernel.
          event.preventDefault();
          if (event.detail < 2) toggle(name, !checked);
        }}
      />}
      <span class="mss-name" title={name}><bdi><Text pieces={each.name} /></bdi></span>
      <span class="mss-keys" title={keys.join(" ")}>
        {each.keys.map((pieces, place) => <code key={keys[place]}><Text pieces={pieces} /></code>)}
      </span>
      <small class="mss-age">{ago(created)}, {used ? `used ${ago(used)}` : "never used"}</small>
      <span class="mss-acts">
        <button type="button" class="mss-quiet" tabIndex={tabIndex} aria-label={`Edit ${name}`} onClick={() => dialogs.edit(each.secret)}>Edit</button>
        <button type="button" class="mss-quiet" tabIndex={tabIndex} aria-label={`Delete ${name}`} onClick={() => dialogs.remove(each.secret)}>Delete</button>
      </span>
    </>
  );
}

function Text({ pieces }: { pieces: Marked }) {
  return <>{pieces.map(([text, found]) => (found ? <mark>{text}</mark> : text))}</>;
}

function Nothing({ needle, total, state, clear }: { needle: string; total: number; state: State; clear(): void }) {
  if (needle && total) {
    return (
      <p class="mss-none">
        No name or key is like “<bdi>{needle}</bdi>”. <button type="button" onClick={clear}>Clear the search</button>
      </p>
    );
  }
  if (state.problem) return null;
  return <p class="mss-none">No secret is in {state.label}, {state.environment} yet. Make the first one with “New secret”.</p>;
}

function counted(found: number, here: number, total: number, needle: string): string {
  if (here < total) return `${here.toLocaleString("en")} of ${total.toLocaleString("en")} so far`;
  const all = `${total.toLocaleString("en")} ${total === 1 ? "secret" : "secrets"}`;
  return needle ? `${found.toLocaleString("en")} of ${all}` : all;
}
