// What the palette, shortcuts and other extensions may ask for.

import type { CommandRegistry } from "@lumino/commands";
import { chosen } from "../selection";
import { Failure, type Store } from "../store";
import type { Link, Links } from "./links";
import type { SaveReports } from "./saveReports";

export const OPEN = "modal-secrets:open";
export const NEW = "modal-secrets:new-secret";
export const BIND = "modal-secrets:bind";
export const UNBIND = "modal-secrets:unbind";
export const LOAD = "modal-secrets:load";
export const RESTART = "modal-secrets:restart-containers";
export const SCAN = "modal-secrets:scan";

/** Those that a palette lists; the others need arguments. */
export const LISTED = [OPEN, NEW, LOAD, SCAN];

export interface Doing {
  links: Links;
  reports: SaveReports;
  /** Show the panel, with a function chosen or the form of a new secret open. */
  open(wish: { function?: string; form?: boolean }): Promise<void>;
  /** Say something to the user. */
  say(text: string): void;
  fail(error: unknown): void;
}

const FUNCTION = { type: "string", description: "The name of a function in the notebook that is used now" };
const SECRET = { type: "string", description: "The name of a secret in the notebook's environment" };

export function addCommands(commands: CommandRegistry, doing: Doing): void {
  const { links, reports } = doing;
  const store = () => links.current?.store ?? null;
  const linked = (): [Link, Store] => {
    const [link, talk] = [links.current, store()];
    if (link && talk) return [link, talk];
    throw new Failure({
      error: "",
      what: "No notebook that has loaded the extension is in use.",
      next: "Open one, and run %load_ext modal_secrets_magic in it.",
    });
  };
  const saying = (work: () => Promise<string>) => work().then(doing.say, doing.fail);

  commands.addCommand(OPEN, {
    label: "Modal Secrets: Show the Panel",
    caption: "Named secrets, and the functions that are bound to them",
    describedBy: args({ function: FUNCTION }),
    execute: ({ function: name }) => doing.open(typeof name === "string" ? { function: name } : {}),
  });
  commands.addCommand(NEW, {
    label: "Modal Secrets: New Secret…",
    describedBy: args({}),
    execute: () => doing.open({ form: true }),
  });
  commands.addCommand(LOAD, {
    label: "Modal Secrets: Load into the Notebook",
    caption: "Writes %load_ext modal_secrets_magic into the first cell, and runs it",
    describedBy: args({}),
    isEnabled: () => links.current?.standing.kind === "absent",
    execute: () => links.current?.load().catch(doing.fail),
  });
  commands.addCommand(SCAN, {
    label: "Modal Secrets: Look for Secrets in the Saved Notebook",
    describedBy: args({}),
    isEnabled: () => links.current !== null,
    execute: () => links.current && saying(() => reports.scan(links.current!.panel)),
  });
  for (const [id, label, unbinds] of [
    [BIND, "Modal Secrets: Bind a Secret", false],
    [UNBIND, "Modal Secrets: Unbind a Secret", true],
  ] as const) {
    commands.addCommand(id, {
      label,
      caption: "Writes the notebook's line, and runs it",
      describedBy: args({ function: FUNCTION, secret: SECRET }, ["function", "secret"]),
      isEnabled: () => store() !== null,
      execute: ({ function: name, secret }) =>
        saying(async () => {
          const [link, talk] = linked();
          await talk.ask("choose", { function: String(name) });
          const rest = chosen(talk.state!.look!).filter((each) => each !== secret);
          const secrets = unbinds ? rest : [...rest, String(secret)];
          return link.run(String(name), await talk.ask("spell", { function: String(name), secrets }));
        }),
    });
  }
  commands.addCommand(RESTART, {
    label: "Modal Secrets: Restart Containers",
    caption: "So that they get the secrets as they are now",
    describedBy: args({ function: FUNCTION }, ["function"]),
    isEnabled: () => store() !== null,
    execute: ({ function: name }) => saying(async () => linked()[1].ask("restart", { function: String(name) })),
  });
}

function args(properties: Record<string, object>, required: string[] = []) {
  return { args: { type: "object", properties, required, additionalProperties: true } as never };
}
