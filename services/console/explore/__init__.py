"""`sansha explore`: a fiscal year under other terms, once for each combination, compared.

`variations` says what is varied, `years` plays one combination in a sandbox, `measures` reads the figures off its
books, `comparing` spreads the combinations over processes, `page` draws them.
"""
