// The widget of anywidget: one store for a picker in the kernel, and a view wherever it is shown.

import type { AnyModel } from "@anywidget/types";
import { createElement, render as draw } from "preact";
import { notebookOf } from "./notebook";
import type { FromKernel } from "./protocol";
import { Store, type Transport } from "./store";
import style from "./style.css";
import { Picker } from "./view/Picker";

function transportOf(model: AnyModel): Transport {
  return {
    send: (message) => model.send(message),
    listen: (receive) => model.on("msg:custom", (message) => receive(message as FromKernel)),
  };
}

/** Made anew for every picker in the kernel. */
export default function picker() {
  let store: Store | undefined;

  function opened(model: AnyModel): Store {
    if (!store) {
      store = new Store(transportOf(model));
      void store.ask("open", {}).catch((error) => store?.fail(error));
    }
    return store;
  }

  return {
    initialize({ model }: { model: AnyModel }): void {
      opened(model);
    },
    render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
      const sheet = document.createElement("style");
      sheet.textContent = style;
      const root = document.createElement("div");
      el.append(sheet, root);
      const saved = (model.get("bindings") ?? {}) as Record<string, string[]>;
      const notebook = notebookOf(model.widget_manager);
      draw(createElement(Picker, { store: opened(model), notebook, saved }), root);
      return () => draw(null, root);
    },
  };
}
