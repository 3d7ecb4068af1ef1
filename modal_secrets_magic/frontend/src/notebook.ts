// Writes the line of a binding into the notebook, where the front end lets a widget reach it.
//
// JupyterLab's and Notebook 7's widget manager has the document it belongs to as `context`
// (seen in @jupyter-widgets/jupyterlab-manager 5.0.17), whose shared model is that of @jupyter/ydoc.

import { LATER } from "./protocol";

interface Cell {
  cell_type: string;
  getSource(): string;
  setSource(source: string): void;
  toJSON(): { outputs?: { data?: Record<string, unknown> }[] };
}

export interface Notebook {
  cells: Cell[];
  insertCell(place: number, cell: object): unknown;
  transact(change: () => void): void;
}

const VIEW = "application/vnd.jupyter.widget-view+json";

/** Return the notebook that a widget manager's widgets are shown in; none where it keeps it. */
export function notebookOf(manager: unknown): Notebook | null {
  const context = (manager as { context?: { model?: { sharedModel?: Notebook } } })?.context;
  const notebook = context?.model?.sharedModel;
  return typeof notebook?.insertCell === "function" ? notebook : null;
}

/**
 * Have the notebook hold the line that binds a function, below the picker of this model and the
 * function's definition; a line that binds it already is replaced. Returns whether that was new.
 */
export function writeLine(notebook: Notebook, model: string, name: string, line: string): boolean {
  const begins = name === LATER ? "%modal_secret use " : `%modal_secret bind ${name} `;
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
  const holding = cells.reverse().find((cell) => linesOf(cell).some((each) => each.startsWith(begins)));
  if (holding) {
    const before = holding.getSource();
    const after = linesOf(holding).map((each) => (each.startsWith(begins) ? line : each)).join("\n");
    if (after !== before) notebook.transact(() => holding.setSource(after));
    return after !== before;
  }
  const place = Math.max(placeOfPicker(notebook, model), name === LATER ? -1 : placeOf(notebook, name));
  const next = notebook.cells[place + 1];
  notebook.transact(() => {
    if (next?.cell_type === "code" && isOfLines(next)) next.setSource(`${next.getSource()}\n${line}`);
    else notebook.insertCell(place + 1, { cell_type: "code", source: line, metadata: {} });
  });
  return true;
}

function linesOf(cell: Cell): string[] {
  return cell.getSource().split("\n");
}

/** Whether a cell holds nothing but what pickers write. */
function isOfLines(cell: Cell): boolean {
  return linesOf(cell).every((each) => /^%modal_secret (bind \S+ .*--only|use )/.test(each));
}

function placeOfPicker(notebook: Notebook, model: string): number {
  return notebook.cells.findIndex((cell) =>
    (cell.toJSON().outputs ?? []).some(
      (output) => (output.data?.[VIEW] as { model_id?: string } | undefined)?.model_id === model,
    ),
  );
}

function placeOf(notebook: Notebook, name: string): number {
  const defines = new RegExp(`^(async +)?(def|class) +${name}\\b`, "mu");
  return notebook.cells.findLastIndex(
    (cell) => cell.cell_type === "code" && defines.test(cell.getSource()),
  );
}
