"""Stub."""
def opened(state, framework, one=False):
    return state if one else [state]
