// What the save guard found when a notebook was saved: said once, and kept for the panel.

import { Notification } from "@jupyterlab/apputils";
import type { NotebookPanel } from "@jupyterlab/notebook";
import * as api from "./api";

export class SaveReports {
  private known = new Map<NotebookPanel, api.Saved>();
  private listeners = new Set<() => void>();

  /** `show` brings a cell into sight; cells count from 1. */
  constructor(private show: (panel: NotebookPanel, cell: number) => void) {}

  /** Look after a notebook's saves from now on. */
  follow(panel: NotebookPanel): void {
    panel.context.saveState.connect((_, state) => {
      if (state === "completed" || state === "failed") void this.ask(panel).catch(() => undefined);
    });
    panel.disposed.connect(() => this.known.delete(panel));
  }

  /** Look through a notebook as it is on disk; returns what to say of it. */
  async scan(panel: NotebookPanel): Promise<string> {
    const { findings, silent } = await api.scan(panel.context.localPath);
    this.keep(panel, { findings, refused: false, advice: "" });
    const unasked = silent ? `; ${silent} busy kernels could not be asked` : "";
    return findings.length ? `${counted(findings.length)} in ${panel.title.label}${unasked}` : `No secret in ${panel.title.label} as it was saved${unasked}`;
  }

  of(panel: NotebookPanel): api.Saved | null {
    return this.known.get(panel) ?? null;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async ask(panel: NotebookPanel): Promise<void> {
    const saved = await api.saved(panel.context.localPath);
    const before = JSON.stringify(this.known.get(panel)?.findings ?? []);
    const isNew = JSON.stringify(saved.findings) !== before;
    this.keep(panel, saved);
    if (saved.findings.length && (isNew || saved.refused)) this.notify(panel, saved);
  }

  private keep(panel: NotebookPanel, saved: api.Saved): void {
    this.known.set(panel, saved);
    for (const listener of this.listeners) listener();
  }

  /** JupyterLab shows 140 characters; the panel lists everything. */
  private notify(panel: NotebookPanel, { findings, refused }: api.Saved): void {
    const masked = findings.filter((each) => each.masked);
    const written = findings.filter((each) => !each.masked);
    const name = panel.title.label;
    const first = (written[0] ?? masked[0])!;
    const said = [
      refused ? `${name} was not saved, for it holds a secret.` : "",
      !refused && written.length ? `${name} was saved with ${counted(written.length)} in what you wrote.` : "",
      !written.length ? `${counted(masked.length)} masked in the file of ${name}.` : "",
      `${placeOf(first)}: ${first.what}.`,
      findings.length > 1 ? `And ${findings.length - 1} more.` : "",
    ];
    const options = {
      autoClose: false as const,
      actions: first.cell
        ? [{ label: `Show cell ${first.cell}`, callback: () => this.show(panel, first.cell) }]
        : [],
    };
    const text = said.filter(Boolean).join(" ");
    if (refused) Notification.error(text, options);
    else if (written.length) Notification.warning(text, options);
    else Notification.info(text, { ...options, autoClose: 8_000 });
  }
}

export function placeOf({ cell, part, line }: api.Finding): string {
  if (!cell) return part;
  return line ? `Cell ${cell}, line ${line}` : `Cell ${cell}, ${part}`;
}

export function counted(values: number): string {
  return values === 1 ? "1 value" : `${values} values`;
}
