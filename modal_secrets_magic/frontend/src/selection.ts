// A function's secrets in order, as a change would leave them.

import type { Actions, FunctionLook } from "./protocol";

/** The changes of a selection. */
export type Changing = "bind" | "unbind" | "move";

/** Return the names that a function has by choice; what its code names itself is not among them. */
export function chosen(look: FunctionLook): string[] {
  return look.secrets.filter((each) => !each.in_code).map((each) => each.name);
}

/** Return the names after a change, which adds what is new at the end. */
export function changed<A extends Changing>(names: string[], action: A, fields: Actions[A]): string[] {
  const { secret } = fields;
  const rest = names.filter((each) => each !== secret);
  if (action === "unbind") return rest;
  if (action === "bind") return names.includes(secret) ? names : [...names, secret];
  const { before } = fields as Actions["move"];
  const place = before === null ? rest.length : rest.indexOf(before);
  return place < 0 ? names : [...rest.slice(0, place), secret, ...rest.slice(place)];
}
