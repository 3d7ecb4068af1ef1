// Writes lines into the notebook, where the front end lets a view reach it: its shared document is
// that of @jupyter/ydoc.

import { LATER } from "./protocol";

/** What a cell is set to, its editor can undo. */
export interface Cell {
  cell_type: string;
  getSource(): string;
  setSource(source: string): void;
  toJSON(): { outputs?: { data?: Record<string, unknown> }[] };
}

export interface Notebook {
  cells: Cell[];
  insertCell(place: number, cell: object): unknown;
}

export interface Written {
  /** The place of the cell that holds the line now. */
  place: number;
  /** Whether the notebook is another one now. */
  changed: boolean;
}

const VIEW = "application/vnd.jupyter.widget-view+json";

/** What loads the extension into a kernel. */
export const LOAD = "%load_ext modal_secrets_magic";

/**
 * Return the notebook that a widget manager's widgets are shown in; none where it keeps it. That of
 * JupyterLab and Notebook 7 has the document it belongs to as `context` (seen in
 * @jupyter-widgets/jupyterlab-manager 5.0.17).
 */
export function notebookOf(manager: unknown): Notebook | null {
  const context = (manager as { context?: { model?: { sharedModel?: Notebook } } })?.context;
  const notebook = context?.model?.sharedModel;
  return typeof notebook?.insertCell === "function" ? notebook : null;
}

/**
 * Have the notebook hold the line that binds a function, below what has to run before it: the
 * function's definition, what loads the extension, and the picker of this model, if any. A line
 * that binds the function already is replaced.
 */
export function writeLine(notebook: Notebook, model: string, name: string, line: string): Written {
  const begins = name === LATER ? "%modal_secret use " : `%modal_secret bind ${name} `;
  const holding = notebook.cells.findLastIndex(
    (cell) => cell.cell_type === "code" && linesOf(cell).some((each) => each.startsWith(begins)),
  );
  if (holding >= 0) {
    const cell = notebook.cells[holding]!;
    const before = cell.getSource();
    const after = linesOf(cell).map((each) => (each.startsWith(begins) ? line : each)).join("\n");
    if (after !== before) cell.setSource(after);
    return { place: holding, changed: after !== before };
  }
  const above = Math.max(placeOfPicker(notebook, model), placeOfLoad(notebook), name === LATER ? -1 : placeOf(notebook, name));
  const place = above + 1;
  const next = notebook.cells[place];
  if (next?.cell_type === "code" && isOfLines(next)) {
    next.setSource(`${next.getSource()}\n${line}`);
  } else {
    // In two steps: Ctrl+Z in the cell takes the line back, and undoing cell operations the cell.
    notebook.insertCell(place, codeCell(""));
    notebook.cells[place]!.setSource(line);
  }
  return { place, changed: true };
}

/** Have the notebook hold a cell that loads the extension and does nothing else, at its top. */
export function writeLoad(notebook: Notebook): Written {
  const place = notebook.cells.findIndex((cell) => cell.cell_type === "code" && cell.getSource().trim() === LOAD);
  if (place >= 0) return { place, changed: false };
  notebook.insertCell(0, codeCell(LOAD));
  return { place: 0, changed: true };
}

/** Return the functions and classes that a cell's source defines, by a look at its lines. */
export function definedBy(source: string): string[] {
  const defines = /^(?:async +)?(?:def|class) +([\p{L}_][\p{L}\p{N}_]*)/gmu;
  return [...source.matchAll(defines)].map(([, name]) => name!);
}

/** Whether a cell holds nothing but what views write. */
function isOfLines(cell: Cell): boolean {
  return linesOf(cell).every((each) => /^%modal_secret (bind \S+ .*--only|use )/.test(each));
}

function codeCell(source: string): object {
  return { cell_type: "code", source, metadata: {} };
}

function linesOf(cell: Cell): string[] {
  return cell.getSource().split("\n");
}

function placeOfPicker(notebook: Notebook, model: string): number {
  if (!model) return -1;
  return notebook.cells.findIndex((cell) =>
    (cell.toJSON().outputs ?? []).some(
      (output) => (output.data?.[VIEW] as { model_id?: string } | undefined)?.model_id === model,
    ),
  );
}

function placeOfLoad(notebook: Notebook): number {
  return notebook.cells.findIndex((cell) => cell.cell_type === "code" && linesOf(cell).includes(LOAD));
}

/** The cell that defines a function last, or else the first that speaks of it, as an import does. */
function placeOf(notebook: Notebook, name: string): number {
  const { cells } = notebook;
  const defined = cells.findLastIndex(
    (cell) => cell.cell_type === "code" && definedBy(cell.getSource()).includes(name),
  );
  const spoken = new RegExp(`(?<![\\p{L}\\p{N}_])${name}(?![\\p{L}\\p{N}_])`, "u");
  return defined >= 0
    ? defined
    : cells.findIndex((cell) => cell.cell_type === "code" && spoken.test(cell.getSource()));
}
