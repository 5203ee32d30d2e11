"""What the page shows: each panel a file, its widgets and figures Bokeh's own."""
