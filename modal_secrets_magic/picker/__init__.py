"""The widget face: choose, search, bind, create and see secrets in any notebook front end.

The kernel's half. What it shows is made in `frontend/` and built into `picker.js` beside this.
"""
