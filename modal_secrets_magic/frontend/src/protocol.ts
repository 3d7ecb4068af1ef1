// What the kernel and the view say to each other; the other half is picker/requests.py and
// picker/state.py. Names and keys only, but for the one message that creates or changes a secret.

/** A secret's name, its keys, and when it was made and last used, in seconds since 1970 (0: never). */
export type SecretRow = [name: string, keys: string[], created: number, used: number];

export interface BoundSecret {
  name: string;
  keys: string[];
  in_code: boolean;
  lost: boolean;
  stale: boolean;
}

export interface InjectedKey {
  key: string;
  source: string;
  overrides: string[];
}

export interface KeyNeed {
  key: string;
  optional: boolean;
  line: number;
  source: string;
  holders: string[];
}

export interface FunctionLook {
  name: string;
  environment: string;
  secrets: BoundSecret[];
  keys: InjectedKey[];
  reads: KeyNeed[];
}

export interface FunctionChoice {
  name: string;
  bound: boolean;
  secrets: string[];
  environment: string;
}

/** An error of this package: its class, what failed and why, and what to do next. */
export interface Problem {
  error: string;
  what: string;
  next: string;
}

export interface State {
  id: string;
  workspace: string;
  workspaces: { choice: string; label: string }[];
  label: string;
  /** None where there is no notebook whose functions could be bound. */
  functions: FunctionChoice[] | null;
  function: string;
  magics: boolean;
  problem: Problem | null;
  environment?: string;
  environments?: string[];
  stale?: Record<string, string[]>;
  /** Keys that bound functions read, need and do not get. */
  missing?: Record<string, string[]>;
  look?: FunctionLook;
  line?: string;
  code?: string;
}

export interface EnvironmentRow {
  key: string;
  masked: string;
  fingerprint: string;
  source: string;
  overrides: string[];
  note: string;
}

export type FromKernel =
  | ({ kind: "state" } & State)
  | { kind: "secrets"; reset: boolean; rows: SecretRow[]; removed: string[]; total: number; more: boolean }
  | { kind: "environment"; function: string; rows: EnvironmentRow[] }
  | { kind: "progress"; request: number; said: string }
  | { kind: "answer"; request: number; said: string }
  | ({ kind: "failed"; request: number } & Problem);

export interface Actions {
  open: Record<never, never>;
  more: Record<never, never>;
  watch: Record<never, never>;
  look: Record<never, never>;
  choose: { function: string };
  bind: { function: string; secret: string };
  unbind: { function: string; secret: string };
  move: { function: string; secret: string; before: string | null };
  create: { name: string; values: Record<string, string> };
  update: { name: string; values: Record<string, string>; removed: string[] };
  delete: { name: string };
  environment: { function: string; reveal: number };
  restart: { function: string };
  spell: { function: string; secrets: string[] };
  workspace: { choice: string; environment: string };
}

/** The secrets chosen for no function in particular: those of all later cells. */
export const LATER = "";
