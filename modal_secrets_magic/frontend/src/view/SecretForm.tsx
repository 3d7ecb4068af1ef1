// Creates a secret, or adds, replaces and removes keys of one. What was typed stays until it is
// stored or dismissed.

import { useRef, useState } from "preact/hooks";
import type { Problem, SecretRow } from "../protocol";
import { problemOf, type Store } from "../store";
import { Dialog } from "./Dialog";
import { Failed } from "./Notices";
import { Typed, ValueField } from "./ValueField";

interface Props {
  store: Store;
  /** The secret whose keys are changed; none to create one. */
  secret: SecretRow | null;
  /** Keys that a new one should have. */
  keys: string[];
  close(): void;
}

/** A key with a value to be stored; one of an existing secret keeps its name. */
interface Entry {
  id: number;
  key: string;
  fixed: boolean;
  typed: Typed;
}

export function SecretForm({ store, secret, keys, close }: Props) {
  const last = useRef(0);
  const entry = (key: string, fixed = false): Entry => ({ id: last.current++, key, fixed, typed: new Typed() });
  const [name, setName] = useState(secret?.[0] ?? "");
  const [entries, setEntries] = useState<Entry[]>(() => (secret ? [] : (keys.length ? keys : [""]).map((key) => entry(key))));
  const [removed, setRemoved] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asked, setAsked] = useState(false);

  // A panel's form may outlive the kernel whose environment it was opened for.
  const place = [store.state?.label, store.state?.environment].filter(Boolean).join(", ");
  const title = secret ? `Keys of ${secret[0]}` : "New secret";

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const wrong = whatIsWrong(secret, name, entries, removed);
    setProblem(wrong);
    if (wrong) return;
    setBusy(true);
    const values = Object.fromEntries(entries.map((each) => [each.key.trim(), each.typed.text]));
    const sent = secret
      ? store.ask("update", { name: secret[0], values, removed })
      : store.ask("create", { name: name.trim(), values });
    for (const key of Object.keys(values)) values[key] = "";
    try {
      store.say(await sent);
      for (const each of entries) each.typed.forget();
      close();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  function mayClose(): boolean {
    if (asked || entries.every((each) => each.typed.isEmpty)) return true;
    setAsked(true);
    return false;
  }

  return (
    <Dialog title={title} close={close} mayClose={mayClose}>
      <p><small>In {place}</small></p>
      <form onSubmit={submit} autocomplete="off">
        {!secret && (
          <label class="mss-field">
            Name <input type="text" value={name} spellcheck={false} autocomplete="off" disabled={busy} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
        )}
        {secret && (
          <ul class="mss-existing" aria-label={`Keys of ${secret[0]}`}>
            {secret[1].map((key) => (
              <li key={key}>
                <code>{key}</code>
                <label>
                  <input type="checkbox" disabled={busy} checked={removed.includes(key)} onChange={(event) => {
                    setRemoved(event.currentTarget.checked ? [...removed, key] : removed.filter((each) => each !== key));
                    setEntries(entries.filter((each) => each.key !== key));
                  }} /> remove
                </label>
                <button type="button" disabled={busy || removed.includes(key) || entries.some((each) => each.key === key)} onClick={() => setEntries([...entries, entry(key, true)])}>
                  Replace the value of {key}
                </button>
              </li>
            ))}
          </ul>
        )}
        {entries.map((each, place) => (
          <div class="mss-entry" key={each.id}>
            {each.fixed ? <code>{each.key}</code> : (
              <label>
                Key <input type="text" class="mss-key" value={each.key} spellcheck={false} autocomplete="off" disabled={busy} placeholder="OPENAI_API_KEY" onInput={(event) => {
                  each.key = event.currentTarget.value;
                  setEntries([...entries]);
                }} />
              </label>
            )}
            <ValueField label={each.fixed ? "New value" : "Value"} typed={each.typed} disabled={busy} changed={() => setAsked(false)} />
            {(entries.length > 1 || secret) && (
              <button type="button" class="mss-quiet" disabled={busy} aria-label={`Leave out ${each.key || `key ${place + 1}`}`} title="Leave out" onClick={() => setEntries(entries.filter((other) => other !== each))}>×</button>
            )}
          </div>
        ))}
        <button type="button" disabled={busy} onClick={() => setEntries([...entries, entry("")])}>Add a key</button>
        {problem && <Failed problem={problem} dismiss={() => setProblem(null)} />}
        {asked && <p class="mss-warn" role="alert">Pressing Escape again drops what was typed.</p>}
        <div class="mss-bar mss-end">
          {busy && <small role="status">Storing …</small>}
          <button type="button" onClick={close}>Dismiss</button>
          <button type="submit" disabled={busy}>{secret ? "Store the changes" : "Create"}</button>
        </div>
      </form>
    </Dialog>
  );
}

function whatIsWrong(secret: SecretRow | null, name: string, entries: Entry[], removed: string[]): Problem | null {
  const say = (what: string, next: string): Problem => ({ error: "", what, next });
  if (!secret && !name.trim()) return say("The secret has no name.", "Use letters, digits, '-', '_' and '.'.");
  if (!entries.length && !removed.length) return say("Nothing was changed.", "Replace a value, remove a key, or add one.");
  const keys = entries.map((each) => each.key.trim());
  if (keys.some((key) => !key)) return say("A key has no name.", "Use letters, digits and underscores, as in OPENAI_API_KEY.");
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice) return say(`The key ${twice} is there twice.`, "Leave one of them out.");
  const empty = entries.find((each) => each.typed.isEmpty);
  return empty ? say(`No value was given for ${empty.key}.`, "Type or paste it.") : null;
}
