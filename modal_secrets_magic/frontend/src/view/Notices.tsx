// What stands in the way, each in its own words and with the next step.

import type { Problem } from "../protocol";
import type { Store } from "../store";

/** What an error is called above its own words. */
const HEADINGS: Record<string, string> = {
  AuthenticationFailed: "No credentials",
  PermissionDenied: "Not permitted",
  WorkspaceUnavailable: "Offline",
  WorkspaceUnsupported: "Not available here",
  StoreLocked: "Locked",
  EnvironmentNotFound: "No such environment",
};

export function Unavailable({ problem, store }: { problem: Problem; store: Store }) {
  return (
    <div class="mss-problem" role="alert">
      <strong>{HEADINGS[problem.error] ?? "Not available"}.</strong> {problem.what}
      <div>{problem.next}</div>
      {store.secrets.rows.length > 0 && <div>What is shown below is as it was last seen.</div>}
      <button type="button" onClick={() => store.tell("watch", {})}>Try again</button>
    </div>
  );
}

export function Failed({ problem, dismiss }: { problem: Problem; dismiss(): void }) {
  return (
    <div class="mss-problem" role="alert">
      <strong>{HEADINGS[problem.error] ? `${HEADINGS[problem.error]}. ` : ""}</strong>
      {problem.what}
      <div>{problem.next}</div>
      <button type="button" onClick={dismiss}>OK</button>
    </div>
  );
}

export function Silent({ saved }: { saved: Record<string, string[]> }) {
  const bound = Object.entries(saved);
  return (
    <div class="mss-problem" role="alert">
      <strong>No answer.</strong> The kernel is busy, or this notebook has none now.
      <div>Wait for the cell that runs, or run the picker's cell again.</div>
      {bound.length > 0 && (
        <>
          <div>Bound when the notebook was saved:</div>
          <ul>
            {bound.map(([name, secrets]) => (
              <li key={name}><bdi>{name}</bdi>: {secrets.join(", ")}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
