// The extension of JupyterLab and Notebook 7: a panel, a button on cells, commands and settings.

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, IToolbarWidgetRegistry, Notification } from "@jupyterlab/apputils";
import type { Cell } from "@jupyterlab/cells";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { problemOf } from "../store";
import type { Wish } from "../view/Picker";
import * as api from "./api";
import { CellButton } from "./cellButton";
import { addCommands, type Doing, LISTED } from "./commands";
import { Links } from "./links";
import type { Host } from "./panel";
import style from "./page.css";
import { SaveReports } from "./saveReports";
import { read, type Settings } from "./settings";
import { PanelShell } from "./shell";

const ID = "modal-secrets-magic:plugin";

/** The panel's place among the others of a sidebar. */
const RANK = 600;

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Named Modal secrets in a panel, on cells, and as notebooks are saved.",
  autoStart: true,
  requires: [INotebookTracker, ISettingRegistry],
  optional: [ICommandPalette, IToolbarWidgetRegistry, ILayoutRestorer],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry,
    palette: ICommandPalette | null,
    toolbars: IToolbarWidgetRegistry | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const sheet = document.createElement("style");
    sheet.textContent = style;
    document.head.append(sheet);

    let settings: Settings = {
      side: "left", environment: "", display: { reveal: 0, mask: 8 }, saveGuard: "server",
    };
    const links = new Links(tracker);
    const showCell = (panel: NotebookPanel, cell: number) => {
      app.shell.activateById(panel.id);
      panel.content.activeCellIndex = cell - 1;
      panel.content.mode = "command";
      void panel.content.scrollToItem(cell - 1);
    };
    const reports = new SaveReports(showCell);
    tracker.forEach((panel) => reports.follow(panel));
    tracker.widgetAdded.connect((_, panel) => reports.follow(panel));

    const listeners = new Set<() => void>();
    const changed = () => listeners.forEach((listener) => listener());
    const host: Host = {
      links,
      reports,
      settings: () => settings,
      wish: null,
      showCell: (link, cell) => showCell(link.panel, cell),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const panel = new PanelShell(host);
    const doing: Doing = {
      links,
      reports,
      open: async ({ function: name, form = false }) => {
        app.shell.activateById(panel.id);
        const store = links.current?.store;
        const known = store?.state?.functions?.some((each) => each.name === name);
        if (store && name && known) await store.tell("choose", { function: name });
        host.wish = { form } satisfies Wish;
        changed();
      },
      say: (text) => void Notification.info(text, { autoClose: 5_000 }),
      fail: (error) => {
        const { what, next } = problemOf(error);
        Notification.error(`${what} ${next}`.trim(), { autoClose: 10_000 });
      },
    };
    addCommands(app.commands, doing);
    for (const command of LISTED) palette?.addItem({ command, category: "Modal Secrets" });
    toolbars?.addFactory<Cell>("Cell", "modal-secrets", (cell) =>
      new CellButton(cell, links, (name) => void doing.open({ function: name })),
    );

    app.shell.add(panel, settings.side, { rank: RANK, type: "Modal Secrets" });
    restorer?.add(panel, "modal-secrets");
    const given = await registry.load(ID).catch(() => null);
    const apply = () => {
      const before = settings;
      settings = read(given!);
      if (settings.side !== before.side) app.shell.add(panel, settings.side, { rank: RANK });
      if (settings.saveGuard !== before.saveGuard) {
        void api.setGuardMode(settings.saveGuard).catch(doing.fail);
      }
      changed();
    };
    if (given) {
      given.changed.connect(apply);
      apply();
    }
  },
};

export default plugin;
