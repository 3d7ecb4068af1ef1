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

export class CommTransport implements Transport {
  private comm: Kernel.IComm;
  private receive: (message: FromKernel) => void = () => undefined;

  /** `gone` is called when the kernel's side has ended. */
  constructor(kernel: Kernel.IKernelConnection, gone: () => void) {
    this.comm = kernel.createComm(PANEL);
    this.comm.onMsg = (message) => this.receive(message.content.data as unknown as FromKernel);
    this.comm.onClose = gone;
    this.comm.open({});
  }

  listen(receive: (message: FromKernel) => void): void {
    this.receive = receive;
  }

  send(message: object): void {
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
