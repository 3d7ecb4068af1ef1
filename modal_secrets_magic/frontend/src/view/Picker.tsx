// The whole picker: a header, the chosen function and its secrets, the list, the line, the status.

import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { type Notebook, writeLine } from "../notebook";
import type { Actions, SecretRow } from "../protocol";
import { type Changing, changed, chosen } from "../selection";
import type { Store } from "../store";
import { Chosen } from "./Chosen";
import { ConfirmDelete } from "./ConfirmDelete";
import { Environment } from "./Environment";
import { Header } from "./Header";
import { Line } from "./Line";
import { Failed, Silent, Unavailable } from "./Notices";
import { SecretForm } from "./SecretForm";
import { SecretList } from "./SecretList";

export interface Dialogs {
  create(keys: string[]): void;
  edit(secret: SecretRow): void;
  remove(secret: SecretRow): void;
}

type Open = { kind: "create"; keys: string[] } | { kind: "edit" | "remove"; secret: SecretRow } | null;

/** What somebody came for: the form of a new secret, or to choose. A new object is a new wish. */
export interface Wish {
  form: boolean;
}

interface Props {
  store: Store;
  notebook: Notebook | null;
  /** What the saved notebook says is bound, for where no kernel answers. */
  saved: Record<string, string[]>;
  /** Binds by writing the notebook's line and running it; returns what to say of that. */
  run?(name: string, line: string): Promise<string>;
  wish?: Wish | null;
}

export function Picker({ store, notebook, saved, run, wish = null }: Props) {
  const root = useRef<HTMLElement>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [open, setOpen] = useState<Open>(null);
  const [keep, setKeep] = useState(notebook !== null);
  useEffect(() => store.subscribe(() => redraw(0)), [store]);
  useSight(store, root);
  useWish(wish, root, store.state !== null, () => setOpen({ kind: "create", keys: [] }));

  const dialogs: Dialogs = {
    create: (keys) => setOpen({ kind: "create", keys }),
    edit: (secret) => setOpen({ kind: "edit", secret }),
    remove: (secret) => setOpen({ kind: "remove", secret }),
  };

  function write(): void {
    const state = store.state;
    if (!notebook || !state?.magics || !state.line) return;
    if (writeLine(notebook, state.id, state.function, state.line).changed) {
      store.say(`${store.said ? `${store.said}. ` : ""}Written into the notebook`);
    }
  }

  /** Change the secrets of the chosen function, and the line of the notebook that says so. */
  async function change<A extends Changing>(action: A, fields: Actions[A]): Promise<void> {
    const look = store.state?.look;
    if (run && look) {
      const secrets = changed(chosen(look), action, fields);
      await store.during(async () => run(look.name, await store.ask("spell", { function: look.name, secrets })));
    } else if ((await store.tell(action, fields)) && keep) write();
  }

  const { state } = store;
  return (
    <section
      class="mss"
      aria-label="Modal secrets"
      ref={root}
      onFocusIn={(event) => keepKeys(event.target as HTMLElement)}
      onKeyDown={handOn}
    >
      {!state && !store.silent && !store.failure && <p class="mss-wait">Asking the kernel …</p>}
      {store.silent && <Silent saved={state ? {} : saved} />}
      {state && (
        <>
          <Header store={store} state={state} />
          {state.problem && <Unavailable problem={state.problem} store={store} />}
          {state.look && <Chosen store={store} state={state} look={state.look} change={change} dialogs={dialogs} />}
          {(state.look || !state.functions) && <SecretList store={store} state={state} change={change} dialogs={dialogs} />}
          {state.look && (
            <>
              <Line state={state} notebook={notebook} always={!!run} keep={keep} setKeep={setKeep} write={write} store={store} />
              <Environment store={store} state={state} look={state.look} />
            </>
          )}
        </>
      )}
      {store.failure && <Failed problem={store.failure} dismiss={() => store.say("")} />}
      <p class="mss-said" dir="auto" role="status" aria-live="polite">
        {store.said}
      </p>
      {open?.kind === "remove" && (
        <ConfirmDelete store={store} secret={open.secret} close={() => setOpen(null)} />
      )}
      {(open?.kind === "create" || open?.kind === "edit") && (
        <SecretForm
          store={store}
          secret={open.kind === "edit" ? open.secret : null}
          keys={open.kind === "create" ? open.keys : []}
          close={() => setOpen(null)}
        />
      )}
    </section>
  );
}

/** Grant a wish once, as soon as there is something to show. */
function useWish(wish: Wish | null, root: { current: HTMLElement | null }, ready: boolean, create: () => void): void {
  const granted = useRef<Wish | null>(null);
  useEffect(() => {
    if (!wish || !ready || granted.current === wish) return;
    granted.current = wish;
    if (wish.form) create();
    else root.current?.querySelector<HTMLElement>(".mss-search")?.focus();
  }, [wish, ready]);
}

/** Have the store know whether this view is in sight, and whether somebody is there. */
function useSight(store: Store, root: { current: HTMLElement | null }): void {
  useEffect(() => {
    const view = {};
    const seen = new IntersectionObserver((entries) =>
      store.look(view, entries.some((each) => each.isIntersecting)),
    );
    seen.observe(root.current!);
    const touched = () => store.touch();
    const returned = () => {
      store.touch();
      if (document.visibilityState === "visible") store.look(view, false);
      store.look(view, true);
    };
    document.addEventListener("pointerdown", touched, { passive: true });
    document.addEventListener("keydown", touched, { passive: true });
    document.addEventListener("visibilitychange", returned);
    return () => {
      seen.disconnect();
      store.look(view, false);
      document.removeEventListener("pointerdown", touched);
      document.removeEventListener("keydown", touched);
      document.removeEventListener("visibilitychange", returned);
    };
  }, [store]);
}

/** JupyterLab takes single keys as commands unless the focused element itself forbids it (Lumino). */
function keepKeys(focused: HTMLElement): void {
  focused.setAttribute("data-lm-suppress-shortcuts", "true");
}

/** Its chords, as Ctrl+S, are meant for the notebook here, too; in a panel, for the whole page. */
function handOn(event: KeyboardEvent): void {
  const chord = event.ctrlKey || event.metaKey;
  // Ours are those of editing; and Enter, by which a form would take its cell along.
  const ours = ["a", "c", "v", "x", "z", "y", "enter", "control", "meta"];
  const cell = (event.currentTarget as HTMLElement).closest(".jp-Cell") ?? document.querySelector("#main");
  if (!chord || ours.includes(event.key.toLowerCase()) || !cell) return;
  const { key, code, keyCode, ctrlKey, metaKey, shiftKey, altKey } = event;
  const again = { key, code, keyCode, ctrlKey, metaKey, shiftKey, altKey, bubbles: true, cancelable: true };
  if (!cell.dispatchEvent(new KeyboardEvent("keydown", again))) event.preventDefault();
}
