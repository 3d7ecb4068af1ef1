// The button on a cell that defines functions: the secrets they are bound to, and what is amiss.

import type { Cell } from "@jupyterlab/cells";
import { Widget } from "@lumino/widgets";
import { definedBy } from "../notebook";
import type { State } from "../protocol";
import { icon } from "./icon";
import type { Link, Links } from "./links";

/** Secrets that are named on the button; the others are counted. */
const NAMED = 3;

interface Look {
  /** The function whose secrets a click chooses. */
  name: string;
  text: string;
  /** What is amiss: in few words, for JupyterLab hides a cell's toolbar that takes half of it. */
  badges: { text: string; detail: string }[];
}

export class CellButton extends Widget {
  private button = document.createElement("button");
  private shown: Look | null = null;
  private forget: () => void;

  /** `open` shows the panel with a function chosen. */
  constructor(private cell: Cell, private links: Links, open: (name: string) => void) {
    super();
    this.addClass("mss-cell");
    this.button.type = "button";
    this.button.addEventListener("click", () => open(this.shown?.name ?? ""));
    this.node.append(this.button);
    this.forget = links.subscribe(() => this.refresh());
    cell.model.contentChanged.connect(this.refresh, this);
    this.refresh();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.forget();
    super.dispose();
  }

  private refresh(): void {
    if (this.isDisposed || this.cell.isDisposed) return;
    this.shown = this.cell.model.type === "code" ? this.look() : null;
    this.setHidden(!this.shown);
    if (!this.shown) return;
    const { name, text, badges } = this.shown;
    const said = `Secrets of ${name}: ${[text, ...badges.map((each) => each.detail)].join("; ")}`;
    if (this.button.title === said) return;
    this.button.title = said;
    this.button.setAttribute("aria-label", said);
    this.button.replaceChildren(
      icon.element({ tag: "span", width: "16px", height: "16px" }),
      span("mss-cell-names", text),
      ...badges.map((each) => span("mss-cell-badge", each.text)),
    );
  }

  private look(): Look | null {
    const names = definedBy(this.cell.model.sharedModel.getSource());
    const link = this.links.all().find((each) => each.panel.content.widgets.includes(this.cell));
    if (!names.length || !link || link.standing.kind === "foreign") return null;
    return lookAt(names as [string, ...string[]], link);
  }
}

/** Say of a cell's functions what is bound; the first that lacks something is the one to choose. */
function lookAt(names: [string, ...string[]], link: Link): Look {
  const state = link.store?.state;
  if (!state?.functions) return { name: names[0], text: "not loaded", badges: [] };
  const here = names.filter((name) => state.functions!.some((each) => each.name === name));
  if (!here.length) return { name: names[0], text: "run the cell first", badges: [] };
  const amiss = here.find((name) => badgesOf(state, name).length);
  const name = amiss ?? here[0]!;
  const others = here.length > 1 ? ` and of ${here.length - 1} more` : "";
  return { name: name, text: namesOf(state, name) + others, badges: badgesOf(state, name) };
}

function namesOf(state: State, name: string): string {
  const secrets = state.functions?.find((each) => each.name === name)?.secrets ?? [];
  if (!secrets.length) return "no secrets";
  const more = secrets.length - NAMED;
  return secrets.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function badgesOf(state: State, name: string): Look["badges"] {
  const missing = state.missing?.[name] ?? [];
  const stale = state.stale?.[name] ?? [];
  const key = missing.length > 1 ? "missing keys" : "missing key";
  return [
    ...(missing.length ? [{ text: key, detail: `${key} ${missing.join(", ")}` }] : []),
    ...(stale.length ? [{ text: "stale", detail: `stale, for ${stale.join(", ")} changed since its containers started` }] : []),
  ];
}

function span(name: string, text: string): HTMLElement {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
