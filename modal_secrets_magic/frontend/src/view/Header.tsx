// Which workspace and environment, which function, and a way to look again.

import { LATER, type State } from "../protocol";
import type { Store } from "../store";

export function Header({ store, state }: { store: Store; state: State }) {
  const { environment = "", environments = [] } = state;
  const places = environments.includes(environment) ? environments : [environment, ...environments];
  return (
    <header class="mss-bar">
      <strong class="mss-title">Modal secrets</strong>
      <label>
        Workspace{" "}
        <select
          value={state.workspace}
          onChange={async (event) => {
            const select = event.currentTarget;
            const done = await store.tell("workspace", { choice: select.value, environment: "" });
            if (!done) select.value = state.workspace;
          }}
        >
          {state.workspaces.map((each) => (
            <option key={each.choice} value={each.choice}>{each.label}</option>
          ))}
        </select>
      </label>
      <label>
        Environment{" "}
        <select
          value={environment}
          disabled={!environment}
          onChange={(event) =>
            store.tell("workspace", { choice: state.workspace, environment: event.currentTarget.value })
          }
        >
          {places.map((each) => (
            <option key={each} value={each}>{each}</option>
          ))}
        </select>
      </label>
      {state.functions && <label>
        For{" "}
        <select
          value={state.function}
          onChange={(event) => store.tell("choose", { function: event.currentTarget.value })}
        >
          {state.functions.map((each) => (
            <option key={each.name} value={each.name}>
              {each.name}
              {each.bound ? `: ${listed(each.secrets)}` : ""}
              {state.missing?.[each.name]?.length ? `, missing ${state.missing[each.name]!.join(", ")}` : ""}
              {state.stale?.[each.name]?.length ? ", stale" : ""}
            </option>
          ))}
          <option value={LATER}>all later cells</option>
        </select>
      </label>}
      <button
        type="button"
        class="mss-quiet"
        aria-label="Look again"
        title="Look again"
        onClick={() => store.tell("watch", {})}
      >
        ⟳
      </button>
    </header>
  );
}

/** Enough names to tell what a function is bound to; all of them stand below once it is chosen. */
function listed(secrets: string[]): string {
  if (!secrets.length) return "no secret by name";
  return secrets.slice(0, 3).join(", ") + (secrets.length > 3 ? ` and ${secrets.length - 3} more` : "");
}
