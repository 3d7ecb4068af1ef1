// Asks before a secret is deleted for good.

import { useState } from "preact/hooks";
import type { SecretRow } from "../protocol";
import { Failure, type Store } from "../store";
import { Dialog } from "./Dialog";
import { Failed } from "./Notices";

export function ConfirmDelete({ store, secret, close }: { store: Store; secret: SecretRow; close(): void }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const name = secret[0];
  const users = (store.state?.functions ?? []).filter((each) => each.secrets.includes(name)) ?? [];

  async function remove(): Promise<void> {
    if (busy) return;
    setBusy(true);
    try {
      store.say(await store.ask("delete", { name }));
      close();
    } catch (error) {
      setFailure(error as Failure);
      setBusy(false);
    }
  }

  return (
    <Dialog title={`Delete ${name}?`} close={close}>
      <p>Its values are gone for good: {secret[1].join(", ")}.</p>
      {users.length > 0 && <p>Bound to it: {users.map((each) => each.name).join(", ")}.</p>}
      {failure && <Failed problem={failure.problem} dismiss={() => setFailure(null)} />}
      <div class="mss-bar mss-end">
        <button type="button" onClick={close}>Keep it</button>
        <button type="button" class="mss-danger" disabled={busy} onClick={remove}>Delete</button>
      </div>
    </Dialog>
  );
}
