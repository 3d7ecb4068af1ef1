// The key that stands for secrets, in JupyterLab's own colours.

import { LabIcon } from "@jupyterlab/ui-components";

const KEY =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M7.5 7a5 5 0 1 0 4.6 7H15v2.6h3V14h3v-3.6h-8.9A5 5 0 0 0 7.500 7zm0 3.300a1.900 1.900 0 1 1 0 3.800 1.900 1.900 0 0 1 0-3.800z"/></svg>';

export const icon = new LabIcon({ name: "modal-secrets:key", svgstr: KEY });
