// What the user has set for the panel (schema/plugin.json).

import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { Display } from "../store";

export interface Settings {
  side: "left" | "right";
  environment: string;
  display: Display;
  saveGuard: "server" | "warn" | "refuse" | "off";
}

export function read(given: ISettingRegistry.ISettings): Settings {
  const of = <T>(name: string) => given.get(name).composite as T;
  return {
    side: of("side"),
    environment: of("environment"),
    display: { reveal: of("reveal"), mask: of("maskLength") },
    saveGuard: of("saveGuard"),
  };
}
