// The panel: where things stand, what the last save found, and the same view as the picker's.

import { render as draw } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { Store } from "../store";
import style from "../style.css";
import { Failed } from "../view/Notices";
import { Picker, type Wish } from "../view/Picker";
import type { Problem } from "../protocol";
import type { Saved } from "./api";
import { CatalogTransport } from "./catalogTransport";
import type { Link, Links } from "./links";
import { counted, placeOf, type SaveReports } from "./saveReports";
import type { Settings } from "./settings";

export interface Host {
  links: Links;
  reports: SaveReports;
  settings(): Settings;
  /** What the user came for; asked for once. */
  wish: Wish | null;
  showCell(link: Link, cell: number): void;
  subscribe(listener: () => void): () => void;
}

/** Show the panel in an element; returns what takes it away. */
export function mount(root: HTMLElement, host: Host): () => void {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const inside = document.createElement("div");
  root.append(sheet, inside);
  draw(<Panel host={host} />, inside);
  return () => {
    draw(null, inside);
    root.replaceChildren();
  };
}

function Panel({ host }: { host: Host }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [catalog] = useState(() => catalogStore(host.settings()));
  useEffect(() => {
    const ends = [host.links, host.reports, host].map((each) => each.subscribe(() => redraw(0)));
    return () => ends.forEach((end) => end());
  }, [host]);
  const link = host.links.current;
  const store = link?.store ?? catalog;
  const saved = link && host.reports.of(link.panel);
  // Not asked anew while a kernel's own view is shown; opened when it is needed first.
  useEffect(() => {
    if (store === catalog) void catalog.ask("open", {}).catch((error) => catalog.fail(error));
  }, [store === catalog]);
  const { environment, display } = host.settings();
  const looked = useRef(environment);
  useEffect(() => {
    if (looked.current === environment) return;
    looked.current = environment;
    void catalog.tell("workspace", { choice: "", environment });
  }, [environment]);
  store.display = display;
  return (
    <div class="mss-panel">
      <div class="mss mss-where"><Where link={link} /></div>
      {link && saved && saved.findings.length > 0 && <Report saved={saved} show={(cell) => host.showCell(link, cell)} />}
      <Picker
        store={store}
        notebook={link?.store ? link.document : null}
        saved={{}}
        wish={host.wish}
        {...(link?.store ? { run: (name: string, line: string) => link.run(name, line) } : {})}
      />
    </div>
  );
}

function catalogStore(settings: Settings): Store {
  return new Store(new CatalogTransport(settings.environment));
}

/** Which notebook it is about, and what keeps its functions from being bound. */
function Where({ link }: { link: Link | null }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  if (!link) {
    return <p role="status">Open a notebook to bind its functions. Its secrets can be looked at and changed without one.</p>;
  }
  const { standing } = link;

  async function load(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await link!.load();
    } catch (error) {
      setProblem({ error: "", what: "The extension was not loaded.", next: "The notebook's first cell says why." });
    } finally {
      setBusy(false);
    }
  }

  return (
    <div role="status">
      {standing.kind === "here" && <p>Functions of <b><bdi>{link.name}</bdi></b></p>}
      {standing.kind === "none" && <p><b><bdi>{link.name}</bdi></b> has no kernel, so there are no functions to bind yet.</p>}
      {standing.kind === "waiting" && <p>Waiting for the kernel of <b><bdi>{link.name}</bdi></b> …</p>}
      {standing.kind === "foreign" && (
        <p>The kernel of <b><bdi>{link.name}</bdi></b> runs <bdi>{standing.language}</bdi>: only Python functions can be bound to secrets.</p>
      )}
      {standing.kind === "absent" && (
        <p>
          <b><bdi>{link.name}</bdi></b> has not loaded the extension, so its functions are not bound.{" "}
          <button type="button" disabled={busy} title="Writes %load_ext modal_secrets_magic into the first cell, and runs it" onClick={load}>
            Load it into the notebook
          </button>
        </p>
      )}
      {problem && <Failed problem={problem} dismiss={() => setProblem(null)} />}
    </div>
  );
}

function Report({ saved, show }: { saved: Saved; show(cell: number): void }) {
  const masked = saved.findings.filter((each) => each.masked).length;
  const written = saved.findings.length - masked;
  return (
    <section class="mss mss-report" aria-label="Found by the save guard">
      <p class="mss-warn">
        {saved.refused ? "Not saved. " : ""}
        {[written ? `${counted(written)} in what you wrote` : "", masked ? `${counted(masked)} masked in the file` : ""].filter(Boolean).join(", ")}.
      </p>
      <ul>
        {saved.findings.map((each) => (
          <li key={JSON.stringify(each)}>
            {each.cell ? <button type="button" onClick={() => show(each.cell)}>{placeOf(each)}</button> : placeOf(each)}{" "}
            {each.what}{each.masked ? ", masked" : ""}
          </li>
        ))}
      </ul>
      {written > 0 && saved.advice && <p><small>{saved.advice}</small></p>}
    </section>
  );
}
