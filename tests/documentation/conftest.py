"""The site is looked at in the browser of the other tests."""

from ..browser.conftest import browser

__all__ = ["browser"]
