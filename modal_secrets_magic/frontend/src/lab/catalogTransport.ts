// Answers a store's requests from the Jupyter server, where no kernel does: secrets can be looked
// at, made, changed and deleted, and nothing is bound.

import type { Actions, FromKernel, State } from "../protocol";
import { problemOf, type Transport } from "../store";
import * as api from "./api";

type Message = { [A in keyof Actions]: { action: A; request: number } & Actions[A] }[keyof Actions];

export class CatalogTransport implements Transport {
  private receive: (message: FromKernel) => void = () => undefined;
  private etag = "";
  private place: api.Place;
  private state: State | null = null;

  constructor(environment: string) {
    this.place = { workspace: "", environment };
  }

  listen(receive: (message: FromKernel) => void): void {
    this.receive = receive;
  }

  send(message: object): void {
    const asked = message as Message;
    void this.answer(asked).then(
      (said) => this.receive({ kind: "answer", request: asked.request, said }),
      (error) => this.receive({ kind: "failed", request: asked.request, ...problemOf(error) }),
    );
  }

  /** Carry out a request, and return what to say of it. */
  private async answer(asked: Message): Promise<string> {
    switch (asked.action) {
      case "create": {
        const made = await api.create(this.place, asked.name, asked.values);
        await this.show();
        return `Created ${made.name} with ${made.keys.join(", ")}`;
      }
      case "update": {
        const made = await api.update(this.place, asked.name, asked.values, asked.removed);
        await this.show();
        return `${made.name} now has ${made.keys.join(", ")}`;
      }
      case "delete":
        await api.remove(this.place, asked.name);
        await this.show();
        return `Deleted ${asked.name}`;
      case "workspace":
        return this.move({ workspace: asked.choice, environment: asked.environment });
      case "open":
        this.etag = "";
        await this.show();
        return "";
      default:
        await this.show();
        return "";
    }
  }

  /** Look at another place; the old one stays where that one cannot be reached. */
  private async move(place: api.Place): Promise<string> {
    const before = this.place;
    this.place = place;
    this.etag = "";
    try {
      await this.list();
    } catch (error) {
      this.place = before;
      this.etag = "";
      throw error;
    }
    return `Looking at ${this.state!.label}, ${this.state!.environment}`;
  }

  /** Tell how things are now; that a workspace fails is part of it. */
  private async show(): Promise<void> {
    try {
      await this.list();
    } catch (error) {
      this.etag = "";
      this.tell({ ...(this.state ?? (await this.nothingYet())), problem: problemOf(error) });
    }
  }

  private async list(): Promise<void> {
    const { etag, told } = await api.listed(this.place, this.etag);
    this.etag = etag;
    if (!told) return;
    const { workspace, label, environment, environments, secrets } = told;
    const known = this.state?.workspaces.length ? this.state.workspaces : (await api.workspaces()).workspaces;
    this.tell({ ...NOTHING, workspaces: known, workspace, label, environment, environments });
    this.receive({ kind: "secrets", reset: true, rows: secrets, removed: [], total: secrets.length, more: false });
  }

  private tell(state: State): void {
    this.state = state;
    this.receive({ kind: "state", ...state });
  }

  private async nothingYet(): Promise<State> {
    try {
      const { workspaces, workspace } = await api.workspaces();
      const label = workspaces.find((each) => each.choice === workspace)?.label ?? workspace;
      return { ...NOTHING, workspaces, workspace, label };
    } catch {
      return NOTHING;
    }
  }
}

const NOTHING: State = {
  id: "", workspace: "", workspaces: [], label: "", functions: null, function: "", magics: false, problem: null,
};
