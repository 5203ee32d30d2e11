"""What the page shows: each panel a file, its widgets and figures Bokeh's own. A file put here is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
