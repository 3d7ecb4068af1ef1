// The routes of the Jupyter server's extension (server/routes.py), which need no kernel.

import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import type { Problem, SecretRow } from "../protocol";
import { Failure } from "../store";

export interface Listed {
  workspace: string;
  label: string;
  environment: string;
  environments: string[];
  secrets: SecretRow[];
}

/** A value that a scan or a save found, and where; cells count from 1, 0 is none. */
export interface Finding {
  cell: number;
  part: string;
  line: number;
  what: string;
  masked: boolean;
}

export interface Saved {
  findings: Finding[];
  refused: boolean;
  advice: string;
}

/** Where secrets are looked for; empty for the default. */
export interface Place {
  workspace: string;
  environment: string;
}

const settings = ServerConnection.makeSettings();
const secretPath = (name: string) => `secrets/${encodeURIComponent(name)}`;

/** Returns what is new to whoever has `etag` already: nothing, where that is how things are. */
export async function listed(place: Place, etag: string): Promise<{ etag: string; told: Listed | null }> {
  const response = await asked("secrets", { ...place }, { headers: { "If-None-Match": etag } });
  if (response.status === 304) return { etag, told: null };
  return { etag: response.headers.get("Etag") ?? "", told: await response.json() };
}

export const workspaces = () =>
  got<{ workspaces: { choice: string; label: string }[]; workspace: string }>("workspaces");

export const create = (place: Place, name: string, values: Record<string, string>) =>
  sent<{ name: string; keys: string[] }>("POST", "secrets", { ...place }, { name, values });

export const update = (place: Place, name: string, values: Record<string, string>, removed: string[]) =>
  sent<{ name: string; keys: string[] }>("PATCH", secretPath(name), { ...place }, { values, removed });

export async function remove(place: Place, name: string): Promise<void> {
  await asked(secretPath(name), { ...place }, { method: "DELETE" });
}

/** What the last save of a notebook found. */
export const saved = (path: string) => got<Saved>("saved", { path });

export const scan = (path: string) => sent<{ findings: Finding[]; silent: number }>("POST", "scan", {}, { path });

/** Choose what the save guard does; `server` is what the server's configuration says. */
export const setGuardMode = (mode: string) =>
  sent<{ mode: string; fixed: boolean }>("PUT", "save-guard", {}, { mode });

async function got<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  return (await asked(path, query, {})).json();
}

async function sent<T>(method: string, path: string, query: Record<string, string>, body: object): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return (await asked(path, query, { method, headers, body: JSON.stringify(body) })).json();
}

/** Ask a route; fails with what the server says of it, or of its not being there. */
async function asked(path: string, query: Record<string, string>, init: RequestInit): Promise<Response> {
  const url = URLExt.join(settings.baseUrl, "modal-secrets", path) + URLExt.objectToQueryString(query);
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch {
    throw new Failure({
      error: "WorkspaceUnavailable",
      what: "The Jupyter server does not answer.",
      next: "Is it still running? Try again once it is.",
    });
  }
  if (response.ok || response.status === 304) return response;
  throw new Failure(await problemOf(response));
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const { error, what, next } = await response.json();
    if (typeof what === "string") return { error, what, next };
  } catch {
    // It was no answer of ours.
  }
  const missing = response.status === 404;
  return {
    error: "HTTPError",
    what: missing
      ? "The Jupyter server does not have the extension of modal_secrets_magic."
      : `The Jupyter server answered ${response.status} ${response.statusText}.`,
    next: missing ? "Install the package where the server runs, and start the server again." : "Load the page again, or log in again.",
  };
}
