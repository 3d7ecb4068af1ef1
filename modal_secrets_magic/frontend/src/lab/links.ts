// What is between the page and the kernels of its notebooks.

import { type INotebookTracker, NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";
import type { Kernel } from "@jupyterlab/services";
import type { Notebook } from "../notebook";
import { LOAD, writeLine, writeLoad } from "../notebook";
import { Failure, Store } from "../store";
import { CommTransport, GONE, isLoaded } from "./commTransport";

/** How it stands between a notebook's kernel and us. */
export type Standing =
  | { kind: "none" } // no kernel
  | { kind: "waiting" } // it starts, or is busy
  | { kind: "foreign"; language: string } // it runs no Python
  | { kind: "absent" } // the extension is not loaded in it
  | { kind: "here"; store: Store };

/** What a kernel says when nobody of before will answer. */
const ENDS = ["restarting", "autorestarting", "dead", "terminating"];

/** Milliseconds in which cells that run one after another are followed by one look. */
const A_MOMENT = 150;

/** One notebook, its kernel, and the talk with that. */
export class Link {
  standing: Standing = { kind: "none" };
  private transport: CommTransport | null = null;
  private kernel: Kernel.IKernelConnection | null = null;
  private looking: object | null = null;
  private timer = 0;

  constructor(readonly panel: NotebookPanel, private changed: () => void) {
    const { sessionContext } = panel;
    sessionContext.kernelChanged.connect(() => {
      this.leave({ kind: "waiting" });
      void this.look();
    });
    sessionContext.statusChanged.connect((_, status) => {
      if (ENDS.includes(status)) {
        this.looking = null; // whose answer may never come
        this.leave({ kind: "waiting" });
      } else if (status === "idle" && this.standing.kind === "waiting") void this.look();
    });
    panel.disposed.connect(() => this.leave({ kind: "none" }));
    void sessionContext.ready.then(() => this.look());
  }

  get name(): string {
    return this.panel.title.label;
  }

  get store(): Store | null {
    return this.standing.kind === "here" ? this.standing.store : null;
  }

  get document(): Notebook | null {
    return (this.panel.model?.sharedModel as unknown as Notebook | undefined) ?? null;
  }

  /** Find out how it stands; by one look at a time, for the kernel is busy and idle with each. */
  async look(): Promise<void> {
    const kernel = this.panel.sessionContext.session?.kernel ?? null;
    if (kernel !== this.kernel) this.looking = null;
    if (this.looking) return;
    this.kernel = kernel;
    if (!kernel) return this.leave({ kind: "none" });
    const look = (this.looking = {});
    if (this.standing.kind === "none") this.leave({ kind: "waiting" });
    try {
      const language = (await kernel.info).language_info.name;
      const loaded = language === "python" && (await isLoaded(kernel));
      if (look !== this.looking || this.panel.isDisposed) return;
      if (language !== "python") this.leave({ kind: "foreign", language });
      else if (!loaded) this.leave({ kind: "absent" });
      else if (this.standing.kind !== "here") this.enter(kernel);
    } catch {
      // The kernel ended, or the server is gone: its next sign of life is looked at.
    } finally {
      if (look === this.looking) this.looking = null;
    }
  }

  /** A cell has run: there may be new functions, or the extension is loaded now. */
  cellHasRun(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.store) void this.store.ask("look", {}).catch(() => undefined);
      else void this.look();
    }, A_MOMENT);
  }

  /** Write the line that binds, and run it; returns what to say of it. */
  async run(name: string, line: string): Promise<string> {
    const written = writeLine(this.document!, "", name, line);
    await this.runLine(written.place, line);
    return written.changed ? "Written into the notebook, and run" : "Run, as the notebook says";
  }

  /** Have the notebook load the extension, by a cell of its own. */
  async load(): Promise<void> {
    await this.runLine(writeLoad(this.document!).place, LOAD);
    await this.look();
  }

  /** Run a cell that holds this line alone; of another cell, whose rest nobody has chosen, the line. */
  private async runLine(place: number, line: string): Promise<void> {
    const { content, sessionContext } = this.panel;
    const cell = content.widgets[place];
    const source = cell?.model.sharedModel.getSource() ?? "";
    if (cell && source.trim() === line) {
      if (await NotebookActions.runCells(content, [cell], sessionContext)) return;
    } else {
      const ran = await sessionContext.session?.kernel?.requestExecute({ code: line, stop_on_error: false }).done;
      if (ran?.content.status === "ok") return;
    }
    throw new Failure({
      error: "",
      what: `The kernel did not accept ${line}`,
      next: "The cell with this line says why.",
    });
  }

  private enter(kernel: Kernel.IKernelConnection): void {
    this.transport = new CommTransport(kernel, () => {
      this.leave({ kind: "waiting" });
      void this.look();
    });
    const store = new Store(this.transport);
    store.subscribe(this.changed);
    this.stand({ kind: "here", store });
    void store.ask("open", {}).catch((error) => store.fail(error));
  }

  private leave(standing: Standing): void {
    this.transport?.close();
    this.transport = null;
    this.store?.end(GONE);
    this.stand(standing);
  }

  private stand(standing: Standing): void {
    this.standing = standing;
    this.changed();
  }
}

/** The links of all notebooks that are open. */
export class Links {
  private known = new Map<NotebookPanel, Link>();
  private listeners = new Set<() => void>();

  constructor(private tracker: INotebookTracker) {
    tracker.forEach((panel) => this.of(panel));
    tracker.widgetAdded.connect((_, panel) => this.of(panel));
    tracker.currentChanged.connect(() => this.tell());
    NotebookActions.executed.connect((_, { notebook }) => {
      for (const [panel, link] of this.known) if (panel.content === notebook) link.cellHasRun();
    });
  }

  /** The link of the notebook that is used now. */
  get current(): Link | null {
    const panel = this.tracker.currentWidget;
    return panel && this.of(panel);
  }

  of(panel: NotebookPanel): Link {
    let link = this.known.get(panel);
    if (!link) {
      link = new Link(panel, () => this.tell());
      this.known.set(panel, link);
      panel.disposed.connect(() => {
        this.known.delete(panel);
        this.tell();
      });
      this.tell();
    }
    return link;
  }

  all(): Link[] {
    return [...this.known.values()];
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}
