// The panel's place in the sidebar; what it shows is fetched when it is shown first.

import { LabIcon } from "@jupyterlab/ui-components";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import type { Host } from "./panel";

const KEY =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M7.5 7a5 5 0 1 0 4.6 7H15v2.6h3V14h3v-3.6h-8.9A5 5 0 0 0 7.500 7zm0 3.300a1.900 1.900 0 1 1 0 3.800 1.900 1.900 0 0 1 0-3.800z"/></svg>';

export const icon = new LabIcon({ name: "modal-secrets:key", svgstr: KEY });

export class PanelShell extends Widget {
  private remove: (() => void) | null = null;
  private mounting = false;

  constructor(private host: Host) {
    super();
    this.id = "modal-secrets";
    this.title.icon = icon;
    this.title.caption = "Modal secrets";
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Modal secrets panel");
    this.addClass("mss-side");
  }

  override dispose(): void {
    this.remove?.();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.mount();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) void this.mount();
  }

  private async mount(): Promise<void> {
    if (this.remove || this.mounting) return;
    this.mounting = true;
    try {
      const { mount } = await import("./panel");
      if (!this.isDisposed) this.remove = mount(this.node, this.host);
    } catch {
      this.node.textContent = "The panel could not be fetched from the server. Is it still running? Show the panel again to try again.";
    } finally {
      this.mounting = false;
    }
  }
}
