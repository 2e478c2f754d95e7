"""Tasks about misinformation: does a model state, repeat or write what is false?

`world` makes the facts of one seed, of an invented country or timeless; `reading` tells what a written answer states;
`suite` is what the suites share, each of which has a file and its words in YAML.
"""
