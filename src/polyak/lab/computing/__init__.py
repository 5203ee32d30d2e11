"""From a state to the numbers of each panel: what is computed is the API's, and nothing here knows of a page."""
