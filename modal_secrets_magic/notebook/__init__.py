"""The IPython face: magics parse and hand on, displays show; all state is in the session."""
