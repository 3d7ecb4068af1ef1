// What a container says of its environment, masked where it was made; asked for on demand.

import { useEffect, useState } from "preact/hooks";
import type { EnvironmentRow, FunctionLook, State } from "../protocol";
import { LATER } from "../protocol";
import type { Store } from "../store";

/** As the container masks what is not to be shown at all (masking/policy.py). */
const MASK = "•".repeat(8);

export function Environment({ store, state, look }: { store: Store; state: State; look: FunctionLook }) {
  const [since, setSince] = useState(0);
  const shown = store.environment?.function === state.function ? store.environment.rows : null;
  if (look.name === LATER || !look.secrets.length) return null;

  async function ask(): Promise<void> {
    setSince(Date.now());
    await store.tell("environment", { function: state.function, reveal: store.display.reveal });
    setSince(0);
  }

  return (
    <div class="mss-environment">
      <button type="button" disabled={since > 0} onClick={ask}>
        {shown ? "Look into the container again" : "Show the injected environment"}
      </button>
      {since > 0 && <Progress since={since} />}
      {shown && <Table rows={shown} name={state.function} mask={"•".repeat(store.display.mask)} />}
    </div>
  );
}

function Progress({ since }: { since: number }) {
  const [passed, setPassed] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => setPassed(Math.round((Date.now() - since) / 1000)), 1000);
    return () => window.clearInterval(timer);
  }, [since]);
  return <label> <progress aria-label="Asking a container" /> <small>asking a container{passed ? `, ${passed} s` : ""}</small></label>;
}

function Table({ rows, name, mask }: { rows: EnvironmentRow[]; name: string; mask: string }) {
  return (
    <div class="mss-scroll" role="region" aria-label={`Injected environment of ${name}`} tabIndex={0}>
      <table>
        <thead><tr>{["Key", "Value", "Fingerprint", "From", "Note"].map((each) => <th scope="col">{each}</th>)}</tr></thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each.key}>
              <td><code>{each.key}</code></td>
              <td><code>{each.masked === MASK ? mask : each.masked || "–"}</code></td>
              <td><code>{each.fingerprint || "–"}</code></td>
              <td>{each.source}</td>
              <td>{[each.overrides.length ? `overrides ${each.overrides.join(", ")}` : "", each.note].filter(Boolean).join("; ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
