"""`sansha explore`: plays a fiscal year for each combination of terms, and compares the outcomes.

`variations` reads the settings to vary, `years` plays one combination in a sandbox, `measures` takes the figures from
its books, `comparing` spreads the combinations over processes, `page` draws them.
"""
