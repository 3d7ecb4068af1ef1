// Carries a store's messages to a kernel in which the extension is loaded (notebook/comms.py).

import type { Kernel } from "@jupyterlab/services";
import type { FromKernel, Problem } from "../protocol";
import { Failure, type Transport } from "../store";

const PRESENT = "modal_secrets_magic";
const PANEL = "modal_secrets_magic.panel";

/** Whether a kernel has the extension: it lists a comm of its name, and no code is run. */
export async function isLoaded(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const reply = await kernel.requestCommInfo({ target_name: PRESENT });
  return reply.content.status === "ok" && Object.keys(reply.content.comms).length > 0;
}

export const GONE: Problem = {
  error: "",
  what: "The notebook's kernel ended before it answered.",
  next: "Try again; what was typed is still here.",
};

/** Sends a first message with the opening, and others once the kernel has spoken: JupyterLab may
 * hand them to a thread of the kernel beside the one that opens, which drops what comes too early. */
export class CommTransport implements Transport {
  private comm: Kernel.IComm;
  private receive: (message: FromKernel) => void = () => undefined;
  private opening = false;
  private early: object[] | null = [];

  /** `gone` is called when the kernel's side has ended. */
  constructor(kernel: Kernel.IKernelConnection, gone: () => void) {
    this.comm = kernel.createComm(PANEL);
    this.comm.onMsg = (message) => {
      const [early, heard] = [this.early ?? [], message.content.data as unknown as FromKernel];
      this.early = null;
      for (const each of early) this.sendNow(each);
      this.receive(heard);
    };
    this.comm.onClose = gone;
    this.comm.open({});
  }

  listen(receive: (message: FromKernel) => void): void {
    this.receive = receive;
  }

  send(message: object): void {
    if (this.early && this.opening) this.early.push(message);
    else this.sendNow(message);
    this.opening = true;
  }

  private sendNow(message: object): void {
    try {
      this.comm.send(message as never);
    } catch {
      throw new Failure(GONE);
    }
  }

  close(): void {
    if (this.comm.isDisposed) return;
    try {
      this.comm.onClose = () => undefined;
      this.comm.close();
    } catch {
      // The kernel is gone, and its side of it too.
    }
  }
}
