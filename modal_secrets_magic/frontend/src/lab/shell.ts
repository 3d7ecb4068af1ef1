// The panel's place in the sidebar; what it shows is fetched when it is shown first.

import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { icon } from "./icon";
import type { Host } from "./panel";

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
