"""The panel, the button on cells and the save guard's reports, as they are installed."""
