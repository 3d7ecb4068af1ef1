// The chosen function: what it reads and does not get, its secrets in order, and who wins.

import { useState } from "preact/hooks";
import type { Actions, BoundSecret, FunctionLook, KeyNeed, State } from "../protocol";
import { LATER } from "../protocol";
import type { Changing } from "../selection";
import type { Store } from "../store";
import type { Dialogs } from "./Picker";

export type Change = <A extends Changing>(action: A, fields: Actions[A]) => Promise<void>;

interface Props {
  store: Store;
  state: State;
  look: FunctionLook;
  change: Change;
  dialogs: Dialogs;
}

export function Chosen({ store, state, look, change, dialogs }: Props) {
  const stale = look.secrets.filter((each) => each.stale).map((each) => each.name);
  return (
    <div class="mss-chosen">
      <Reads look={look} change={change} dialogs={dialogs} />
      {stale.length > 0 && (
        <p class="mss-warn">
          Stale: {stale.join(", ")} changed since the containers started.{" "}
          <button type="button" onClick={() => store.tell("restart", { function: look.name })}>
            Restart containers
          </button>
        </p>
      )}
      {state.environment !== look.environment && (
        <p class="mss-warn">
          <bdi>{look.name}</bdi> gets its secrets from environment {look.environment}.
        </p>
      )}
      <Order look={look} change={change} />
    </div>
  );
}

function Reads({ look, change, dialogs }: { look: FunctionLook; change: Change; dialogs: Dialogs }) {
  if (!look.reads.length) return null;
  return (
    <ul class="mss-reads" aria-label={`Keys that ${look.name} reads`}>
      {look.reads.map((each) => (
        <li key={each.key} title={`line ${each.line}`}>
          <code>{each.key}</code> {each.source ? <>✓ from {each.source}</> : <Missing need={each} {...{ look, change, dialogs }} />}
        </li>
      ))}
    </ul>
  );
}

function Missing({ need, look, change, dialogs }: { need: KeyNeed; look: FunctionLook; change: Change; dialogs: Dialogs }) {
  const what = need.optional ? "– not provided, and optional" : "✗ not provided";
  if (!need.holders.length) {
    return (
      <>
        <span class={need.optional ? "" : "mss-bad"}>{what}; no secret has it</span>{" "}
        <button type="button" onClick={() => dialogs.create([need.key])}>New secret with {need.key}</button>
      </>
    );
  }
  const [first, ...others] = need.holders as [string, ...string[]];
  return (
    <>
      <span class={need.optional ? "" : "mss-bad"}>{what}</span>{" "}
      <button type="button" onClick={() => change("bind", { function: look.name, secret: first })}>Bind {first}</button>
      {others.length > 0 && <small> also in {others.slice(0, 5).join(", ")}{others.length > 5 ? " …" : ""}</small>}
    </>
  );
}

function Order({ look, change }: { look: FunctionLook; change: Change }) {
  const [dragged, setDragged] = useState<string | null>(null);
  const movable = look.secrets.filter((each) => !each.in_code).map((each) => each.name);

  function move(name: string, steps: -1 | 1, row: HTMLElement | null): void {
    const place = movable.indexOf(name) + steps;
    if (place < 0 || place >= movable.length) return;
    const rest = movable.filter((each) => each !== name);
    // The row moves in the list, and what had the focus keeps it.
    const focused = document.activeElement as HTMLElement | null;
    void change("move", { function: look.name, secret: name, before: rest[place] ?? null }).then(() => {
      const stays = focused?.isConnected && !(focused as HTMLButtonElement).disabled;
      if (stays) focused.focus();
      else row?.querySelector<HTMLButtonElement>("button:not(:disabled)")?.focus();
    });
  }

  if (!look.secrets.length) {
    return <p class="mss-none">{look.name === LATER ? "Later cells use no secrets but their own." : <><bdi>{look.name}</bdi> has no secrets yet. Choose one below.</>}</p>;
  }
  return (
    <>
      <ol class="mss-order" aria-label={look.name === LATER ? "Secrets of all later cells, the last one winning" : `Secrets of ${look.name}, the last one winning`}>
        {look.secrets.map((each, place) => (
          <li
            key={each.in_code ? `in code ${place}` : each.name}
            class={dragged === each.name ? "mss-dragged" : ""}
            draggable={!each.in_code && movable.length > 1}
            onDragStart={(event) => {
              event.dataTransfer?.setData("text/plain", each.name);
              setDragged(each.name);
            }}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event) => dragged && !each.in_code && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (!dragged || dragged === each.name) return;
              const down = movable.indexOf(dragged) < movable.indexOf(each.name);
              const before = down ? (movable[movable.indexOf(each.name) + 1] ?? null) : each.name;
              void change("move", { function: look.name, secret: dragged, before });
            }}
            onKeyDown={(event) => {
              const steps = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
              if (!steps || !event.altKey || each.in_code) return;
              event.preventDefault();
              move(each.name, steps, event.currentTarget);
            }}
          >
            <span class="mss-name"><bdi>{each.name}</bdi></span>
            <span class="mss-keys"><Keys secret={each} look={look} /></span>
            {!each.in_code && (
              <span class="mss-acts">
                <button type="button" class="mss-quiet" aria-label={`Move ${each.name} up`} title="Move up (Alt+↑)" disabled={place === 0} onClick={(event) => move(each.name, -1, event.currentTarget.closest("li"))}>↑</button>
                <button type="button" class="mss-quiet" aria-label={`Move ${each.name} down`} title="Move down (Alt+↓)" disabled={place === movable.length - 1} onClick={(event) => move(each.name, 1, event.currentTarget.closest("li"))}>↓</button>
                <button type="button" class="mss-quiet" aria-label={`Unbind ${each.name}`} title="Unbind" onClick={() => change("unbind", { function: look.name, secret: each.name })}>×</button>
              </span>
            )}
          </li>
        ))}
      </ol>
      <Collisions look={look} />
    </>
  );
}

/** A secret's keys, those that a later one overrides struck and said. */
function Keys({ secret, look }: { secret: BoundSecret; look: FunctionLook }) {
  if (secret.lost) return <span class="mss-bad">✗ deleted, or not in this environment</span>;
  const winners = new Map(look.keys.map((each) => [each.key, each.source]));
  return (
    <>
      {secret.in_code && <small>said by the code; comes last. </small>}
      {secret.stale && <span class="mss-warn">stale </span>}
      {secret.keys.map((key) => (
        <code key={key}>
          {winners.get(key) === secret.name ? key : <s aria-label={`${key}, overridden by ${winners.get(key)}`}>{key}</s>}
        </code>
      ))}
    </>
  );
}

function Collisions({ look }: { look: FunctionLook }) {
  const collisions = look.keys.filter((each) => each.overrides.length);
  if (!collisions.length) return null;
  return (
    <ul class="mss-collisions" aria-label="Keys in more than one secret">
      {collisions.map((each) => (
        <li key={each.key}>
          <code>{each.key}</code>: <b>{each.source}</b> wins over {each.overrides.join(", ")}
        </li>
      ))}
    </ul>
  );
}
