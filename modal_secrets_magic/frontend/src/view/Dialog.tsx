// A modal dialog of the browser's own: it keeps the focus inside, and gives it back in the end.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  children: ComponentChildren;
  close(): void;
  /** Asked before Escape closes it; false keeps it open. */
  mayClose?(): boolean;
}

export function Dialog({ title, children, close, mayClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const root = dialog.current!.getRootNode() as Document | ShadowRoot;
    const opener = root.activeElement as HTMLElement | null;
    dialog.current!.showModal();
    return () => {
      // What opened it may be gone by now, with the secret that was deleted.
      const back = opener?.isConnected ? opener : root.querySelector<HTMLElement>(".mss-search");
      requestAnimationFrame(() => back?.focus());
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        if (!mayClose || mayClose()) close();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}
